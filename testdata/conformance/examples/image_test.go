// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image is what BuildKit pushes for platforms: an index, of one image for each. It writes arm64 without a variant.
func image(platforms []string) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, text := range platforms {
		platform, err := v1.ParsePlatform(strings.TrimSuffix(text, "/v8"))
		if err != nil {
			return nil, err
		}
		child, err := mutate.AppendLayers(
			mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON),
			static.NewLayer([]byte("a layer for "+text), types.OCIUncompressedLayer))
		if err != nil {
			return nil, err
		}
		config, err := child.ConfigFile()
		if err != nil {
			return nil, err
		}
		config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
		if child, err = mutate.ConfigFile(child, config); err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: child, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return index, nil
}
