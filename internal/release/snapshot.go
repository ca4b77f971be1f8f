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

	"github.com/polytag/polytag/internal/semtag"
)

// Snapshot is everything that a plan is made from, as the registries had it.
type Snapshot struct {
	// Sources are the images that were found, in the order asked for.
	Sources []Source
	// Promoted says that the one source is published as it is.
	Promoted bool
	// Resumed is what this version's exact tag points at, where an earlier run
	// published it and then removed sources. Nil otherwise.
	Resumed *Source
	// Absent are the temporary tags that are gone already.
	Absent []SourceRef
	// Dummies says behind which of the absent tags an interrupted clean-up left
	// a manifest that is still to be removed, by tag.
	Dummies map[string]v1.Hash
	// Loads are the manifests that some target lacks, or may lack: images,
	// attestations and artifacts, then indexes, the inner before the outer, then
	// what refers to any of them.
	Loads []Load
	// Targets holds one state for each of the request's targets, in order.
	Targets []TargetState
}

// TargetState is what a target repository held when it was read.
type TargetState struct {
	Repo name.Repository
	// Tags are all tags, sorted. Nil if nothing that is published asks for
	// them: guarded floating tags and pages do.
	Tags []string
	// Points says what each tag that this release publishes points at. A tag
	// that does not exist is missing.
	Points map[string]v1.Hash
	// Former holds the manifests behind tags that have no line to be settled
	// by, literals and forced floating tags, so that they can be put back.
	Former map[string]Manifest
	// Frozen reports whether a rule of the registry keeps a tag from being
	// moved or deleted. Nil: there is no such rule, or none can be read.
	Frozen func(tag string) bool
	// Lacks are images and attestations of the release that the target does
	// not have.
	Lacks []v1.Hash
}

// errEmptyList means that a list is no evidence.
var errEmptyList = errors.New("the list is empty, and there are tags")

// freezes reports whether a rule keeps the tag from being moved or deleted.
func (s TargetState) freezes(tag string) bool { return s.Frozen != nil && s.Frozen(tag) }

// ListError means that the tags of a target cannot be listed, so that nobody
// can tell whether a floating tag would move backwards.
type ListError struct {
	Repository name.Repository
	Err        error
}

func (e *ListError) Error() string {
	return fmt.Sprintf("listing the tags of %s: %v", e.Repository, e.Err)
}

// Unwrap returns what the registry said.
func (e *ListError) Unwrap() error { return e.Err }

// ReadTargets reads the tags of every target, side by side. All failures are
// joined.
func ReadTargets(ctx context.Context, req Request, reg Registry) ([]TargetState, error) {
	states := make([]TargetState, len(req.Targets))
	errs := make([]error, len(req.Targets))
	var group errgroup.Group
	for i, repo := range req.Targets {
		group.Go(func() error {
			states[i], errs[i] = readTarget(ctx, req, repo, reg.Repository(repo))
			return nil
		})
	}
	_ = group.Wait() // every failure is in errs
	return states, errors.Join(errs...)
}

func readTarget(ctx context.Context, req Request, repo name.Repository, r Repository) (TargetState, error) {
	state := TargetState{Repo: repo, Points: map[string]v1.Hash{}, Former: map[string]Manifest{}}
	group, ctx := errgroup.WithContext(ctx)
	if slices.ContainsFunc(req.Tags, req.Guarded) || req.pageDepends() {
		group.Go(func() error {
			tags, err := r.List(ctx)
			if err != nil {
				return &ListError{Repository: repo, Err: err}
			}
			slices.Sort(tags)
			state.Tags = append([]string{}, tags...) // listed, if perhaps empty
			return nil
		})
	}
	var points map[string]v1.Hash
	group.Go(func() (err error) {
		if points, err = r.Resolve(ctx, lined(req)); err != nil {
			return fmt.Errorf("looking up tags of %s: %w", repo, err)
		}
		return nil
	})
	var formers map[string]Manifest
	group.Go(func() (err error) {
		formers, err = readFormers(ctx, req, repo, r)
		return err
	})
	if err := group.Wait(); err != nil {
		return state, err
	}
	if state.Tags != nil && len(state.Tags) == 0 && len(points) > 0 {
		return state, &ListError{Repository: repo, Err: errEmptyList}
	}
	maps.Copy(state.Points, points)
	for tag, m := range formers {
		state.Points[tag], state.Former[tag] = m.Digest, m
	}
	return state, nil
}

// lined are the tags of which the exact tags say what they should be.
func lined(req Request) []string {
	var out []string
	for _, t := range req.Tags {
		if t.Kind == semtag.Exact || req.Guarded(t) {
			out = append(out, t.Name)
		}
	}
	return out
}

// readFormers reads the manifests behind the other tags, side by side.
func readFormers(ctx context.Context, req Request, repo name.Repository, r Reader) (map[string]Manifest, error) {
	var mu sync.Mutex
	formers := map[string]Manifest{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for _, t := range req.Tags {
		if t.Kind == semtag.Exact || req.Guarded(t) {
			continue
		}
		group.Go(func() error {
			m, err := r.Manifest(ctx, t.Name)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("looking up %s: %w", repo.Tag(t.Name), err)
			}
			mu.Lock()
			defer mu.Unlock()
			formers[t.Name] = m
			return nil
		})
	}
	return formers, group.Wait()
}
