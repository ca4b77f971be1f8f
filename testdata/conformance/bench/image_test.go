// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"compress/gzip"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// shape says what an image for several platforms consists of.
type shape struct {
	images, layers int
	layer          int64 // bytes of each layer
}

func (s shape) bytes() int64 { return int64(s.images*s.layers) * s.layer }

// architectures are as many as any benchmark needs.
var architectures = []string{
	"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "sparc64",
}

// push makes the image of a shape, the same for every run, and pushes it.
func push(tb testing.TB, s shape, to name.Tag) {
	tb.Helper()
	index := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	for i := range s.images {
		image := empty.Image // of Docker's media types: older skopeos rewrite an OCI index
		config, err := image.ConfigFile()
		if err != nil {
			tb.Fatal(err)
		}
		config.OS, config.Architecture = "linux", architectures[i]
		image, err = mutate.ConfigFile(image, config)
		if err != nil {
			tb.Fatal(err)
		}
		for j := range s.layers {
			image, err = mutate.AppendLayers(image, newLayer(tb, uint64(i*s.layers+j), s.layer))
			if err != nil {
				tb.Fatal(err)
			}
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architectures[i]}},
		})
	}
	if err := remote.WriteIndex(to, index, remote.WithContext(tb.Context())); err != nil {
		tb.Fatal(err)
	}
}

// mountBlobs gives a repository all blobs of an image for several platforms that another one of the registry has, and no manifest.
func mountBlobs(tb testing.TB, from name.Tag, to name.Repository) {
	tb.Helper()
	index, err := remote.Index(from, remote.WithContext(tb.Context()))
	if err != nil {
		tb.Fatal(err)
	}
	images, err := partial.FindImages(index, func(v1.Descriptor) bool { return true })
	if err != nil {
		tb.Fatal(err)
	}
	for _, image := range images {
		layers, err := image.Layers()
		if err != nil {
			tb.Fatal(err)
		}
		config, err := partial.ConfigLayer(image)
		if err != nil {
			tb.Fatal(err)
		}
		for _, layer := range append(layers, config) {
			if err := remote.WriteLayer(to, &remote.MountableLayer{Layer: layer, Reference: from}, remote.WithContext(tb.Context())); err != nil {
				tb.Fatal(err)
			}
		}
	}
}

// newLayer returns a layer of gzip, for skopeo would compress any other, with content that no compression makes smaller. It is made
// whenever it is read, and never held in memory.
func newLayer(tb testing.TB, seed uint64, size int64) v1.Layer {
	tb.Helper()
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(rand.NewChaCha8(key), size)), nil
	}, tarball.WithCompressionLevel(gzip.NoCompression))
	if err != nil {
		tb.Fatal(err)
	}
	return layer
}
