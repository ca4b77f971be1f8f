// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image returns a small OCI image of one layer, whose config has the platform as it is written ("linux/arm/v6",
// "windows/amd64:10.0.17763.6054"). The same seed and platform always give the same bytes.
func Image(tb testing.TB, seed, platform string) v1.Image {
	tb.Helper()
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		tb.Fatalf("Image: %v", err)
	}
	content := tarOf(tb, "hello.txt", fmt.Sprintf("%s %s\n", seed, platform))
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		// What gzip makes of it may change with the version of Go, and digests stand in golden files.
		tarball.WithCompressionLevel(gzip.NoCompression), tarball.WithMediaType(types.OCILayer))
	if err != nil {
		tb.Fatalf("Image: %v", err)
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		OS: p.OS, Architecture: p.Architecture, Variant: p.Variant, OSVersion: p.OSVersion,
		RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		tb.Fatalf("Image: %v", err)
	}
	img, err = mutate.AppendLayers(img, layer)
	if err != nil {
		tb.Fatalf("Image: %v", err)
	}
	return img
}

func tarOf(tb testing.TB, name, content string) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
		tb.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}
