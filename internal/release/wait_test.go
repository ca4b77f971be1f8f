// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

// waits collects what was told while waiting: "58s: test-linux-arm64".
type waits []string

func (w *waits) add(now release.Waiting) {
	var missing []string
	for _, ref := range now.Missing {
		missing = append(missing, ref.Text)
	}
	*w = append(*w, fmt.Sprintf("%s: %s", now.Left, strings.Join(missing, " ")))
}

// TestReadWaits: a tag may become visible only a while after it was pushed.
func TestReadWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := stem(t, "linux/amd64", "linux/arm64")
		s := newStore()
		a := s.push(t, amd64, nil, "test-linux-amd64")
		b := s.push(t, arm64, nil)
		begin := time.Now()
		s.answer = func(_ context.Context, op, ref string, apply func()) error {
			if op == opManifest && ref == "test-linux-arm64" && time.Since(begin) >= 3*time.Second {
				s.locked(func() { s.tags[ref] = b.Digest })
			}
			apply()
			return nil
		}
		var told waits
		snap, err := release.Read(t.Context(), req, registries{req.Primary(): s}, told.add)
		if err != nil {
			t.Fatal(err)
		}
		want := []release.Source{
			{SourceRef: temporary(req, "test-linux-amd64", req.Platforms[0]), Manifest: a, Images: []release.Image{imageOf(a, amd64, nil)}},
			{SourceRef: temporary(req, "test-linux-arm64", req.Platforms[1]), Manifest: b, Images: []release.Image{imageOf(b, arm64, nil)}},
		}
		if diff := cmp.Diff(want, snap.Sources, whole); diff != "" {
			t.Errorf("sources (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(waits{"1m0s: test-linux-arm64", "58s: test-linux-arm64"}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got, want := time.Since(begin), 4*time.Second; got != want {
			t.Errorf("it took %s, want %s", got, want)
		}
	})
}

// TestReadWaitsAMinute: whatever is missing then is told, each with its platform.
func TestReadWaitsAMinute(t *testing.T) {
	t.Parallel()
	const of = "reading sources: not found in registry.example/acme/app: "
	for _, tt := range []struct {
		name      string
		platforms []string
		there     []string
		want      release.MissingSourceError
		text      string
	}{
		{
			"nothing is there",
			[]string{"linux/amd64", "linux/arm64"},
			nil,
			release.MissingSourceError{Missing: refs(t, "linux/amd64", "linux/arm64"), Stem: "test"},
			of + "test-linux-amd64 (linux/amd64), test-linux-arm64 (linux/arm64), test",
		},
		{
			// Then the stem, which may be there, is not the image that is meant.
			"some are there",
			[]string{"linux/amd64", "linux/arm64"},
			[]string{"test-linux-amd64", "test"},
			release.MissingSourceError{Missing: refs(t, "linux/arm64")},
			of + "test-linux-arm64 (linux/arm64)",
		},
		{
			"an image to promote", nil, nil,
			release.MissingSourceError{Missing: []release.SourceRef{temporary(stem(t), "test", platform.Spec{})}},
			of + "test",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := stem(t, tt.platforms...)
				s := newStore()
				s.push(t, amd64, nil, tt.there...)
				begin := time.Now()
				var told waits
				_, err := release.Read(t.Context(), req, registries{req.Primary(): s}, told.add)
				if got := time.Since(begin); got != time.Minute || len(told) != 30 {
					t.Errorf("it waited %s and told so %d times, want 1m0s and 30", got, len(told))
				}
				got, ok := errors.AsType[*release.MissingSourceError](err)
				if !ok || !errors.Is(err, release.ErrNotFound) || err.Error() != tt.text {
					t.Fatalf("Read() = %v, want a *MissingSourceError: %s", err, tt.text)
				}
				tt.want.Repository = req.Primary()
				if diff := cmp.Diff(tt.want, *got, whole); diff != "" {
					t.Errorf("error (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestMissingElsewhere: what lives elsewhere is not said to be missing in the primary.
func TestMissingElsewhere(t *testing.T) {
	t.Parallel()
	primary, other := repository(t, "registry.example/acme/app"), repository(t, "other.example/app")
	digest := opaque("x").Digest.String()
	here := release.SourceRef{Text: digest, Ref: primary.Digest(digest)}
	there := release.SourceRef{Text: "linux/arm64=other.example/app:a", Ref: other.Tag("a"), Platform: spec(t, "linux/arm64"), Override: true}
	for _, tt := range []struct {
		missing []release.SourceRef
		want    string
	}{
		{[]release.SourceRef{here}, "reading sources: not found in registry.example/acme/app: " + digest},
		{[]release.SourceRef{there}, "reading sources: not found: other.example/app:a (linux/arm64)"},
		{[]release.SourceRef{here, there}, "reading sources: not found: registry.example/acme/app@" + digest + ", other.example/app:a (linux/arm64)"},
	} {
		err := &release.MissingSourceError{Repository: primary, Missing: tt.missing}
		if got := err.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}

// refs are the per-platform tags of the stem.
func refs(tb testing.TB, texts ...string) []release.SourceRef {
	tb.Helper()
	out, err := stem(tb, texts...).PlatformTags()
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TestReadWaitsUntilCancelled: an interrupted run says both what it waited for and that it was interrupted.
func TestReadWaitsUntilCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := stem(t, "linux/amd64")
		interrupted := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(interrupted) })
		begin := time.Now()
		_, err := release.Read(ctx, req, registries{req.Primary(): newStore()}, func(release.Waiting) {})
		if _, ok := errors.AsType[*release.MissingSourceError](err); !ok || !errors.Is(err, interrupted) {
			t.Errorf("Read() = %v, want a *MissingSourceError and %v", err, interrupted)
		}
		if got, want := time.Since(begin), 5*time.Second; got != want {
			t.Errorf("it took %s, want %s", got, want)
		}
	})
}

// TestReadStopsWaitingAtErrors: only what is not there is waited for.
func TestReadStopsWaitingAtErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := stem(t, "linux/amd64")
		s := newStore()
		begin := time.Now()
		denied := errors.New("denied")
		s.answer = func(_ context.Context, op, _ string, apply func()) error {
			if op == opManifest && time.Since(begin) > 3*time.Second {
				return denied
			}
			apply()
			return nil
		}
		_, err := release.Read(t.Context(), req, registries{req.Primary(): s}, func(release.Waiting) {})
		if got, want := time.Since(begin), 4*time.Second; !errors.Is(err, denied) || got != want {
			t.Errorf("Read() = %v after %s, want %v after %s", err, got, denied, want)
		}
	})
}

