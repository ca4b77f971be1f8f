// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

const (
	// maxManifests bounds what one reference may lead to. Real indexes have tens.
	maxManifests = 1000
	// maxDepth bounds indexes within indexes, which are legal and rare.
	maxDepth = 4
	// parallel is how many manifests are read side by side.
	parallel = 8
)

// reader reads what one reference leads to.
type reader struct {
	repo release.Reader

	// What the indexes list, nested ones included.
	children []index.Child
	other    []v1.Descriptor
	listed   int
}

// index reads the images of an index and of those that are nested in it.
func (r *reader) index(ctx context.Context, m release.Manifest, found *Inspection) error {
	contents, err := index.Parse(m.Raw)
	if err != nil {
		return err
	}
	found.Annotations = contents.Annotations
	if err := r.collect(ctx, contents, 1); err != nil {
		return err
	}
	images, err := r.images(ctx)
	if err != nil {
		return err
	}
	found.Images, found.Other = images, r.other
	return nil
}

// single reads an image that no index lists.
func (r *reader) single(ctx context.Context, m release.Manifest, found *Inspection) error {
	image := Image{Digest: m.Digest, Size: int64(len(m.Raw))}
	parsed, err := parseManifest(m)
	if err != nil {
		return err
	}
	found.Annotations = parsed.Annotations
	if err := r.complete(ctx, &image, parsed, platform.Spec{}); err != nil {
		return err
	}
	found.Images = []Image{image}
	return nil
}

// collect gathers what an index lists. Nested indexes are read one after the other, so that the bound holds for all of them.
func (r *reader) collect(ctx context.Context, contents index.Contents, depth int) error {
	r.listed += len(contents.Children) + len(contents.Nested)
	for _, c := range contents.Children {
		r.listed += len(c.Attestations)
	}
	if r.listed > maxManifests {
		return fmt.Errorf("it leads to more than %d manifests", maxManifests)
	}
	r.children = append(r.children, contents.Children...)
	r.other = append(r.other, contents.Other...)
	for _, entry := range contents.Nested {
		if depth == maxDepth {
			return fmt.Errorf("indexes are nested more than %d deep", maxDepth)
		}
		m, err := r.manifest(ctx, entry)
		if err != nil {
			return err
		}
		nested, err := index.Parse(m.Raw)
		if err != nil {
			return fmt.Errorf("reading %s: %w", entry.Digest, err)
		}
		if err := r.collect(ctx, nested, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// images reads what was collected.
func (r *reader) images(ctx context.Context) ([]Image, error) {
	images := make([]Image, len(r.children))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, child := range r.children {
		entry, image := child.Descriptor, &images[i]
		*image = Image{Digest: entry.Digest, Size: entry.Size, Attestations: make([]Attestation, len(child.Attestations))}
		group.Go(func() error { return r.image(ctx, image, entry) })
		for j, a := range child.Attestations {
			group.Go(func() error {
				kinds, err := r.kinds(ctx, a)
				image.Attestations[j] = Attestation{Digest: a.Digest, Kinds: kinds}
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return images, nil
}

// manifest reads an entry of an index.
func (r *reader) manifest(ctx context.Context, entry v1.Descriptor) (release.Manifest, error) {
	m, err := r.repo.Manifest(ctx, entry.Digest.String())
	if err != nil {
		return m, fmt.Errorf("reading %s, which the index lists: %w", entry.Digest, err)
	}
	if size := int64(len(m.Raw)); size != entry.Size {
		return m, fmt.Errorf("reading %s: its size is %d, the index says %d", entry.Digest, size, entry.Size)
	}
	return m, nil
}
