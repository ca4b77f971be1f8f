// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// maxPasses bounds the passes of settling that write. Each release that
	// runs at the same time can cause one or two.
	maxPasses = 20
	// maxRestores bounds how often a floating tag without a version is put
	// back.
	maxRestores = 3
	// verifyTime is how long a registry may take to show what was written.
	verifyTime = 30 * time.Second
	// verifyPause is the pause between two looks.
	verifyPause = time.Second
)

// settle sets each guarded floating tag to what the exact tags of its line say,
// until a pass finds nothing to write, and proves in the same look that every
// tag which has no line points at our digest.
//
// It runs after a failed write just the same: without our exact tag the line's
// next version is the highest, so that floating tags go back; with it, they go
// forward. Releases that run side by side each end with a pass that found
// nothing to do after their own exact tag was there, so that whoever comes last
// leaves the highest version.
func (p *publisher) settle(ctx context.Context) error {
	waited := time.Duration(0)
	for writes := 0; ; {
		wrote, err := p.pass(ctx)
		if err != nil {
			return err
		}
		again := p.repeated()
		switch {
		case wrote:
			if writes++; writes == maxPasses {
				if !p.disown() {
					return p.giveUp(ctx)
				}
				writes = 0
			}
			if !again {
				continue
			}
		case p.visible():
			return nil
		case waited >= verifyTime:
			if p.resigned() {
				return nil
			}
			continue
		}
		if err := p.hooks.Pause(ctx, verifyPause); err != nil {
			return fmt.Errorf("reading back: %w", err)
		}
		waited += verifyPause
	}
}

// resigned ends waiting for what does not show: first it is taken for absent,
// and the floating tags follow; then there is nothing left to do.
func (p *publisher) resigned() bool {
	disowned := p.disown()
	done := p.impatient && !disowned
	p.impatient = true
	return done
}

// giveUp ends settling that comes to no end. The report says what is there.
func (p *publisher) giveUp(ctx context.Context) error {
	_, err := p.look(ctx, nil)
	return errors.Join(errors.New("settling: the same tags keep moving; run it again"), err)
}

// repeated reports whether a floating tag was set to the same digest again: the
// registry is slow to show it, or somebody moves it back.
func (p *publisher) repeated() bool {
	again := false
	for _, t := range p.tags {
		again = again || t.again
		t.again = false
	}
	return again
}

// disown gives up exact tags that were written and never showed: the registry
// took the write and lost it, so that the version is not published. It reports
// whether there are any, for the floating tags have to follow.
func (p *publisher) disown() bool {
	found := false
	for _, t := range p.tags {
		if p.has(t) && t.now != p.ours() {
			t.err = fmt.Errorf("verifying %s: the registry took it, and does not show it", p.target.Repo.Tag(t.Name))
			found = true
		}
	}
	return found
}

// pass lists, looks, and sets what is not as it should be. It reports whether
// it wrote anything.
func (p *publisher) pass(ctx context.Context) (bool, error) {
	var known []versionTag
	if p.target.guard != nil {
		listed, err := p.repo.List(ctx)
		if err != nil {
			return false, fmt.Errorf("settling: %w", &ListError{Repository: p.target.Repo, Err: err})
		}
		known = recognize(p.target.guard.scheme, p.withOurs(listed))
	}
	now, err := p.look(ctx, known)
	if err != nil {
		return false, err
	}
	wrote := false
	for _, t := range p.tags {
		if !t.guarded(p.target.guard) {
			continue
		}
		did, err := p.settleTag(ctx, t, top(t.Tag, known), now)
		if err != nil {
			return wrote, err
		}
		wrote = wrote || did
	}
	return wrote, nil
}

// withOurs adds the exact tags that are known to be there, in case a list does
// not show them yet.
func (p *publisher) withOurs(listed []string) []string {
	for _, t := range p.tags {
		if p.has(t) && !slices.Contains(listed, t.Name) {
			listed = append(listed, t.Name)
		}
	}
	return listed
}

