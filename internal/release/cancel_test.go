// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/release"
)

// slow makes every operation take a while, and the given ones for ever, unless the context ends.
func slow(s *store, each time.Duration, hanging ...string) {
	s.answer = func(ctx context.Context, op, ref string, apply func()) error {
		d := each
		if slices.Contains(hanging, op+" "+ref) || slices.Contains(hanging, op) {
			d = 24 * time.Hour
		}
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			apply()
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// TestPublishInterrupted: a release that has begun is finished or taken back in the few seconds that a CI leaves it, and one
// that is out of time is taken back in half a minute.
func TestPublishInterrupted(t *testing.T) {
	t.Parallel()
	interrupted := errors.New("interrupted")
	cancelled := func(ctx context.Context, after time.Duration) context.Context {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(after, func() { cancel(interrupted) })
		return ctx
	}
	timedOut := func(ctx context.Context, after time.Duration) context.Context {
		ctx, cancel := context.WithDeadlineCause(ctx, time.Now().Add(after), interrupted)
		context.AfterFunc(ctx, cancel)
		return ctx
	}
	everything := []string{opPut, opDelete, opList, opResolve, opManifest}
	for _, tt := range []struct {
		name    string
		ctx     func(context.Context, time.Duration) context.Context
		each    time.Duration
		hanging []string
		took    time.Duration
		after   string
		err     bool
	}{
		{"there is time to finish", cancelled, 250 * time.Millisecond, nil, 1250 * time.Millisecond, "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours", false},
		{
			// 1 s until the interruption, 2 s for the write; then the list, the look, the former manifest, the write back, the list and the look.
			"a write hangs", cancelled, 100 * time.Millisecond, []string{"put 1.2.3", "resolve 1.2.3"}, 3600 * time.Millisecond, "1=1.2.2 1.2.2=1.2.2 latest=1.2.2", true,
		},
		{"the last write hangs", cancelled, 100 * time.Millisecond, []string{"put latest"}, 6 * time.Second, "1=ours 1.2.2=1.2.2 1.2.3=ours latest=1.2.2", true},
		{"everything hangs", cancelled, 0, everything, 6 * time.Second, "1=1.2.2 1.2.2=1.2.2 latest=1.2.2", true},
		{"a write hangs until the time is over", timedOut, 100 * time.Millisecond, []string{"put 1.2.3", "resolve 1.2.3"}, 1600 * time.Millisecond, "1=1.2.2 1.2.2=1.2.2 latest=1.2.2", true},
		{"everything hangs until the time is over", timedOut, 0, everything, 31 * time.Second, "1=1.2.2 1.2.2=1.2.2 latest=1.2.2", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := request(t, "1.2.3", "{major}", "{version}", "latest")
				s := seeded(map[string]string{"1": "1.2.2", "1.2.2": "1.2.2", "latest": "1.2.2"})
				reg := registries{req.Primary(): s}
				plan := planFor(t, req, reg)
				slow(s, tt.each, tt.hanging...)
				begin := time.Now()
				result := release.Publish(tt.ctx(t.Context(), time.Second), plan, reg, release.Hooks{})
				if got := time.Since(begin); got != tt.took {
					t.Errorf("it took %s, want %s", got, tt.took)
				}
				if got := s.state(); got != tt.after {
					t.Errorf("tags are %s, want %s", got, tt.after)
				}
				if err := result.Err(); tt.err != errors.Is(err, interrupted) || tt.err != (err != nil) {
					t.Errorf("Err() = %v, want %v: %t", err, interrupted, tt.err)
				}
			})
		})
	}
}
