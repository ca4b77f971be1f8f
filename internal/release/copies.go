// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// copies are the manifests that a published release needs, kept while temporary
// tags are removed: some registries lose a manifest with its last tag.
type copies []Manifest

// keepCopies collects the manifest, its images and their attestations. What was
// not read before is read now.
func keepCopies(ctx context.Context, plan Plan, snap Snapshot, repo Reader) (copies, error) {
	kept := copies{plan.Manifest}
	raw := map[v1.Hash][]byte{}
	for _, s := range snap.contents() {
		for _, image := range s.Images {
			raw[image.Descriptor.Digest] = image.Raw
		}
	}
	for _, child := range plan.Images {
		for _, d := range append([]v1.Descriptor{child.Descriptor}, child.Attestations...) {
			m := Manifest{Raw: raw[d.Digest], MediaType: d.MediaType, Digest: d.Digest}
			if m.IsZero() {
				var err error
				if m, err = repo.Manifest(ctx, d.Digest.String()); err != nil {
					return nil, fmt.Errorf("reading %s before the clean-up: %w", d.Digest, err)
				}
			}
			if d.Digest != plan.Manifest.Digest { // of a promoted image
				kept = append(kept, m)
			}
		}
	}
	return kept, nil
}

func (c copies) digests() []v1.Hash {
	out := make([]v1.Hash, 0, len(c))
	for _, m := range c {
		out = append(out, m.Digest)
	}
	return out
}

// prove looks whether everything is still there, and puts back what is not,
// images before the index. A manifest that was gone is an error even then.
func (c copies) prove(ctx context.Context, repo Repository) error {
	gone, err := lacks(ctx, repo, c.digests())
	if err != nil {
		return fmt.Errorf("proving that the release is still whole: %w", err)
	}
	lost := map[v1.Hash]bool{}
	for _, d := range gone {
		lost[d] = true
	}
	var errs []error
	for _, m := range slices.Backward(c) {
		if !lost[m.Digest] {
			continue
		}
		if err := repo.Put(ctx, m.Digest.String(), m); err != nil {
			errs = append(errs, fmt.Errorf("the clean-up lost %s, and putting it back failed: %w", m.Digest, err))
		} else {
			errs = append(errs, fmt.Errorf("the clean-up lost %s; it was put back", m.Digest))
		}
	}
	return errors.Join(errs...)
}
