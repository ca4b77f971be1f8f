// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/semtag"
)

const (
	// maxReferrers bounds what may refer to the images of one source.
	maxReferrers = 1000
	// maxReferrerDepth bounds referrers of referrers: the signature of an SBOM
	// is at depth two.
	maxReferrerDepth = 4
)

// travels reports whether what refers to the source has to be looked for: some
// target is elsewhere, and has not published this release yet. An image that is
// there already proves nothing of its signatures, since a run may have been
// killed between the two.
func (s Snapshot) travels(req Request, source Source) bool {
	return slices.ContainsFunc(s.Targets, func(t TargetState) bool {
		return t.Repo != source.repository() && (len(t.Lacks) > 0 || !t.published(req))
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
	f := &follower{origin: origin, from: s.SourceRef, seen: map[string]bool{}}
	f.left.Store(maxReferrers)
	for _, part := range s.parts() { // an attestation may have its image as its subject
		f.seen[part.String()] = true
	}
	found := make([][]Load, len(subjects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for i, subject := range subjects {
		group.Go(func() (err error) {
			found[i], err = f.follow(ctx, subject, subject, 1)
			if err != nil {
				return fmt.Errorf("reading what refers to %s of %s: %w", subject, s.Text, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// follower follows referrers of one source.
type follower struct {
	origin Origin
	from   SourceRef
	// left is how many more may be read.
	left atomic.Int64

	mu   sync.Mutex
	seen map[string]bool
}

// follow reads what refers to subject, and what refers to that.
func (f *follower) follow(ctx context.Context, root, subject v1.Hash, depth int) ([]Load, error) {
	if depth > maxReferrerDepth {
		return nil, fmt.Errorf("referrers refer to each other more than %d deep", maxReferrerDepth)
	}
	entries, err := f.origin.Referrers(ctx, subject)
	if err != nil {
		return nil, err
	}
	var loads []Load
	for _, entry := range entries {
		load, ok, err := f.load(ctx, entry.Digest.String(), root)
		if err != nil {
			return nil, err
		}
		if ok {
			load.Entry = entry
			loads = append(loads, load)
		}
	}
	for _, suffix := range []string{".sig", ".att", ".sbom"} {
		tag := cosignTag(subject, suffix)
		load, ok, err := f.load(ctx, tag, root)
		if err != nil {
			return nil, err
		}
		if ok {
			load.Tag = tag
			loads = append(loads, load)
		}
	}
	for _, load := range slices.Clone(loads) {
		inner, err := f.follow(ctx, root, load.Manifest.Digest, depth+1)
		if err != nil {
			return nil, err
		}
		loads = append(loads, inner...)
	}
	return loads, nil
}

// load reads one referrer; false if it was met before, or does not exist: a
// tag that stands in for the referrers API may list what is gone.
func (f *follower) load(ctx context.Context, ref string, root v1.Hash) (Load, bool, error) {
	if f.met(ref) {
		return Load{}, false, nil
	}
	m, err := f.origin.Manifest(ctx, ref)
	if errors.Is(err, ErrNotFound) {
		return Load{}, false, nil
	}
	if err != nil {
		return Load{}, false, fmt.Errorf("reading %s: %w", ref, err)
	}
	if f.left.Add(-1) < 0 {
		return Load{}, false, fmt.Errorf("there are more than %d", maxReferrers)
	}
	load, err := newLoad(m, f.from)
	load.For = root
	return load, err == nil, err
}

// met reports whether the reference was seen before, and notes it.
func (f *follower) met(ref string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.seen[ref]
	f.seen[ref] = true
	return before
}