// look reads what our tags and the owners of the floating ones point at.
func (p *publisher) look(ctx context.Context, known []versionTag) (map[string]v1.Hash, error) {
	var refs []string
	seen := map[string]bool{}
	add := func(ref string) {
		if !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	for _, t := range p.tags {
		add(t.Name)
		if t.guarded(p.target.guard) {
			for _, owner := range top(t.Tag, known) {
				add(owner.tag)
			}
		}
	}
	now, err := p.repo.Resolve(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("reading back: %w", err)
	}
	for _, t := range p.tags {
		t.now, t.known = now[t.Name], true
		if t.err != nil && t.now == p.ours() {
			t.err, t.written = nil, true // the write was applied after all
		}
		if p.has(t) {
			now[t.Name] = p.ours() // what was just written may not be visible yet
		}
	}
	return now, nil
}

// settleTag sets one floating tag to what owns it. A tag that cannot be written
// is left, and its state says why.
func (p *publisher) settleTag(ctx context.Context, t *tagState, owners []versionTag, now map[string]v1.Hash) (bool, error) {
	t.owner = ""
	var want v1.Hash
	for _, o := range owners {
		// Versions of equal precedence are ordered by digest.
		if d := now[o.tag]; d.String() > want.String() || t.owner == "" {
			want, t.owner = d, o.tag
		}
	}
	// An owner that is listed and not there was just published, or just deleted.
	t.waiting = len(owners) > 0 && want == v1.Hash{} && !p.impatient
	if want == (v1.Hash{}) {
		t.owner = ""
	}
	t.want = want
	switch {
	case t.waiting:
		return false, nil
	case want == v1.Hash{} && t.now == p.ours():
		return p.retract(ctx, t)
	case want == v1.Hash{} || want == t.now:
		t.err = nil
		return false, nil
	case t.tries == 2: // it was refused twice
		return false, nil
	}
	m, err := p.manifest(ctx, want)
	if err != nil {
		return false, fmt.Errorf("settling %s: %w", p.target.Repo.Tag(t.Name), err)
	}
	t.again = t.last == want
	if p.put(ctx, t, m) != nil {
		t.tries++
		return false, ctx.Err()
	}
	return true, nil
}

// retract takes a floating tag back that points at our digest while no version
// of its line exists: to what it pointed at before, or away. It is put back
// a few times only, since two releases that fail side by side may each have
// found the other's digest there.
func (p *publisher) retract(ctx context.Context, t *tagState) (bool, error) {
	if t.stuck || t.tries == 2 {
		return false, nil
	}
	if before := t.From; before != (v1.Hash{}) && before != p.ours() && t.restored < maxRestores {
		m, err := p.manifest(ctx, before)
		if err == nil {
			if p.put(ctx, t, m) != nil {
				t.tries++
				return false, ctx.Err()
			}
			t.restored++
			return true, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return false, fmt.Errorf("settling %s: %w", p.target.Repo.Tag(t.Name), err)
		}
	}
	return p.remove(ctx, t)
}

// remove deletes a tag by name. Where that cannot be done the tag is left and
// its state says so.
func (p *publisher) remove(ctx context.Context, t *tagState) (bool, error) {
	err := p.repo.Delete(ctx, t.Name)
	if err != nil && !errors.Is(err, ErrUnsupported) {
		if now, lookErr := p.repo.Resolve(ctx, []string{t.Name}); lookErr == nil && now[t.Name] == (v1.Hash{}) {
			err = nil // its answer was lost
		}
	}
	switch {
	case errors.Is(err, ErrUnsupported):
		t.stuck = true
		t.err = fmt.Errorf("removing %s: %w", p.target.Repo.Tag(t.Name), err)
		return false, nil
	case err != nil:
		t.tries++
		t.err = fmt.Errorf("removing %s: %w", p.target.Repo.Tag(t.Name), err)
		return false, ctx.Err()
	}
	t.settled, t.err = true, nil
	p.hooks.Wrote(p.target.Repo.Tag(t.Name), v1.Hash{})
	return true, nil
}

// manifest returns the manifest with a digest.
func (p *publisher) manifest(ctx context.Context, digest v1.Hash) (Manifest, error) {
	if digest == p.ours() {
		return p.plan.Manifest, nil
	}
	if m, ok := p.formers[digest]; ok {
		return m, nil
	}
	m, err := p.repo.Manifest(ctx, digest.String())
	if err == nil {
		p.formers[digest] = m
	}
	return m, err
}

// visible reports whether everything that was written, and has no line, was
// read back with our digest, and every owner of a floating tag was seen.
func (p *publisher) visible() bool {
	for _, t := range p.tags {
		mine := !t.guarded(p.target.guard) && (t.written || t.Action == Leave)
		if t.waiting || mine && t.now != p.ours() {
			return false
		}
	}
	return true
}

// rollBack puts tags that have no line back, in reverse order, where they still
// point at what this run wrote. A tag that cannot be put back says so itself.
func (p *publisher) rollBack(ctx context.Context) error {
	var written []string
	for _, t := range slices.Backward(p.tags) {
		if !p.unlined(t) || !t.written || t.From == p.ours() {
			continue
		}
		now, err := p.repo.Resolve(ctx, []string{t.Name})
		if err != nil {
			return fmt.Errorf("rolling back %s: %w", p.target.Repo.Tag(t.Name), err)
		}
		if t.now, t.known = now[t.Name], true; t.now != p.ours() {
			continue
		}
		if t.former.IsZero() {
			if _, err := p.remove(ctx, t); err != nil {
				return fmt.Errorf("rolling back: %w", err)
			}
		} else if p.put(ctx, t, t.former) != nil {
			continue
		}
		written = append(written, t.Name)
	}
	return p.lookAgain(ctx, written)
}

// lookAgain reads what tags point at that were just put back.
func (p *publisher) lookAgain(ctx context.Context, tags []string) error {
	if len(tags) == 0 {
		return nil
	}
	now, err := p.repo.Resolve(ctx, tags)
	if err != nil {
		return fmt.Errorf("rolling back: reading back: %w", err)
	}
	for _, t := range p.tags {
		if slices.Contains(tags, t.Name) {
			t.now = now[t.Name]
		}
	}
	return nil
}
