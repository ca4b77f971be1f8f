// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// registry is a registry on loopback that serves nobody without a login.
type registry struct {
	host, user, password string
}

// startRegistry starts a registry that lives as long as the test.
func startRegistry(t *testing.T, user, password string) *registry {
	t.Helper()
	host := local.Serve(t, local.WithPassword(authn.Basic{Username: user, Password: password}, local.Olareg(t)))
	return &registry{host: host, user: user, password: password}
}

// image is the repository that is published to.
func (r *registry) image() string { return r.host + "/group/app" }

func (r *registry) login() remote.Option {
	return remote.WithAuth(&authn.Basic{Username: r.user, Password: r.password})
}

func (r *registry) tag(t *testing.T, tag string) name.Tag {
	t.Helper()
	ref, err := name.NewTag(r.image() + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// push pushes an image for Linux on an architecture.
func (r *registry) push(t *testing.T, ref, arch string) {
	t.Helper()
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	oci := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(oci, &v1.ConfigFile{OS: "linux", Architecture: arch})
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, image, r.login()); err != nil {
		t.Fatal(err)
	}
}

// pushBuild pushes what two build jobs leave under the stem build.
func (r *registry) pushBuild(t *testing.T) {
	t.Helper()
	for _, arch := range []string{"amd64", "arm64"} {
		r.push(t, r.image()+":build-linux-"+arch, arch)
	}
}

// tags are the tags of the repository, in order.
func (r *registry) tags(t *testing.T) []string {
	t.Helper()
	tags, err := remote.List(r.tag(t, "any").Context(), r.login())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(tags)
	return tags
}

// index reads what a tag points at.
func (r *registry) index(t *testing.T, tag string) (digest string, manifest *v1.IndexManifest) {
	t.Helper()
	index, err := remote.Index(r.tag(t, tag), r.login())
	if err != nil {
		t.Fatal(err)
	}
	hash, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest, err = index.IndexManifest(); err != nil {
		t.Fatal(err)
	}
	return hash.String(), manifest
}
