// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

// loads reads what targets lack, and what refers to it, side by side.
func (s *search) loads(ctx context.Context, snap *Snapshot) error {
	content, _ := choose(s.req, *snap) // NewPlan says what is wrong
	ours, sources := content.Manifest.Digest, snap.contents()
	var parts []Load
	referrers := make([][]Load, len(sources))
	var late []int
	group, inner := errgroup.WithContext(ctx)
	for i, source := range sources {
		switch {
		case s.req.SkipReferrers:
		case snap.travels(s.req, source, ours):
			subjects, tags := snap.subjects(source), s.listed(snap, source)
			group.Go(func() (err error) {
				referrers[i], err = s.referrers(inner, source, subjects, tags)
				return err
			})
		default:
			late = append(late, i)
		}
	}
	group.Go(func() (err error) {
		if err = s.lacking(inner, snap, ours); err == nil {
			parts, err = s.parts(inner, snap)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	for _, i := range late { // a release that is published, and of which something is gone
		if !snap.travels(s.req, sources[i], ours) {
			continue
		}
		var err error
		if referrers[i], err = s.referrers(ctx, sources[i], snap.subjects(sources[i]), s.listed(snap, sources[i])); err != nil {
			return err
		}
	}
	snap.Loads = slices.Concat(parts, slices.Concat(referrers...))
	return nil
}

// changes reports whether a tag of the target has to be written, so that it
// matters what the target lacks. Zero: nobody knows what will be published.
func (t TargetState) changes(req Request, ours v1.Hash) bool {
	plan, err := planTarget(req, t, ours)
	return err != nil || plan.Writes()
}

// lacking asks every target that changes, and is not the home of all sources,
// which of the release's images it lacks.
func (s *search) lacking(ctx context.Context, snap *Snapshot, ours v1.Hash) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range snap.Targets {
		target := &snap.Targets[i]
		var foreign []v1.Hash
		for _, source := range snap.contents() {
			if source.repository() != target.Repo {
				foreign = append(foreign, source.parts()...)
			}
		}
		if len(foreign) == 0 || !target.changes(s.req, ours) {
			continue
		}
		group.Go(func() (err error) {
			target.Lacks, err = lacks(ctx, s.reg.Repository(target.Repo), foreign)
			if err != nil {
				return fmt.Errorf("looking for the images in %s: %w", target.Repo, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// lacks returns the digests that a repository does not have.
func lacks(ctx context.Context, repo Tags, digests []v1.Hash) ([]v1.Hash, error) {
	refs := make([]string, 0, len(digests))
	for _, d := range digests {
		refs = append(refs, d.String())
	}
	found, err := repo.Resolve(ctx, refs)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(digests), func(d v1.Hash) bool {
		_, ok := found[d.String()]
		return ok
	}), nil
}

// parts makes the loads of what targets lack.
func (s *search) parts(ctx context.Context, snap *Snapshot) ([]Load, error) {
	lacking := map[v1.Hash]bool{}
	for _, t := range snap.Targets {
		for _, d := range t.Lacks {
			lacking[d] = true
		}
	}
	var all []Load
	for _, source := range snap.contents() {
		loads, err := readParts(ctx, s.held.of(source.origin(s.reg)), source, lacking)
		if err != nil {
			return nil, err
		}
		all = append(all, loads...)
	}
	return all, nil
}
