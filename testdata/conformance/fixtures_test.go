// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// sevenPlatforms are the platforms of the layouts attested, docker and oci, in the order in which an index lists them.
// BuildKit writes arm64 without a variant; the tags say v8, and the program may say either.
func sevenPlatforms() []string {
	return []string{"linux/amd64", "linux/386", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "linux/ppc64le", "linux/s390x"}
}

// fixture is one of the layouts that BuildKit wrote: manifests by tag.
type fixture map[string]manifest

// manifest is an image or an index of a fixture.
type manifest struct {
	content remote.Taggable // a v1.Image or v1.ImageIndex
	digest  string
	images  []string // the digests of an index's entries, attestations too; an image's own
}

// loadFixture reads testdata/fixtures/NAME.
func loadFixture(t *testing.T, name string) fixture {
	t.Helper()
	index, err := layout.ImageIndexFromPath(filepath.Join("..", "fixtures", name))
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{}
	for _, d := range list.Manifests {
		tag := d.Annotations["org.opencontainers.image.ref.name"]
		if tag == "" {
			continue // a child of another
		}
		if f[tag], err = loadManifest(index, d); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func loadManifest(from v1.ImageIndex, d v1.Descriptor) (manifest, error) {
	digest := d.Digest.String()
	if !d.MediaType.IsIndex() {
		image, err := from.Image(d.Digest)
		return manifest{content: image, digest: digest, images: []string{digest}}, err
	}
	index, err := from.ImageIndex(d.Digest)
	if err != nil {
		return manifest{}, err
	}
	list, err := index.IndexManifest()
	if err != nil {
		return manifest{}, err
	}
	m := manifest{content: index, digest: digest}
	for _, entry := range list.Manifests {
		m.images = append(m.images, entry.Digest.String())
	}
	return m, nil
}

// images returns every image and attestation that the fixture's tags lead to, in no order.
func (f fixture) images() []string {
	var all []string
	for _, m := range f {
		all = append(all, m.images...)
	}
	return all
}

// only returns the fixture's manifests of some tags.
func (f fixture) only(tags ...string) fixture {
	some := fixture{}
	for _, tag := range tags {
		some[tag] = f[tag]
	}
	return some
}

// renamed returns the fixture with other tags.
func (f fixture) renamed(name func(tag string) string) fixture {
	out := fixture{}
	for tag, m := range f {
		out[name(tag)] = m
	}
	return out
}
