// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/release"
)

const (
	// maxManifests bounds what one reference may lead to. Real indexes have tens.
	maxManifests = 1000
	// maxDepth bounds indexes within indexes, which are legal and rare.
	maxDepth = 4
)

// list is what a manifest leads to: all that an index lists, those within it included, or a single image.
type list struct {
	manifest    release.Manifest
	annotations map[string]string
	children    []index.Child
	nested      []v1.Descriptor
	other       []v1.Descriptor
	// single is what the manifest holds if it is an image, which is its only child then. Nil for an index.
	single *manifest
}

// list reads the indexes that m leads to, and no image.
func (r *reader) list(ctx context.Context, m release.Manifest) (*list, error) {
	l := &list{manifest: m}
	switch {
	case index.IsIndex(m.MediaType):
		contents, err := index.Parse(m.Raw)
		if err != nil {
			return nil, err
		}
		l.annotations = contents.Annotations
		return l, r.collect(ctx, l, contents, 1)
	case index.IsImage(m.MediaType):
		parsed, err := parseManifest(m)
		if err != nil {
			return nil, err
		}
		l.annotations, l.single = parsed.Annotations, &parsed
		l.children = []index.Child{{Descriptor: v1.Descriptor{MediaType: m.MediaType, Digest: m.Digest, Size: int64(len(m.Raw))}}}
		return l, nil
	default:
		return nil, fmt.Errorf("%s is neither an image nor an index", m.MediaType)
	}
}

// collect gathers what an index lists. Nested indexes are read one after the other, so that the bound holds for all of them.
func (r *reader) collect(ctx context.Context, l *list, contents index.Contents, depth int) error {
	l.children = append(l.children, contents.Children...)
	l.nested = append(l.nested, contents.Nested...)
	l.other = append(l.other, contents.Other...)
	if listed := len(l.parts()) - len(l.other); listed > maxManifests {
		return fmt.Errorf("it leads to more than %d manifests", maxManifests)
	}
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
		if err := r.collect(ctx, l, nested, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// parts are the digests of all that is listed.
func (l *list) parts() []v1.Hash {
	var out []v1.Hash
	for _, c := range l.children {
		out = append(out, c.Descriptor.Digest)
		for _, a := range c.Attestations {
			out = append(out, a.Digest)
		}
	}
	for _, d := range l.nested {
		out = append(out, d.Digest)
	}
	for _, d := range l.other {
		out = append(out, d.Digest)
	}
	return out
}
