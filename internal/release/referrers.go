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

// subjects are the digests of a source that something may refer to: an index
// that is promoted, which is what most people sign, and its images.
func (s Snapshot) subjects(source Source) []v1.Hash {
	var out []v1.Hash
	if (s.Promoted || s.Resumed != nil) && source.IsIndex() {
		out = append(out, source.Manifest.Digest)
	}
	for _, image := range source.Images {
		out = append(out, image.Descriptor.Digest)
	}
	return out
}

// ReferrersError means that what refers to a source cannot be read, so that it
// cannot be copied with the source.
type ReferrersError struct {
	Source SourceRef
	Err    error
}

func (e *ReferrersError) Error() string {
	return fmt.Sprintf("reading the referrers of %s: %v", e.Source.Text, e.Err)
}

// Unwrap returns what was wrong.
func (e *ReferrersError) Unwrap() error { return e.Err }

// referrers reads everything that refers to the source, referrers of referrers
// too. The tags are those of its repository; nil: they are not known.
func (s *search) referrers(ctx context.Context, source Source, subjects []v1.Hash, tags []string) ([]Load, error) {
	found, err := follow(ctx, s.held.of(source.origin(s.reg)), tags, subjects, source.parts())
	if err != nil {
		return nil, &ReferrersError{Source: source.SourceRef, Err: err}
	}
	loads := make([]Load, len(found))
	for i, r := range found {
		if loads[i], err = newLoad(r.Manifest, source.SourceRef); err != nil {
			return nil, &ReferrersError{Source: source.SourceRef, Err: err}
		}
		loads[i].For, loads[i].Entry, loads[i].Tag = r.Root, r.Entry, r.Tag
	}
	return loads, nil
}

// listed are the tags of the source's repository, if they have been listed since
// it is there; nil if not.
func (s *search) listed(snap *Snapshot, source Source) []string {
	for i := range snap.Targets {
		if t := &snap.Targets[i]; t.Repo == source.repository() && !s.waited {
			return t.Tags
		}
	}
	return nil
}
