// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/layout"
	"github.com/polytag/polytag/internal/release"
)

const fixtures = "../../testdata/fixtures"

// forms are the ways in which a folder is handed over.
var forms = map[string]func(t *testing.T, dir string) string{"folder": asFolder, "tar": asTar, "tar .": asTarOfDot, "tar.gz": asGzip}

func asFolder(_ *testing.T, dir string) string { return dir }

func asTar(t *testing.T, dir string) string {
	t.Helper()
	return save(t, tarOf(t, members(t, dir, "")...))
}

func asTarOfDot(t *testing.T, dir string) string {
	t.Helper()
	return save(t, tarOf(t, members(t, dir, "./")...))
}

func asGzip(t *testing.T, dir string) string {
	t.Helper()
	return save(t, gzipped(t, tarOf(t, members(t, dir, "")...)))
}

func gzipped(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every name of what BuildKit made, and all that hangs on it, is read as the folder holds it.
func TestFixtures(t *testing.T) {
	t.Parallel()
	for fixture, want := range map[string]int{"attested": 7, "docker": 7, "multi": 1, "oci": 7, "windows": 2} {
		for form, of := range forms {
			t.Run(fixture+" "+form, func(t *testing.T) {
				t.Parallel()
				dir := filepath.Join(fixtures, fixture)
				l := mustOpen(t, of(t, dir))
				if got := l.Names(); len(got) != want {
					t.Errorf("Names() = %q, want %d", got, want)
				}
				var group errgroup.Group
				for _, name := range l.Names() {
					group.Go(func() error { return walk(t.Context(), l, dir, name) })
				}
				if err := group.Wait(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// walk compares a manifest and its blobs with the files of a folder.
func walk(ctx context.Context, l *layout.Layout, dir, ref string) error {
	m, err := l.Manifest(ctx, ref)
	if err != nil {
		return err
	}
	if err := same(dir, m.Digest, m.Raw); err != nil {
		return err
	}
	if index.IsIndex(m.MediaType) {
		contents, err := index.Parse(m.Raw)
		if err != nil {
			return err
		}
		var errs []error
		for _, child := range contents.Children {
			for _, desc := range append(child.Attestations, child.Descriptor) {
				errs = append(errs, walk(ctx, l, dir, desc.Digest.String()))
			}
		}
		return errors.Join(errs...)
	}
	var image v1.Manifest
	if err := json.Unmarshal(m.Raw, &image); err != nil {
		return err
	}
	config, err := l.Blob(ctx, image.Config)
	if err != nil {
		return err
	}
	errs := []error{same(dir, image.Config.Digest, config)}
	for _, layer := range image.Layers {
		r, err := l.Open(ctx, layer)
		if err != nil {
			return err
		}
		raw, err := io.ReadAll(r)
		errs = append(errs, err, r.Close(), same(dir, layer.Digest, raw))
	}
	return errors.Join(errs...)
}

func same(dir string, digest v1.Hash, got []byte) error {
	want, err := os.ReadFile(filepath.Join(dir, "blobs", digest.Algorithm, digest.Hex))
	if err == nil && !bytes.Equal(want, got) {
		err = errors.New(digest.String() + " is another in the layout")
	}
	return err
}

func TestNames(t *testing.T) {
	t.Parallel()
	b := build(t)
	image := b.image("a")
	b.list(image, refName, "1.2", imageName, "docker.io/acme/app:1.2").list(image, refName, "latest").list(b.image("b"))
	got := mustOpen(t, b.dir).Names()
	if diff := cmp.Diff([]string{"1.2", "docker.io/acme/app:1.2", "latest"}, got); diff != "" {
		t.Errorf("Names() (-want +got):\n%s", diff)
	}
}

// A layout outlives the root that it was opened in, and is not found outside it.
func TestOpenRoot(t *testing.T) {
	t.Parallel()
	b := build(t)
	b.list(b.image("a"), refName, "a")
	parent := filepath.Dir(b.dir)
	if err := os.WriteFile(filepath.Join(parent, "out.tar"), tarOf(t, members(t, b.dir, "")...), 0o644); err != nil {
		t.Fatal(err)
	}
	inner := filepath.Join(parent, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out", "out.tar"} {
		mustOpen(t, filepath.Join(parent, name))
		link := filepath.Join(inner, "link-"+name)
		if err := os.Symlink(filepath.Join("..", name), link); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, link); err == nil {
			t.Errorf("Open(%q) succeeded, want an error", link)
		}
	}
}

func TestOpenCancelled(t *testing.T) {
	t.Parallel()
	b := build(t)
	image := b.image("a")
	b.list(image, refName, "a")
	l := mustOpen(t, b.dir)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	_, manifest := l.Manifest(ctx, "a")
	_, blob := l.Blob(ctx, image)
	_, stream := l.Open(ctx, image)
	_, referrers := l.Referrers(ctx, image.Digest, nil)
	for call, got := range map[string]error{"Manifest": manifest, "Blob": blob, "Open": stream, "Referrers": referrers} {
		if !errors.Is(got, cause) {
			t.Errorf("%s after the context's end: %v, want %v", call, got, cause)
		}
	}
	raw := tarOf(t, members(t, b.dir, "")...)
	for _, file := range [][]byte{raw, gzipped(t, raw)} {
		path := save(t, file)
		root, err := os.OpenRoot(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		if _, err := layout.Open(ctx, root, filepath.Base(path)); !errors.Is(err, cause) {
			t.Errorf("Open after the context's end: %v, want %v", err, cause)
		}
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	b := build(t)
	b.list(b.image("a"), refName, "a")
	l := mustOpen(t, b.dir)
	absent := v1.Descriptor{Digest: digestOf([]byte("absent")), Size: 6}
	_, tag := l.Manifest(t.Context(), "b")
	_, digest := l.Manifest(t.Context(), absent.Digest.String())
	_, blob := l.Blob(t.Context(), absent)
	_, stream := l.Open(t.Context(), absent)
	for call, got := range map[string]error{"tag": tag, "digest": digest, "Blob": blob, "Open": stream} {
		if !errors.Is(got, release.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", call, got)
		}
	}
	if got, want := tag.Error(), `looking for "b": not found; the layout has the names a`; got != want {
		t.Errorf("error = %q, want %q", got, want)
	}
}
