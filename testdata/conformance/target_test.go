// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// target is a test of one repository, which the program publishes to through a proxy. The test itself talks to the
// registry directly.
type target struct {
	*testing.T

	server server
	proxy  *proxy
	repo   name.Repository // past the proxy
}

// newTarget returns a new repository of a registry.
func newTarget(t *testing.T, s server, registry, repo string) target {
	t.Helper()
	direct, err := name.NewRepository(registry + "/" + repo)
	if err != nil {
		t.Fatal(err)
	}
	return target{T: t, server: s, proxy: newProxy(t, registry, repo), repo: direct}
}

// as returns the target for a subtest.
func (at target) as(t *testing.T) target {
	t.Helper()
	at.T = t
	return at
}

// image is the repository as the program is told it.
func (at target) image() string { return at.proxy.addr + "/" + at.proxy.repo }

// command returns a release into the target.
func (at target) command(args ...string) command {
	c := command{args: append([]string{"release", "--images=" + at.image()}, args...)}
	if login := at.server.login; login.Username != "" {
		c.env = []string{"POLYTAG_USERNAME=" + login.Username, "POLYTAG_PASSWORD=" + login.Password}
	}
	return c
}

// release runs a release into the target and checks that its result is true.
func (at target) release(args ...string) outcome {
	at.Helper()
	return at.wait(at.command(args...).start(at.T))
}

// wait waits for the end of a release and checks that its result is true, and that it deleted nothing that was not its own.
func (at target) wait(p *process) outcome {
	at.Helper()
	out := p.wait(at.T)
	at.wantTruth(out)
	at.wantOnlyDummiesDeleted()
	return out
}

// push uploads manifests under their tags and proves that the registry has them byte for byte.
func (at target) push(f fixture) {
	at.Helper()
	all := map[name.Reference]remote.Taggable{}
	for tag, m := range f {
		all[at.repo.Tag(tag)] = m.content
	}
	if err := remote.MultiWrite(all, at.options()...); err != nil {
		at.Fatal(err)
	}
	for tag, m := range f {
		want, err := m.content.RawManifest()
		if err != nil {
			at.Fatal(err)
		}
		if got := at.get(at.repo.Tag(tag)); !bytes.Equal(got.Manifest, want) {
			at.Fatalf("%s in the registry = %s, want %s", tag, got.Manifest, want)
		}
	}
}

// fixture reads testdata/fixtures/LAYOUT.
func (at target) fixture(layout string) fixture {
	at.Helper()
	return loadFixture(at.T, layout)
}

// pushByDigest uploads manifests without any tag.
func (at target) pushByDigest(f fixture) {
	at.Helper()
	all := map[name.Reference]remote.Taggable{}
	for _, m := range f {
		all[at.repo.Digest(m.digest)] = m.content
	}
	if err := remote.MultiWrite(all, at.options()...); err != nil {
		at.Fatal(err)
	}
}

// put puts a manifest, which the registry has already, under another tag, or under its digest.
func (at target) put(ref name.Reference, m manifest) {
	at.Helper()
	if err := remote.Put(ref, m.content, at.options()...); err != nil {
		at.Error(err)
	}
}

// get reads a manifest that must be there; its digest is that of its bytes.
func (at target) get(ref name.Reference) *remote.Descriptor {
	at.Helper()
	got, err := remote.Get(ref, at.options()...)
	if err != nil {
		at.Fatal(err)
	}
	return got
}

// digest returns the digest that a tag points at, or "" if there is no such tag.
func (at target) digest(tag string) string {
	at.Helper()
	return at.resolve(at.repo.Tag(tag))
}

// resolve returns the digest of a manifest, or "" if there is none.
func (at target) resolve(ref name.Reference) string {
	at.Helper()
	got, err := remote.Get(ref, at.options()...)
	if answer, ok := errors.AsType[*transport.Error](err); ok && answer.StatusCode == http.StatusNotFound {
		return ""
	}
	if err != nil {
		at.Fatal(err)
	}
	return got.Digest.String()
}

// remove deletes source tags: by tag where the registry can, else by the digest of what they point at.
func (at target) remove(f fixture) {
	at.Helper()
	for tag, m := range f {
		var ref name.Reference = at.repo.Tag(tag)
		if !at.server.deletesTags {
			ref = at.repo.Digest(m.digest)
		}
		if err := remote.Delete(ref, at.options()...); err != nil {
			at.Fatal(err)
		}
		if got := at.digest(tag); got != "" {
			at.Fatalf("%s = %s after its removal", tag, got)
		}
	}
}

// index reads the index that a tag points at.
func (at target) index(tag string) *v1.IndexManifest {
	at.Helper()
	got := at.get(at.repo.Tag(tag))
	if !got.MediaType.IsIndex() {
		at.Fatalf("media type of %s = %s, want an index", tag, got.MediaType)
	}
	list, err := v1.ParseIndexManifest(bytes.NewReader(got.Manifest))
	if err != nil {
		at.Fatal(err)
	}
	if list.MediaType != got.MediaType {
		at.Errorf("media type of %s = %q in the manifest, %q in the header", tag, list.MediaType, got.MediaType)
	}
	return list
}

// hexOf returns a digest without its algorithm.
func hexOf(digest string) string { return strings.TrimPrefix(digest, "sha256:") }

// join makes the value of a list input.
func join(values ...string) string { return strings.Join(values, ",") }

// options are how the test itself talks to the registry.
func (at target) options() []remote.Option {
	options := []remote.Option{remote.WithContext(at.Context())}
	if login := at.server.login; login.Username != "" {
		options = append(options, remote.WithAuth(&login))
	}
	return options
}
