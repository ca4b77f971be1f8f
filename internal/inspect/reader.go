// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

// parallel is how many manifests are read side by side.
const parallel = 8

// reader reads what references of one origin lead to.
type reader struct {
	origin release.Origin
}

// images reads what is listed, and which statements their attestations hold.
func (r *reader) images(ctx context.Context, l *list) ([]Image, error) {
	images := make([]Image, len(l.children))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, child := range l.children {
		entry, image := child.Descriptor, &images[i]
		*image = Image{Digest: entry.Digest, Size: entry.Size, Attestations: make([]Attestation, len(child.Attestations))}
		group.Go(func() error { return r.image(ctx, l, image, entry) })
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

// image fills in what the image's manifest says.
func (r *reader) image(ctx context.Context, l *list, image *Image, entry v1.Descriptor) error {
	m, err := r.open(ctx, l, entry)
	if err != nil {
		return err
	}
	if err := image.addLayers(m); err != nil {
		return err
	}
	spec, err := r.platform(ctx, m, entry)
	image.Platform = spec.String()
	return err
}

// open reads and parses the manifest of an image that is listed.
func (r *reader) open(ctx context.Context, l *list, entry v1.Descriptor) (manifest, error) {
	if l.single != nil {
		return *l.single, nil
	}
	m, err := r.manifest(ctx, entry)
	if err != nil {
		return manifest{}, err
	}
	return parseManifest(m)
}

// manifest reads an entry of an index.
func (r *reader) manifest(ctx context.Context, entry v1.Descriptor) (release.Manifest, error) {
	m, err := r.origin.Manifest(ctx, entry.Digest.String())
	if err != nil {
		return m, fmt.Errorf("reading %s, which the index lists: %w", entry.Digest, err)
	}
	if size := int64(len(m.Raw)); size != entry.Size {
		return m, fmt.Errorf("reading %s: its size is %d, the index says %d", entry.Digest, size, entry.Size)
	}
	return m, nil
}

// isDeclared reports whether an index says what the image is for. Some tools do not.
func isDeclared(entry v1.Descriptor) bool {
	p := platform.FromOCI(entry.Platform)
	return p.OS != "" && p.Arch != ""
}
