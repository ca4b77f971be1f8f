// SPDX-License-Identifier: Apache-2.0

package release

import (
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/semtag"
)

// Plan is what a release will do. It holds digests, never tags to be resolved
// later.
type Plan struct {
	Content
	// Version is the version of the release; zero if it has none.
	Version semtag.Version
	// Resumed says that the release goes on from what an earlier run published.
	Resumed bool
	// Absent are the temporary tags that an earlier run removed.
	Absent []SourceRef
	// Targets are independent of each other.
	Targets []TargetPlan
	// Temporary are the tags of the primary that a clean-up looks at; empty if
	// none is asked for.
	Temporary []TemporaryTag
	// Notices are facts that a person should know, one sentence each.
	Notices []string
}

// SameAs reports whether q does the same to every tag.
func (p Plan) SameAs(q Plan) bool {
	return slices.EqualFunc(p.Targets, q.Targets, func(a, b TargetPlan) bool {
		return a.Repo == b.Repo && slices.EqualFunc(a.Tags, b.Tags, func(s, t TagPlan) bool {
			return s.Tag == t.Tag && s.Action == t.Action && s.From == t.From && s.By == t.By
		})
	})
}

// TargetPlan is what will happen in one target repository.
type TargetPlan struct {
	Repo name.Repository
	// Tags are in push order.
	Tags []TagPlan
	// Loads are copied before any tag moves, in this order.
	Loads []Load
	// Stage says that the manifest is put by digest before any tag moves.
	Stage bool
	// Page says what happens to the registry's page; nil: it is left alone.
	Page *PagePlan
	// guard holds what settling needs; nil if no floating tag is guarded.
	guard *guard
}

// Writes reports whether any tag will be written.
func (t TargetPlan) Writes() bool {
	return slices.ContainsFunc(t.Tags, func(p TagPlan) bool { return p.Action.Writes() })
}

// Action is what will happen to one tag.
type Action int

// The actions of a plan.
const (
	// Leave: the tag has our digest already and is not written.
	Leave Action = iota
	// Create: the tag does not exist yet.
	Create
	// Move: the tag points elsewhere and will point at our digest.
	Move
	// Refresh: the tag has our digest and is put again, because pages list
	// tags by the time of their last push.
	Refresh
	// Keep: a higher version owns the floating tag.
	Keep
)

// Writes reports whether the action puts the tag.
func (a Action) Writes() bool { return a == Create || a == Move || a == Refresh }

// TagPlan is what will happen to one tag.
type TagPlan struct {
	semtag.Tag
	Action Action
	// From is what the tag points at now; zero if it does not exist.
	From v1.Hash
	// By is the tag of the higher version because of which the tag is kept.
	By string
	// former is put back after a failure, where no line says what is right.
	former Manifest
}

// ConflictError means that an exact tag exists with another digest.
type ConflictError struct {
	Tag        name.Tag
	Have, Want v1.Hash
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("checking %s: it exists as %s, this release is %s", e.Tag, e.Have, e.Want)
}

// FrozenError means that a rule of the registry keeps a tag from ever moving.
type FrozenError struct{ Tag name.Tag }

func (e *FrozenError) Error() string {
	return fmt.Sprintf("checking %s: the registry's rules make it immutable", e.Tag)
}

// NewPlan decides everything that a release will do. It is pure: the same
// request and snapshot give the same plan. All reasons for which there can be
// none are joined: *[PlatformError], *[ConflictError], and the
// errors of [index.New] and [index.Rewrite].
func NewPlan(req Request, snap Snapshot) (Plan, error) {
	plan := Plan{Version: req.Version, Resumed: snap.Resumed != nil, Absent: snap.Absent}
	var errs []error
	if err := checkPlatforms(snap.contents(), req.Platforms); err != nil {
		errs = append(errs, err)
	} else if plan.Content, err = decide(req, snap); err != nil {
		errs = append(errs, err)
	}
	if snap.Resumed != nil {
		plan.Notices = append(plan.Notices, "sources are gone because an earlier run removed them; going on from "+snap.Resumed.Text)
	}
	for _, s := range snap.Sources {
		plan.Notices = append(plan.Notices, s.Notices...)
		if n := len(s.Other); n > 0 && !snap.Promoted && snap.Resumed == nil {
			plan.Notices = append(plan.Notices, fmt.Sprintf("%s: what its index lists beside images is left out: %d, %s first", s.Text, n, s.Other[0].Digest))
		}
	}
	for _, state := range snap.Targets {
		if plan.Manifest.IsZero() {
			continue // nothing to compare the tags with
		}
		target, err := planTarget(req, state, plan.Manifest.Digest)
		errs = append(errs, err)
		if target.Writes() {
			target.Stage = len(req.Targets) > 1
			target.Loads = planLoads(plan.Content, snap, state)
		}
		target.Page = planPage(req, state)
		plan.Targets = append(plan.Targets, target)
	}
	plan.Temporary = planCleanup(req, snap)
	return plan, errors.Join(errs...)
}

// planTarget decides what happens to each tag of one target.
func planTarget(req Request, state TargetState, ours v1.Hash) (TargetPlan, error) {
	target := TargetPlan{Repo: state.Repo, guard: newGuard(req)}
	var errs []error
	var known []versionTag
	if target.guard != nil {
		known = recognize(req.Scheme, state.Tags)
	}
	begun := false
	for _, t := range req.Tags {
		p := planTag(req, state, target.guard, known, t, ours)
		if p.Action == Leave && begun && t.Kind == semtag.Floating && !state.freezes(t.Name) {
			p.Action = Refresh
		}
		begun = begun || p.Action.Writes()
		errs = append(errs, checkTag(req, state, p, ours))
		target.Tags = append(target.Tags, p)
	}
	return target, errors.Join(errs...)
}

// planTag decides what happens to one tag by itself.
func planTag(req Request, state TargetState, g *guard, known []versionTag, t semtag.Tag, ours v1.Hash) TagPlan {
	p := TagPlan{Tag: t, From: state.Points[t.Name], former: state.Former[t.Name]}
	if req.Guarded(t) {
		p.By = g.higher(t, known)
	}
	switch {
	case p.By != "":
		p.Action = Keep
	case p.From == v1.Hash{}:
		p.Action = Create
	case p.From != ours:
		p.Action = Move
	default:
		p.Action = Leave
	}
	return p
}

// checkTag refuses what must not be written, or cannot.
func checkTag(req Request, state TargetState, p TagPlan, ours v1.Hash) error {
	switch {
	case p.Action == Move && p.Kind == semtag.Exact && !req.Overwrite:
		return &ConflictError{Tag: state.Repo.Tag(p.Name), Have: p.From, Want: ours}
	case state.freezes(p.Name) && (p.Action == Move || p.Action == Create && p.Kind == semtag.Floating):
		return &FrozenError{Tag: state.Repo.Tag(p.Name)}
	}
	return nil
}
