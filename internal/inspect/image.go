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

// image reads an image that an index lists.
func (r *reader) image(ctx context.Context, image *Image, entry v1.Descriptor) error {
	m, err := r.manifest(ctx, entry)
	if err != nil {
		return err
	}
	parsed, err := parseManifest(m)
	if err != nil {
		return err
	}
	return r.complete(ctx, image, parsed, platform.FromOCI(entry.Platform))
}

// complete fills in the layers, and the platform that was declared. Where that is none, as for a single image and what some
// tools list, the image's config says it.
func (r *reader) complete(ctx context.Context, image *Image, m manifest, declared platform.Spec) error {
	for _, layer := range m.Layers {
		if layer.Size < 0 || image.LayersSize > math.MaxInt64-layer.Size {
			return fmt.Errorf("reading %s: a layer has the size %d", image.Digest, layer.Size)
		}
		image.Layers++
		image.LayersSize += layer.Size
	}
	if (declared.OS == "" || declared.Arch == "") && m.Config.MediaType.IsConfig() {
		raw, err := r.repo.Blob(ctx, m.Config)
		if err != nil {
			return fmt.Errorf("reading the config of %s: %w", image.Digest, err)
		}
		config, err := index.ParseConfig(raw)
		if err != nil {
			return fmt.Errorf("reading the config of %s: %w", image.Digest, err)
		}
		declared = platform.FromOCI(&config.Platform)
	}
	image.Platform = declared.String()
	return nil
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
