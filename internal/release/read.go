// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

const (
	// sourceWait is how long a source that is not there yet is waited for. A
	// tag may be invisible for a while after it was pushed.
	sourceWait = 60 * time.Second
	// sourcePoll is the pause between two looks at it.
	sourcePoll = 2 * time.Second
)

// Waiting says that sources are not there yet and are waited for.
type Waiting struct {
	Missing []SourceRef
	// Left is how much longer they are waited for.
	Left time.Duration
}

// Read reads the sources and the targets, everything side by side.
//
// Sources that are missing are waited for, a minute at most; waiting is called
// before each pause. If they are missing because an earlier run of the same
// release removed them, Read goes on from what that run published
// ([Snapshot.Resumed]). Errors: *[MissingSourceError], *[MismatchError],
// *[ListError], and whatever a registry answered, joined.
func Read(ctx context.Context, req Request, reg Registry, waiting func(Waiting)) (Snapshot, error) {
	var snap Snapshot
	var search *search
	held := newAllowance()
	var targetsErr, sourcesErr error
	var group errgroup.Group
	group.Go(func() error {
		snap.Targets, targetsErr = ReadTargets(ctx, req, reg)
		return nil
	})
	group.Go(func() error {
		if search, sourcesErr = newSearch(req, reg, held); sourcesErr == nil {
			sourcesErr = search.look(ctx)
		}
		return nil
	})
	_ = group.Wait() // both failures are reported together
	if err := errors.Join(sourcesErr, targetsErr); err != nil {
		return snap, err
	}
	if search.incomplete() {
		if err := search.complete(ctx, &snap, waiting); err != nil {
			return snap, err
		}
	}
	snap.Sources, snap.Promoted = search.sources()
	return snap, search.loads(ctx, &snap)
}

// contents are the sources that the release consists of.
func (s Snapshot) contents() []Source {
	if s.Resumed != nil {
		return []Source{*s.Resumed}
	}
	return s.Sources
}

// digests are all images and attestations of a source.
func digests(s Source) []v1.Hash {
	var out []v1.Hash
	for _, image := range s.Images {
		out = append(out, image.Descriptor.Digest)
		for _, a := range image.Attestations {
			out = append(out, a.Digest)
		}
	}
	return out
}

// Pause waits for d, or until ctx ends, and then says why it did.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
