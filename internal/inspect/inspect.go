// SPDX-License-Identifier: Apache-2.0

// Package inspect reads what a reference leads to: an index with its images and their attestations, or a single image, and what
// refers to them. It also compares two references.
package inspect

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/release"
)

// Source is a reference, and where it is read.
type Source struct {
	// Name is the reference as it was given.
	Name string
	// Origin is the repository, or the OCI layout, that holds it.
	Origin release.Origin
	// Ref is its tag or digest there. Empty in a layout: what that is about.
	Ref string
}

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
	// Referrers refer to the index. Those of a single image are with the image.
	Referrers []Referrer
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
	Referrers    []Referrer
}

// Attestation is a manifest that holds statements about an image.
type Attestation struct {
	Digest v1.Hash
	// Kinds are the predicate types of its statements, such as https://slsa.dev/provenance/v1, each once.
	Kinds []string
}

// Manifest reads the manifest of a source, whatever kind it is of. It matches [release.ErrNotFound] if there is none.
func Manifest(ctx context.Context, s Source) (release.Manifest, error) {
	m, err := s.Origin.Manifest(ctx, s.Ref)
	if err != nil {
		return m, fmt.Errorf("reading %s: %w", s.Name, err)
	}
	return m, nil
}

// Read reads a source, and every manifest that it leads to, at most 1000, and what refers to the index and its images, side by
// side. It matches [release.ErrNotFound] if any manifest of it is not there; that nothing refers to it is no error. Beside an
// error the Inspection holds what was read of the reference itself, which may be nothing.
func Read(ctx context.Context, s Source) (Inspection, error) {
	found := Inspection{Reference: s.Name}
	m, err := Manifest(ctx, s)
	if err != nil {
		return found, err
	}
	found.Digest, found.MediaType, found.Size, found.Raw = m.Digest, m.MediaType, int64(len(m.Raw)), m.Raw
	r := reader{origin: s.Origin}
	list, err := r.list(ctx, m)
	if err != nil {
		return found, fmt.Errorf("reading %s: %w", s.Name, err)
	}
	found.Annotations = list.annotations
	var images []Image
	var referrers map[v1.Hash][]Referrer
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		images, err = r.images(ctx, list)
		return err
	})
	group.Go(func() (err error) {
		referrers, err = r.referrers(ctx, list)
		return err
	})
	if err := group.Wait(); err != nil {
		return found, fmt.Errorf("reading %s: %w", s.Name, err)
	}
	for i := range images {
		images[i].Referrers = referrers[images[i].Digest]
	}
	if index.IsIndex(m.MediaType) {
		found.Referrers = referrers[m.Digest]
	}
	found.Images, found.Other = images, list.other
	return found, nil
}
