// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

// predicateType is how BuildKit says what kind of statement a layer of an attestation holds.
// https://github.com/moby/buildkit/blob/v0.25.0/docs/attestations/attestation-storage.md#attestation-manifest-descriptor
const predicateType = "in-toto.io/predicate-type"

// manifest is what is read of an image's manifest, or an attestation's, which has the same form.
type manifest struct {
	Config      v1.Descriptor     `json:"config"`
	Layers      []v1.Descriptor   `json:"layers"`
	Annotations map[string]string `json:"annotations"`
}

func parseManifest(m release.Manifest) (manifest, error) {
	var parsed manifest
	if err := json.Unmarshal(m.Raw, &parsed); err != nil {
		return parsed, fmt.Errorf("parsing manifest %s: %w", m.Digest, err)
	}
	return parsed, nil
}

// addLayers counts the layers.
func (i *Image) addLayers(m manifest) error {
	for _, layer := range m.Layers {
		if layer.Size < 0 || i.LayersSize > math.MaxInt64-layer.Size {
			return fmt.Errorf("reading %s: a layer has the size %d", i.Digest, layer.Size)
		}
		i.Layers++
		i.LayersSize += layer.Size
	}
	return nil
}

// platform is what the index says that the image is for. Where that is nothing, as for a single image, the image's config says
// it, if it has one.
func (r *reader) platform(ctx context.Context, m manifest, entry v1.Descriptor) (platform.Spec, error) {
	if isDeclared(entry) || !m.Config.MediaType.IsConfig() {
		return platform.FromOCI(entry.Platform), nil
	}
	raw, err := r.origin.Blob(ctx, m.Config)
	if err != nil {
		return platform.Spec{}, fmt.Errorf("reading the config of %s: %w", entry.Digest, err)
	}
	config, err := index.ParseConfig(raw)
	if err != nil {
		return platform.Spec{}, fmt.Errorf("reading the config of %s: %w", entry.Digest, err)
	}
	return platform.FromOCI(&config.Platform), nil
}

// kinds reads which statements an attestation holds.
func (r *reader) kinds(ctx context.Context, entry v1.Descriptor) ([]string, error) {
	m, err := r.manifest(ctx, entry)
	if err != nil {
		return nil, err
	}
	parsed, err := parseManifest(m)
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, layer := range parsed.Layers {
		if kind := layer.Annotations[predicateType]; kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds, nil
}
