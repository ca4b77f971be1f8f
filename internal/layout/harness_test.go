// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/layout"
)

const (
	refName   = "org.opencontainers.image.ref.name"
	imageName = "io.containerd.image.name"
)

func digestOf(raw []byte) v1.Hash {
	sum := sha256.Sum256(raw)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// open opens a layout by its path, and closes it in the end.
func open(t *testing.T, path string) (*layout.Layout, error) {
	t.Helper()
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	l, err := layout.Open(t.Context(), root, filepath.Base(path))
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing %s: %v", path, err)
		}
	})
	return l, nil
}

func mustOpen(t *testing.T, path string) *layout.Layout {
	t.Helper()
	l, err := open(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// builder writes a layout.
type builder struct {
	t       *testing.T
	dir     string
	entries []v1.Descriptor
}

func build(t *testing.T) *builder {
	t.Helper()
	b := &builder{t: t, dir: filepath.Join(t.TempDir(), "out")}
	b.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	b.index()
	return b
}

func (b *builder) file(name string, raw []byte) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *builder) blob(raw []byte) v1.Descriptor {
	b.t.Helper()
	digest := digestOf(raw)
	b.file("blobs/sha256/"+digest.Hex, raw)
	return v1.Descriptor{Digest: digest, Size: int64(len(raw))}
}

// manifest writes a document as a blob. Its media type is that of the document.
func (b *builder) manifest(doc map[string]any) v1.Descriptor {
	b.t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		b.t.Fatal(err)
	}
	desc := b.blob(raw)
	desc.MediaType, _ = doc["mediaType"].(types.MediaType)
	return desc
}

// image writes a manifest that differs from others by its title.
func (b *builder) image(title string) v1.Descriptor {
	b.t.Helper()
	return b.manifest(imageDoc(title))
}

func imageDoc(title string) map[string]any {
	return map[string]any{
		"schemaVersion": 2, "mediaType": types.OCIManifestSchema1,
		"config":      v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: digestOf([]byte("{}")), Size: 2},
		"layers":      []v1.Descriptor{},
		"annotations": map[string]string{"title": title},
	}
}

func (b *builder) indexOf(children ...v1.Descriptor) v1.Descriptor {
	b.t.Helper()
	return b.manifest(map[string]any{"schemaVersion": 2, "mediaType": types.OCIImageIndex, "manifests": children})
}

// list adds entries to index.json, each under the names that follow it in the annotations.
func (b *builder) list(desc v1.Descriptor, annotations ...string) *builder {
	b.t.Helper()
	for i := 0; i+1 < len(annotations); i += 2 {
		if desc.Annotations == nil {
			desc.Annotations = map[string]string{}
		}
		desc.Annotations[annotations[i]] = annotations[i+1]
	}
	b.entries = append(b.entries, desc)
	b.index()
	return b
}

func (b *builder) index() {
	b.t.Helper()
	entries := b.entries
	if entries == nil {
		entries = []v1.Descriptor{}
	}
	raw, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": types.OCIImageIndex, "manifests": entries})
	if err != nil {
		b.t.Fatal(err)
	}
	b.file("index.json", raw)
}

// member is a file of a tar.
type member struct {
	name string
	raw  []byte
	kind byte
	link string
	pax  map[string]string
}

// members are the files of a folder, under a prefix.
func members(t *testing.T, dir, prefix string) []member {
	t.Helper()
	var out []member
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			out = append(out, member{name: prefix + filepath.ToSlash(name) + "/", kind: tar.TypeDir})
			return nil
		}
		raw, err := os.ReadFile(path)
		out = append(out, member{name: prefix + filepath.ToSlash(name), raw: raw})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tarOf(t *testing.T, files ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.raw)), Typeflag: f.kind, Linkname: f.link, PAXRecords: f.pax}
		if header.Typeflag == 0 {
			header.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func save(t *testing.T, raw []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.tar")
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
