// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/release"
)

const (
	// sideBySide is how many tags are removed at once.
	sideBySide = 4
	// looks is how often a tag is looked up before it counts as still there.
	looks = 6
	// lookPause is the pause behind the first look; each further is longer by it.
	lookPause = time.Second
)

// each does something with each tag, a few side by side; one refusal does not
// stop the others.
func each(tags []release.TemporaryTag, do func(t release.TemporaryTag) error) failures {
	failed := failures{}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(sideBySide)
	for _, t := range tags {
		group.Go(func() error {
			if err := do(t); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed[t.Name] = err
			}
			return nil
		})
	}
	_ = group.Wait() // failures are in the map
	return failed
}

// removeEach removes tags by name: each is looked up, removed, and looked up
// again until it is gone.
func (j job) removeEach(ctx context.Context, remove func(t release.TemporaryTag) error) failures {
	return each(j.tags, func(t release.TemporaryTag) error {
		there, err := j.there(ctx, t)
		if err != nil || !there {
			return err
		}
		if err := remove(t); err != nil {
			return err
		}
		return j.gone(ctx, t.Name, t.Digest)
	})
}

// there looks whether a tag is still there. One that points elsewhere is an
// error.
func (j job) there(ctx context.Context, t release.TemporaryTag) (bool, error) {
	now, err := j.look(ctx, t.Name)
	switch {
	case err != nil:
		return false, err
	case now == v1.Hash{}:
		return false, nil
	case now != t.Digest:
		return false, &release.MovedError{Now: now}
	}
	return true, nil
}

// gone looks until a tag, or a digest, that points at a digest is gone. One that
// points elsewhere has been pushed anew, and is somebody's.
func (j job) gone(ctx context.Context, ref string, digest v1.Hash) error {
	for n := 1; ; n++ {
		now, err := j.look(ctx, ref)
		switch {
		case err != nil:
			return err
		case now == v1.Hash{}:
			return nil
		case now != digest:
			return &release.MovedError{Now: now}
		case n == looks:
			return errors.New("the registry took the request, but it is still there")
		}
		if err := release.Pause(ctx, time.Duration(n)*lookPause); err != nil {
			return err
		}
	}
}

// look returns what a tag or digest points at; zero if it does not exist.
func (j job) look(ctx context.Context, ref string) (v1.Hash, error) {
	now, err := j.Registry.Repository(j.repo).Resolve(ctx, []string{ref})
	if err != nil {
		return v1.Hash{}, fmt.Errorf("looking it up: %w", err)
	}
	return now[ref], nil
}
