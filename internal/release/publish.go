// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/semtag"
)

// How long a release goes on after it was told to stop. GitHub kills a
// cancelled step about ten seconds after the first signal, so that writing and
// settling together stay well below.
// https://github.com/actions/runner/blob/main/src/Runner.Sdk/ProcessInvoker.cs
const (
	writeGrace  = 2 * time.Second
	settleGrace = 3 * time.Second
	// settleTime is what settling may take beyond the deadline of the run.
	settleTime = 30 * time.Second
)

// Hooks let the caller watch. The zero value is silent.
type Hooks struct {
	// Wrote is called after each write, possibly from several goroutines: the
	// tag, and what it points at now; zero if it was deleted.
	Wrote func(tag name.Tag, to v1.Hash)
	// Pause waits between two looks at a tag; nil: until the time is over or
	// the context ends.
	Pause func(ctx context.Context, d time.Duration) error
}

// Publish writes the tags of a plan: per target strictly one after the other,
// targets side by side, each for itself. It then settles the floating tags and
// reads back what it wrote. A cancellation of ctx lets it finish within a few
// seconds; past ctx's deadline it may take half a minute to settle.
func Publish(ctx context.Context, plan Plan, reg Registry, hooks Hooks) Result {
	result := Result{Targets: make([]TargetResult, len(plan.Targets))}
	if hooks.Wrote == nil {
		hooks.Wrote = func(name.Tag, v1.Hash) {}
	}
	if hooks.Pause == nil {
		hooks.Pause = Pause
	}
	var group errgroup.Group
	for i, target := range plan.Targets {
		group.Go(func() error {
			p := newPublisher(plan, target, reg.Repository(target.Repo), hooks)
			result.Targets[i] = p.run(ctx)
			return nil
		})
	}
	_ = group.Wait() // failures are in the results
	return result
}

// tagState is what is known of one tag while it is published.
type tagState struct {
	TagPlan
	// written: it has been put with our digest by this run.
	written bool
	// settled: it has been set to something else than our digest by this run.
	settled bool
	// err is why the last write did not succeed.
	err error
	// now is what it points at, as last read; known says that it was read.
	now   v1.Hash
	known bool
	// owner is the exact tag of the version that owns a guarded floating tag,
	// and want its digest; both empty if there is none.
	owner string
	want  v1.Hash
	// stuck: it should be deleted, and cannot be.
	stuck bool
	// tries counts the writes of settling that failed.
	tries int
	// waiting: its owner is listed and cannot be read yet.
	waiting bool
	// restored counts how often it was put back to what it pointed at before.
	restored int
	// last is what it was last set to, and again says that settling had to set
	// it to the same once more.
	last  v1.Hash
	again bool
}

// guarded reports whether the tag has a line to be settled by.
func (s *tagState) guarded(g *guard) bool { return s.Kind == semtag.Floating && g != nil }

// publisher publishes to one target.
type publisher struct {
	plan   Plan
	target TargetPlan
	repo   Repository
	hooks  Hooks
	tags   []*tagState
	// stopped is the tag at which publishing stopped, and stopErr is why; nil:
	// it went through.
	stopped *tagState
	stopErr error
	// impatient: what does not show by now is taken for absent.
	impatient bool
	// formers caches manifests that floating tags are set to.
	formers map[v1.Hash]Manifest
}

func newPublisher(plan Plan, target TargetPlan, repo Repository, hooks Hooks) *publisher {
	p := &publisher{plan: plan, target: target, repo: repo, hooks: hooks, formers: map[v1.Hash]Manifest{}}
	for _, t := range target.Tags {
		p.tags = append(p.tags, &tagState{TagPlan: t})
	}
	return p
}

func (p *publisher) ours() v1.Hash { return p.plan.Manifest.Digest }

func (p *publisher) run(ctx context.Context) TargetResult {
	writing, stop := outlive(ctx, writeGrace, 0)
	p.publish(writing)
	stop()
	settling, stop := outlive(ctx, settleGrace, settleTime)
	defer stop()
	err := p.settle(settling)
	if err != nil || p.failed() {
		err = errors.Join(err, p.rollBack(settling))
	}
	return p.result(err)
}

// publish writes the tags in order and stops at the first that cannot be
// written.
func (p *publisher) publish(ctx context.Context) {
	for _, t := range p.tags {
		if !t.Action.Writes() {
			continue
		}
		if err := p.put(ctx, t, p.plan.Manifest); err != nil {
			p.stopped, p.stopErr = t, err
			return
		}
	}
}

// put writes one tag. A write that seems to have failed is looked up before it
// is judged: its answer may have been lost, or the registry refuses to write
// what is there already.
func (p *publisher) put(ctx context.Context, t *tagState, m Manifest) error {
	err := p.repo.Put(ctx, t.Name, m)
	refused := errors.Is(err, ErrRefused)
	if err != nil {
		now, lookErr := p.repo.Resolve(ctx, []string{t.Name})
		if lookErr != nil || now[t.Name] != m.Digest {
			t.err = fmt.Errorf("pushing %s: %w", p.target.Repo.Tag(t.Name), err)
			return t.err
		}
	}
	t.err, t.last = nil, m.Digest
	if m.Digest == p.ours() {
		t.written, t.settled = t.written || !refused, false
	} else {
		t.settled = true
	}
	p.hooks.Wrote(p.target.Repo.Tag(t.Name), m.Digest)
	return nil
}

// has reports whether the exact tag is known to have our digest.
func (p *publisher) has(t *tagState) bool {
	seen := t.known && t.now == p.ours()
	return t.Kind == semtag.Exact && t.err == nil && (t.Action == Leave || t.written || seen)
}

// released reports whether an exact tag, the commit point, has our digest.
func (p *publisher) released() bool {
	return slices.ContainsFunc(p.tags, p.has)
}

// outlive returns a context that ends grace after ctx was cancelled, or beyond
// after its deadline has passed.
func outlive(ctx context.Context, grace, beyond time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		d := grace
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			d = beyond
		}
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(context.Cause(ctx))
		case <-out.Done():
		}
	})
	return out, func() {
		stop()
		cancel(context.Canceled)
	}
}
