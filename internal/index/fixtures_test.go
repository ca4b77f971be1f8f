// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
)

// layout is a folder of testdata/fixtures, made by the real BuildKit.
type layout string

func (l layout) blob(tb testing.TB, digest v1.Hash) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("../../testdata/fixtures", string(l), "blobs", digest.Algorithm, digest.Hex))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// tags gives what each tag of the layout points at.
func (l layout) tags(tb testing.TB) map[string]v1.Descriptor {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("../../testdata/fixtures", string(l), "index.json"))
	if err != nil {
		tb.Fatal(err)
	}
	contents, err := index.Parse(raw)
	if err != nil {
		tb.Fatal(err)
	}
	var all []v1.Descriptor
	for _, c := range contents.Children {
		all = append(all, c.Descriptor)
	}
	tags := make(map[string]v1.Descriptor)
	for _, d := range append(all, contents.Nested...) {
		if name, ok := d.Annotations["org.opencontainers.image.ref.name"]; ok {
			d.Annotations = nil // it is the layout's, not the image's
			tags[name] = d
		}
	}
	if len(tags) == 0 {
		tb.Fatalf("%s has no tags", l)
	}
	return tags
}

// children gives the images behind all tags, as a release reads them: indexes flattened, platforms from the configs.
func (l layout) children(t *testing.T) []index.Child {
	t.Helper()
	var children []index.Child
	for _, d := range l.tags(t) {
		if !index.IsIndex(d.MediaType) {
			children = append(children, index.Child{Descriptor: l.withPlatform(t, d)})
			continue
		}
		contents, err := index.Parse(l.blob(t, d.Digest))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range contents.Children {
			c.Descriptor = l.withPlatform(t, c.Descriptor)
			children = append(children, c)
		}
	}
	return children
}

func (l layout) withPlatform(t *testing.T, d v1.Descriptor) v1.Descriptor {
	t.Helper()
	var manifest v1.Manifest
	if err := json.Unmarshal(l.blob(t, d.Digest), &manifest); err != nil {
		t.Fatal(err)
	}
	config, err := index.ParseConfig(l.blob(t, manifest.Config.Digest))
	if err != nil {
		t.Fatal(err)
	}
	d.Platform = &config.Platform
	return d
}

// platforms gives those of an index's images, in order.
func platforms(x index.Index) string {
	var all []string
	for _, c := range x.Children {
		all = append(all, platform.FromOCI(c.Descriptor.Platform).String())
	}
	return strings.Join(all, " ")
}
