// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/semtag"
)

// search is the look for the sources of one release.
type search struct {
	req     Request
	reg     Registry
	held    *allowance
	refs    []SourceRef
	found   []*Source // parallel to refs; nil: not there
	stem    *SourceRef
	promote *Source // what the stem itself names
	waited  bool    // sources came later than the lists of tags

	mu      sync.Mutex
	dummies map[string]v1.Hash // by tag: what an interrupted clean-up left
}

func newSearch(req Request, reg Registry, held *allowance) (*search, error) {
	s := &search{req: req, reg: reg, held: held, refs: req.Sources.Refs, dummies: map[string]v1.Hash{}}
	if req.Sources.Tag != "" {
		refs, err := req.PlatformTags()
		if err != nil {
			return s, err
		}
		stem := req.promotedTag()
		s.refs, s.stem = refs, &stem
	}
	s.found = make([]*Source, len(s.refs))
	return s, nil
}

// look reads what has not been found yet. The stem itself is looked at only if
// none of its per-platform tags exists.
func (s *search) look(ctx context.Context) error {
	errs := make([]error, len(s.refs))
	var group errgroup.Group
	for i, ref := range s.refs {
		if s.found[i] != nil {
			continue
		}
		group.Go(func() error {
			s.found[i], errs[i] = s.read(ctx, ref)
			return nil
		})
	}
	_ = group.Wait() // every failure is in errs
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if s.stem != nil && s.noneFound() {
		var err error
		s.promote, err = s.read(ctx, *s.stem)
		return err
	}
	return nil
}

// read reads one reference; nil if it does not exist.
func (s *search) read(ctx context.Context, ref SourceRef) (*Source, error) {
	source, err := readSource(ctx, s.held.of(ref.origin(s.reg)), ref)
	if errors.Is(err, ErrNotFound) && ref.Layout == nil { // a folder is complete or never will be
		s.note(ref, source.Manifest.Digest)
		return nil, nil //nolint:nilnil // absence is an answer here, and the two callers look at it
	}
	if err != nil {
		return nil, err
	}
	return &source, nil
}

// note remembers the dummy behind a reference that is as good as absent.
func (s *search) note(ref SourceRef, dummy v1.Hash) {
	if dummy == (v1.Hash{}) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dummies[ref.Ref.Identifier()] = dummy
}

func (s *search) noneFound() bool {
	return !slices.ContainsFunc(s.found, func(f *Source) bool { return f != nil })
}

func (s *search) incomplete() bool {
	return s.promote == nil && (len(s.refs) == 0 || slices.Contains(s.found, nil))
}

// missing are the references that were not found.
func (s *search) missing() []SourceRef {
	var out []SourceRef
	for i, f := range s.found {
		if f == nil {
			out = append(out, s.refs[i])
		}
	}
	if len(s.refs) == 0 {
		out = append(out, *s.stem)
	}
	return out
}

// sources returns what was found, and whether it is one image that is carried
// over as it is. What its name alone says of it needs an index to be said in.
func (s *search) sources() ([]Source, bool) {
	if s.promote != nil {
		return []Source{*s.promote}, true
	}
	var out []Source
	for _, f := range s.found {
		if f != nil {
			out = append(out, *f)
		}
	}
	return out, s.stem == nil && len(out) == 1 && len(out[0].Notices) == 0 && !s.req.Sources.Join
}

// complete goes on from what an earlier run published, or else waits for what
// is missing.
func (s *search) complete(ctx context.Context, snap *Snapshot, waiting func(Waiting)) error {
	resumed, err := s.resume(ctx, snap.Targets[0])
	if err != nil {
		return err
	}
	if resumed == nil {
		return s.wait(ctx, waiting)
	}
	snap.Resumed, snap.Absent, snap.Dummies = resumed, s.missing(), s.dummies
	return nil
}

// wait looks again until everything is there, a minute at most.
func (s *search) wait(ctx context.Context, waiting func(Waiting)) error {
	s.waited = true
	for left := sourceWait; s.incomplete(); left -= sourcePoll {
		if left <= 0 {
			return s.missingError()
		}
		waiting(Waiting{Missing: s.missing(), Left: left})
		if err := Pause(ctx, sourcePoll); err != nil {
			return errors.Join(s.missingError(), err)
		}
		if err := s.look(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) missingError() error {
	err := &MissingSourceError{Repository: s.req.Primary(), Missing: s.missing()}
	if s.stem != nil && len(s.refs) > 0 && s.noneFound() {
		err.Stem = s.stem.Text
	}
	return err
}

// resume looks whether an earlier run of this release got past its exact tag
// and then removed sources: the exact tag exists, with exactly the expected
// platforms, and every source that is still there is part of it. Nil if not.
func (s *search) resume(ctx context.Context, primary TargetState) (*Source, error) {
	i := slices.IndexFunc(s.req.Tags, func(t semtag.Tag) bool { return t.Kind == semtag.Exact })
	if s.stem == nil || i < 0 {
		return nil, nil //nolint:nilnil // nothing to resume from
	}
	exact := s.req.Tags[i].Name
	digest, ok := primary.Points[exact]
	if !ok {
		return nil, nil //nolint:nilnil // nothing to resume from
	}
	ref := SourceRef{Text: exact, Ref: primary.Repo.Digest(digest.String())}
	published, err := s.read(ctx, ref)
	if err != nil || published == nil {
		return nil, err
	}
	if len(s.req.Platforms) > 0 && !isSet([]Source{*published}, s.req.Platforms) {
		return nil, nil //nolint:nilnil // another set of platforms: not this release
	}
	have := digests(*published)
	for _, f := range s.found {
		if f != nil && slices.ContainsFunc(f.Images, func(i Image) bool {
			return !slices.Contains(have, i.Descriptor.Digest)
		}) {
			return nil, nil //nolint:nilnil // a source that is no part of it: not this release
		}
	}
	return published, nil
}
