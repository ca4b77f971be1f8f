// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// registry is a running server.
type registry struct {
	server
	addr string // host:port
}

// start starts servers, each of which serves all repositories of a test.
func start(t *testing.T, all []server) []registry {
	t.Helper()
	var out []registry
	for _, s := range all {
		out = append(out, registry{server: s, addr: s.start(t)})
	}
	return out
}

// place is a repository that the program reads from or copies to, through a tap. The test itself talks to the registry
// directly.
type place struct {
	target
	tap *tap
}

// newPlace returns a repository of a registry, behind a tap of its own.
func newPlace(t *testing.T, j *journal, r registry, repo string) place {
	t.Helper()
	direct, err := name.NewRepository(r.addr + "/" + repo)
	if err != nil {
		t.Fatal(err)
	}
	return place{target: target{T: t, server: r.server, repo: direct}, tap: newTap(t, j, r.addr)}
}

// beside returns another repository of the same registry.
func (at place) beside(repo string) place {
	at.repo = at.repo.Repo(repo)
	return at
}

// image is the repository as the program is told it.
func (at place) image() string { return at.tap.addr + "/" + at.repo.RepositoryStr() }

// releaseTo releases to places and checks that it ends with an exit status.
func releaseTo(t *testing.T, exit int, targets []place, args ...string) outcome {
	t.Helper()
	c := command{args: []string{"release"}}
	for _, to := range targets {
		c.args = append(c.args, "--images="+to.image())
	}
	c.args = append(c.args, args...)
	out := c.start(t).wait(t)
	if out.exit != exit {
		t.Fatalf("exit status = %d, want %d\n%s", out.exit, exit, out.output)
	}
	return out
}

// wantOnlyTags checks that there are these tags and no others, all at one digest.
func (at place) wantOnlyTags(digest string, tags ...string) {
	at.Helper()
	if diff := cmp.Diff(allAt(digest, tags...), at.tags()); diff != "" {
		at.Errorf("%s: tags (-want +got):\n%s", at.server.name, diff)
	}
}

// wantNoTags checks that there is no tag; the repository need not exist.
func (at place) wantNoTags(tags ...string) {
	at.Helper()
	for _, tag := range tags {
		if got := at.digest(tag); got != "" {
			at.Errorf("%s: %s is at %s, want no such tag", at.server.name, tag, got)
		}
	}
}

// blobs reads a manifest, all that it lists, and every blob, which is verified. It returns the digests of the blobs.
func (at place) blobs(digest string) []string {
	at.Helper()
	found := map[string]bool{}
	at.walk(digest, found)
	return slices.Sorted(maps.Keys(found))
}

func (at place) walk(digest string, found map[string]bool) {
	at.Helper()
	m := at.get(at.repo.Digest(digest))
	if m.MediaType.IsIndex() {
		list, err := v1.ParseIndexManifest(bytes.NewReader(m.Manifest))
		if err != nil {
			at.Fatal(err)
		}
		for _, d := range list.Manifests {
			at.walk(d.Digest.String(), found)
		}
		return
	}
	image, err := v1.ParseManifest(bytes.NewReader(m.Manifest))
	if err != nil {
		at.Fatal(err)
	}
	for _, d := range append(image.Layers, image.Config) {
		if d.MediaType.IsDistributable() && !found[d.Digest.String()] {
			at.readBlob(d)
			found[d.Digest.String()] = true
		}
	}
}

// readBlob reads a blob to its end, by which its digest is verified.
func (at place) readBlob(d v1.Descriptor) {
	at.Helper()
	layer, err := remote.Layer(at.repo.Digest(d.Digest.String()), at.options()...)
	if err != nil {
		at.Fatal(err)
	}
	content, err := layer.Compressed()
	if err != nil {
		at.Fatalf("%s: blob %s: %v", at.server.name, d.Digest, err)
	}
	defer content.Close()
	if n, err := io.Copy(io.Discard, content); err != nil || n != d.Size {
		at.Errorf("%s: blob %s: %d bytes, %v, want %d", at.server.name, d.Digest, n, err, d.Size)
	}
}
