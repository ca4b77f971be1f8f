// SPDX-License-Identifier: Apache-2.0

// Package inspect reads what a reference leads to: an index with its images and their attestations, or a single image.
package inspect

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/release"
)

// Inspection is what was found behind a reference.
type Inspection struct {
	Reference   string // as it was given
	Digest      v1.Hash
	MediaType   types.MediaType
	Size        int64 // of the manifest, in bytes
	Annotations map[string]string
	// Images are in the order of the index, those of indexes within it last. A single image is the only one.
	Images []Image
	// Other are the entries that are neither images nor belong to one: artifacts, and attestations whose image is not listed.
	Other []v1.Descriptor
	// Raw is the manifest, byte for byte.
	Raw []byte
}

// Image is one image.
type Image struct {
	Platform     string // os/arch[/variant][:os.version]; empty if nothing says it, as for an artifact
	Digest       v1.Hash
	Size         int64 // of the manifest, in bytes
	Layers       int
	LayersSize   int64 // of all layers as they are stored, compressed, in bytes
	Attestations []Attestation
}

// Attestation is a manifest that holds statements about an image.
type Attestation struct {
	Digest v1.Hash
	// Kinds are the predicate types of its statements, such as https://slsa.dev/provenance/v1, each once.
	Kinds []string
}

// Read reads a reference of repo, and every manifest that it leads to, at most 1000, side by side. It matches
// [release.ErrNotFound] if any of them is not there. Beside an error the Inspection holds what was read of the reference
// itself, which may be nothing.
func Read(ctx context.Context, repo release.Reader, ref name.Reference) (Inspection, error) {
	found := Inspection{Reference: ref.String()}
	m, err := repo.Manifest(ctx, ref.Identifier())
	if err != nil {
		return found, fmt.Errorf("reading %s: %w", ref, err)
	}
	found.Digest, found.MediaType, found.Size, found.Raw = m.Digest, m.MediaType, int64(len(m.Raw)), m.Raw
	r := reader{repo: repo}
	switch {
	case index.IsIndex(m.MediaType):
		err = r.index(ctx, m, &found)
	case index.IsImage(m.MediaType):
		err = r.single(ctx, m, &found)
	default:
		err = fmt.Errorf("%s is neither an image nor an index", m.MediaType)
	}
	if err != nil {
		return found, fmt.Errorf("reading %s: %w", ref, err)
	}
	return found, nil
}