// TestReadResumes: an earlier run of this very release has removed sources.
func TestReadResumes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		there  []string
		absent []string
	}{
		{"all sources are gone", nil, []string{"linux/amd64", "linux/arm64"}},
		{"one is gone", []string{"test-linux-amd64"}, []string{"linux/arm64"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := stem(t, "linux/amd64", "linux/arm64")
			s := newStore()
			a, b := s.push(t, amd64, nil, tt.there...), s.push(t, arm64, nil)
			x := s.pushIndex(t, []v1.Descriptor{entry(a, &amd64), entry(b, &arm64)}, "1.2.3")
			got, err := read(t, req, s)
			if err != nil {
				t.Fatal(err)
			}
			want := release.Snapshot{
				Resumed: &release.Source{
					SourceRef: release.SourceRef{Text: "1.2.3", Ref: req.Primary().Digest(x.Digest.String())}, Manifest: x,
					Images: []release.Image{imageOf(a, amd64, nil), imageOf(b, arm64, nil)},
				},
				Absent: refs(t, tt.absent...),
				Targets: []release.TargetState{{
					Repo: req.Primary(), Tags: append([]string{"1.2.3"}, tt.there...), Points: map[string]v1.Hash{"1.2.3": x.Digest},
				}},
			}
			for _, tag := range tt.there {
				want.Sources = append(want.Sources, release.Source{
					SourceRef: temporary(req, tag, req.Platforms[0]), Manifest: a, Images: []release.Image{imageOf(a, amd64, nil)},
				})
			}
			if diff := cmp.Diff(want, got, whole); diff != "" {
				t.Errorf("Read (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadDoesNotResume from what may be another release: it waits for the sources instead.
// TestReadResumesAfterKilledCleanup: an earlier run was killed after it had moved a temporary tag to a dummy and before it could
// delete that.
func TestReadResumesAfterKilledCleanup(t *testing.T) {
	t.Parallel()
	req := stem(t, "linux/amd64", "linux/arm64")
	req.Cleanup = true
	s := newStore()
	a, b := s.push(t, amd64, nil, "test-linux-amd64"), s.push(t, arm64, nil)
	s.pushIndex(t, []v1.Descriptor{entry(a, &amd64), entry(b, &arm64)}, "1.2.3")
	dummy := s.add("dummy", opaque(`{"annotations":{"`+release.DummyAnnotation+`":"test-linux-arm64"}}`), "test-linux-arm64")
	snap, err := read(t, req, s)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := release.NewPlan(req, snap)
	if err != nil {
		t.Fatal(err)
	}
	want := []release.TemporaryTag{{Name: "test-linux-amd64", Digest: a.Digest}, {Name: "test-linux-arm64", Digest: dummy.Digest}}
	if diff := cmp.Diff(want, plan.Temporary); !plan.Resumed || diff != "" {
		t.Errorf("resumed = %t, temporary tags (-want +got):\n%s", plan.Resumed, diff)
	}
}

func TestReadDoesNotResume(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		push func(testing.TB, *store)
	}{
		{"the version does not exist", func(testing.TB, *store) {}},
		{"the version has another set of platforms", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, []v1.Descriptor{entry(s.push(tb, amd64, nil), &amd64)}, "1.2.3")
		}},
		{"the version has a platform more", func(tb testing.TB, s *store) {
			tb.Helper()
			more := v1.Platform{OS: "linux", Architecture: "s390x"}
			s.pushIndex(tb, []v1.Descriptor{
				entry(s.push(tb, amd64, nil), &amd64), entry(s.push(tb, arm64, nil), &arm64), entry(s.push(tb, more, nil), &more),
			}, "1.2.3")
		}},
		{"a source that is there is no part of the version", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, []v1.Descriptor{entry(s.push(tb, amd64, nil), &amd64), entry(s.push(tb, arm64, nil), &arm64)}, "1.2.3")
			s.push(tb, amd64, map[string]string{"another": "build"}, "test-linux-amd64")
		}},
		{"only a floating tag is there", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, []v1.Descriptor{entry(s.push(tb, amd64, nil), &amd64), entry(s.push(tb, arm64, nil), &arm64)}, "latest")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := stem(t, "linux/amd64", "linux/arm64")
				s := newStore()
				tt.push(t, s)
				_, err := release.Read(t.Context(), req, registries{req.Primary(): s}, func(release.Waiting) {})
				if _, ok := errors.AsType[*release.MissingSourceError](err); !ok {
					t.Errorf("Read() = %v, want a *MissingSourceError", err)
				}
			})
		})
	}
}
