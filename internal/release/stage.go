// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/index"
)

// Staged is what one target was given before any tag moved.
type Staged struct {
	Repo name.Repository
	// Images counts images, attestations, artifacts and inner indexes, and
	// Referrers signatures and whatever else refers to them.
	Images, Referrers int
	// Uploaded, Mounted and Present count blobs: sent, taken over from another
	// repository of the registry, there already.
	Uploaded, Mounted, Present int
	// Bytes is the size of the blobs that were sent.
	Bytes int64
	// Notices say of which referrers clients may not know there, a sentence
	// each.
	Notices []string
}

// Stage brings every target what it lacks, and the index by its digest, before
// a tag moves anywhere. Nothing visible changes. A blob is read from its source
// once, whatever the number of targets. The first failure ends the release;
// what was copied until then is found by the next run. The answer has one value
// for each target that was given anything, meter may be watched meanwhile.
func Stage(ctx context.Context, plan Plan, reg Registry, meter *Meter) ([]Staged, error) {
	var cargos []*cargo
	for _, target := range plan.Targets {
		if len(target.Loads) > 0 || target.Stage {
			cargos = append(cargos, &cargo{target: target, repo: reg.Repository(target.Repo), staged: Staged{Repo: target.Repo}})
		}
	}
	group, within := errgroup.WithContext(ctx)
	for _, c := range cargos {
		group.Go(func() error { return c.lookAhead(within) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := carryBlobs(ctx, reg, cargos, meter); err != nil {
		return nil, err
	}
	group, within = errgroup.WithContext(ctx)
	for _, c := range cargos {
		group.Go(func() error { return c.land(within, plan.Manifest, reg, meter) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var staged []Staged
	for _, c := range cargos {
		if len(c.target.Loads) > 0 {
			staged = append(staged, c.staged)
		}
	}
	return staged, nil
}

// cargo is what one target is given.
type cargo struct {
	target TargetPlan
	repo   Repository
	loads  []Load // of the plan, without the referrers that are there
	// distrusted is set when the registry has said that it took blobs over, and
	// lacks some: it is not asked to again.
	distrusted bool

	mu     sync.Mutex
	staged Staged
}

// lookAhead finds the referrers that are there already: under their tags, or
// listed. One that is there and not listed is put again, since a run may have
// been killed between the two.
func (c *cargo) lookAhead(ctx context.Context) error {
	there, err := c.referrers(ctx)
	if err != nil {
		return fmt.Errorf("looking for signatures in %s: %w", c.target.Repo, err)
	}
	for _, l := range c.target.Loads {
		have, ok := there[l.ref()]
		switch {
		case !l.IsReferrer() || !ok:
			c.loads = append(c.loads, l)
		case have != l.Manifest.Digest:
			c.staged.Notices = append(c.staged.Notices, fmt.Sprintf("%s has another %s already, and keeps it", c.target.Repo, l.Tag))
		}
	}
	return nil
}

// referrers are those of the plan's referrers that the target has, by tag or
// digest.
func (c *cargo) referrers(ctx context.Context) (map[string]v1.Hash, error) {
	var tags []string
	var subjects []v1.Hash
	for _, l := range c.target.Loads {
		switch {
		case l.Tag != "":
			tags = append(tags, l.Tag)
		case l.IsReferrer() && !slices.Contains(subjects, l.Subject):
			subjects = append(subjects, l.Subject)
		}
	}
	listed := make([][]v1.Descriptor, len(subjects))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for i, subject := range subjects {
		group.Go(func() (err error) {
			listed[i], err = c.repo.Referrers(within, subject, nil)
			return err
		})
	}
	there := map[string]v1.Hash{}
	if len(tags) > 0 {
		tagged, err := c.repo.Resolve(ctx, tags)
		if err != nil {
			return nil, errors.Join(err, group.Wait())
		}
		maps.Copy(there, tagged)
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, d := range slices.Concat(listed...) {
		there[d.Digest.String()] = d.Digest
	}
	return there, nil
}

// land writes the manifests. If one is refused for want of a blob, and blobs
// were taken over, all that the target lacks are sent before another try.
func (c *cargo) land(ctx context.Context, whole Manifest, reg Registry, meter *Meter) error {
	err := c.putManifests(ctx, whole)
	if !errors.Is(err, ErrBlobUnknown) || c.staged.Mounted == 0 {
		return err
	}
	before := c.staged
	c.distrusted, c.staged = true, Staged{Repo: before.Repo, Notices: before.Notices}
	if err := carryBlobs(ctx, reg, []*cargo{c}, meter); err != nil {
		return err
	}
	c.staged.Present -= before.Uploaded
	c.staged.Uploaded += before.Uploaded
	c.staged.Bytes += before.Bytes
	return c.putManifests(ctx, whole)
}

// putManifests writes the manifests, whose blobs are there by now: what the
// index lists, inner indexes after it, then referrers, and the index itself.
func (c *cargo) putManifests(ctx context.Context, whole Manifest) error {
	var images, indexes, referrers []Load
	for _, l := range c.loads {
		switch {
		case l.IsReferrer():
			referrers = append(referrers, l)
		case index.IsIndex(l.Manifest.MediaType):
			indexes = append(indexes, l)
		default:
			images = append(images, l)
		}
	}
	c.staged.Images, c.staged.Referrers = len(images)+len(indexes), len(referrers)
	if err := c.each(ctx, images, reads); err != nil {
		return err
	}
	// The inner index comes first, and tags that stand in for the referrers API
	// are read and written again.
	for _, loads := range [][]Load{indexes, referrers} {
		if err := c.each(ctx, loads, 1); err != nil {
			return err
		}
	}
	if !c.target.Stage {
		return nil
	}
	digest := whole.Digest.String()
	if err := c.repo.Put(ctx, digest, whole); err != nil {
		return fmt.Errorf("staging %s: %w", c.target.Repo.Digest(digest), err)
	}
	return nil
}

// each puts manifests, so many side by side.
func (c *cargo) each(ctx context.Context, loads []Load, limit int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(limit)
	for _, l := range loads {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			put := c.put
			if l.IsReferrer() {
				put = c.putReferrer
			}
			if err := put(ctx, l); err != nil {
				return fmt.Errorf("copying %s to %s: %w", l.ref(), c.target.Repo, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (c *cargo) put(ctx context.Context, l Load) error {
	return c.repo.Put(ctx, l.ref(), l.Manifest)
}

// putReferrer puts a referrer, which some registries take and cannot list. One
// that is an index is refused where what it lists is missing.
func (c *cargo) putReferrer(ctx context.Context, l Load) error {
	var err error
	if l.Tag == "" {
		err = c.repo.PutReferrer(ctx, l.Manifest, l.Entry)
	} else {
		err = c.put(ctx, l)
	}
	switch {
	case errors.Is(err, ErrUnsupported):
		c.count(func(s *Staged) {
			s.Notices = append(s.Notices, fmt.Sprintf("%s has %s now, and no way to list it among the referrers of %s", c.target.Repo, l.ref(), l.For))
		})
		return nil
	case errors.Is(err, ErrRefused) && index.IsIndex(l.Manifest.MediaType):
		c.count(func(s *Staged) {
			s.Referrers--
			s.Notices = append(s.Notices, fmt.Sprintf("%s refuses %s, an index that refers to %s, since what that lists is not copied", c.target.Repo, l.ref(), l.For))
		})
		return nil
	}
	return err
}

// count notes what became of a blob.
func (c *cargo) count(f func(*Staged)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.staged)
}

// blobsOf collects the blobs of all cargos, the largest first: one that starts
// last keeps everything waiting.
func blobsOf(cargos []*cargo) []*parcel {
	byDigest := map[v1.Hash]*parcel{}
	var parcels []*parcel
	for _, c := range cargos {
		for _, l := range c.loads {
			for i, b := range l.Blobs {
				p := byDigest[b.Digest]
				if p == nil {
					p = &parcel{blob: b}
					byDigest[b.Digest] = p
					parcels = append(parcels, p)
				}
				if i == 0 && l.Config != nil {
					p.content = l.Config
				}
				p.add(l.From, c)
			}
		}
	}
	slices.SortStableFunc(parcels, func(a, b *parcel) int { return int(min(1, max(-1, b.blob.Size-a.blob.Size))) })
	return parcels
}
