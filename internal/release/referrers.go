// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/semtag"
)

// travels reports whether what refers to the source has to be looked for: some
// target is elsewhere, will be written to, and has not published this release
// yet. An image that is there already proves nothing of its signatures, since a
// run may have been killed between the two.
func (s Snapshot) travels(req Request, source Source, ours v1.Hash) bool {
	return slices.ContainsFunc(s.Targets, func(t TargetState) bool {
		return t.Repo != source.repository() && t.changes(req, ours) && (len(t.Lacks) > 0 || !t.published(req))
	})
}

// published reports whether the version's exact tags exist.
func (t TargetState) published(req Request) bool {
	exact := false
	for _, tag := range req.Tags {
		if tag.Kind != semtag.Exact {
			continue
		}
		if _, ok := t.Points[tag.Name]; !ok {
			return false
		}
		exact = true
	}
	return exact
}

// subjects are the digests of a source that something may refer to: its
// images, and an index that is promoted.
func (s Snapshot) subjects(source Source) []v1.Hash {
	var out []v1.Hash
	for _, image := range source.Images {
		out = append(out, image.Descriptor.Digest)
	}
	if (s.Promoted || s.Resumed != nil) && source.IsIndex() {
		out = append(out, source.Manifest.Digest)
	}
	return out
}

// readReferrers reads everything that refers to the subjects, referrers of
// referrers too.
func readReferrers(ctx context.Context, origin Origin, s Source, subjects []v1.Hash) ([]Load, error) {
	found, err := Referrers(ctx, origin, subjects, s.parts())
	if err != nil {
		return nil, fmt.Errorf("reading the referrers of %s: %w", s.Text, err)
	}
	loads := make([]Load, len(found))
	for i, r := range found {
		if loads[i], err = newLoad(r.Manifest, s.SourceRef); err != nil {
			return nil, fmt.Errorf("reading the referrers of %s: %w", s.Text, err)
		}
		loads[i].For, loads[i].Entry, loads[i].Tag = r.Root, r.Entry, r.Tag
	}
	return loads, nil
}

// listed is the origin of a source, which is not asked for tags that it does
// not have, if those of its repository have been listed.
func (s Snapshot) listed(source Source, origin Origin) Origin {
	for _, t := range s.Targets {
		if t.Tags != nil && t.Repo == source.repository() {
			return listed{Origin: origin, tags: t.Tags}
		}
	}
	return origin
}

// listed is a repository whose tags are known, sorted.
type listed struct {
	Origin
	tags []string
}

func (l listed) Manifest(ctx context.Context, ref string) (Manifest, error) {
	_, isTag := v1.NewHash(ref)
	if _, known := slices.BinarySearch(l.tags, ref); isTag != nil && !known {
		return Manifest{}, fmt.Errorf("%s is not among the tags: %w", ref, ErrNotFound)
	}
	return l.Origin.Manifest(ctx, ref)
}
