// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// stale makes lookups of a tag show what it pointed at before, until that much time has passed. Writes are applied at once.
func stale(s *store, tag string, until time.Duration) {
	begin := time.Now()
	before, there := s.tags[tag]
	s.show = func(found map[string]v1.Hash) {
		if _, asked := found[tag]; !asked || time.Since(begin) >= until {
			return
		}
		if delete(found, tag); there {
			found[tag] = before
		}
	}
}

// TestPublishVerifies: what was written is read back until it shows, for half a minute.
func TestPublishVerifies(t *testing.T) {
	t.Parallel()
	const (
		never = "it does not point at what was pushed"
		lost  = "the registry took it, and does not show it"
	)
	for _, tt := range []struct {
		name  string
		tag   string
		until time.Duration
		took  time.Duration
		rows  []string
		err   string
	}{
		{"at once", "1.2.3", 0, 0, []string{"nightly moved from old to ours", "1.2.3 created to ours", "latest created to ours"}, ""},
		{"an exact tag shows late", "1.2.3", 2500 * time.Millisecond, 3 * time.Second, []string{"nightly moved from old to ours", "1.2.3 created to ours", "latest created to ours"}, ""},
		{"a literal shows late", "nightly", 10 * time.Second, 10 * time.Second, []string{"nightly moved from old to ours", "1.2.3 created to ours", "latest created to ours"}, ""},
		{"a floating tag shows late", "latest", 2500 * time.Millisecond, 3 * time.Second, []string{"nightly moved from old to ours", "1.2.3 created to ours", "latest created to ours"}, ""},
		{
			"an exact tag never shows", "1.2.3", time.Hour, 30 * time.Second,
			[]string{"nightly rolled back from old to old", "1.2.3 failed: verifying registry.example/acme/app:1.2.3: " + lost, "latest rolled back"},
			"verifying registry.example/acme/app:1.2.3: " + lost,
		},
		{
			"a literal never shows", "nightly", time.Hour, 30 * time.Second,
			[]string{"nightly failed from old to old: " + never, "1.2.3 created to ours", "latest created to ours"},
			"verifying registry.example/acme/app:nightly: " + never,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := request(t, "1.2.3", "nightly", "{version}", "latest")
				s := seeded(map[string]string{"nightly": "old"})
				reg := registries{req.Primary(): s}
				plan := planFor(t, req, reg)
				stale(s, tt.tag, tt.until)
				begin := time.Now()
				result := release.Publish(t.Context(), plan, reg, release.Hooks{})
				if got := time.Since(begin); got != tt.took {
					t.Errorf("it took %s, want %s", got, tt.took)
				}
				var rows []string
				for _, r := range result.Targets[0].Rows {
					rows = append(rows, told(r, s.names))
				}
				if diff := cmp.Diff(tt.rows, rows); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
				if got := fmt.Sprint(errors.Join(result.Targets[0].Err)); tt.err == "" && got != "<nil>" || !strings.Contains(got, tt.err) {
					t.Errorf("error = %s, want %s", got, tt.err)
				}
				// A floating tag may be put again, because somebody may have moved it, but not as fast as can be.
				if most := 4 + int(tt.took/time.Second); tt.err == "" && len(s.writes) > most {
					t.Errorf("writes are %q, want %d at most", s.writes, most)
				}
			})
		})
	}
}

// TestPublishWaitsForOwners: a version that is listed owns its line, even if its tag cannot be looked up yet. The floating tag is
// not taken away meanwhile.
func TestPublishWaitsForOwners(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := request(t, "1.2.3", "{version}", "latest")
		s := newStore()
		s.names[opaque("tested").Digest] = "ours"
		reg := registries{req.Primary(): s}
		plan := planFor(t, req, reg)
		stale(s, "1.3.0", 2500*time.Millisecond)
		s.add("1.3.0", opaque("1.3.0"), "1.3.0")
		got := release.Publish(t.Context(), plan, reg, release.Hooks{}).Targets[0]
		var rows []string
		for _, r := range got.Rows {
			rows = append(rows, told(r, s.names))
		}
		if diff := cmp.Diff([]string{"1.2.3 created to ours", "latest settled to 1.3.0 by 1.3.0"}, rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if got := s.state(); got != "1.2.3=ours 1.3.0=1.3.0 latest=1.3.0" || slices.Contains(s.writes, "delete latest") {
			t.Errorf("tags are %s after %q, want latest=1.3.0 and no delete", got, s.writes)
		}
		if got.Err != nil {
			t.Error(got.Err)
		}
	})
}

// TestPublishGivesUp where somebody moves a tag after every write, and says what to do.
func TestPublishGivesUp(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}", "latest")
	s := newStore()
	reg := registries{req.Primary(): s}
	plan := planFor(t, req, reg)
	puts := 0
	s.answer = func(_ context.Context, op, ref string, apply func()) error {
		apply()
		if op == opPut && ref == "latest" {
			puts++
			s.locked(func() { s.add("theirs", opaque("theirs"), "latest") })
		}
		return nil
	}
	result := release.Publish(t.Context(), plan, reg, atOnce)
	const want = "run it again"
	if err := result.Err(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Err() = %v, want …%s", err, want)
	}
	if puts != 21 { // one to publish, and twenty passes
		t.Errorf("latest was put %d times, want 21", puts)
	}
}

// TestPublishTargets: each target is for itself, and the error says what is where.
func TestPublishTargets(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}", "latest")
	second := repository(t, "other.example/app")
	req.Targets = append(req.Targets, second)
	well, broken := seeded(nil), faulty(seeded(map[string]string{"latest": "old"}), fault{op: opPut, ref: "1.2.3", err: errRefused})
	reg := registries{req.Primary(): well, second: broken}
	plan := planFor(t, req, reg)

	if _, err := release.Stage(t.Context(), plan, reg, new(release.Meter)); err != nil {
		t.Fatal(err)
	}
	ours := opaque("tested").Digest
	for _, s := range reg {
		if want := []string{"put " + ours.String() + " ours"}; !slices.Equal(s.writes, want) {
			t.Errorf("staging wrote %q, want %q", s.writes, want)
		}
	}

	result := release.Publish(t.Context(), plan, reg, atOnce)
	if got, want := well.state()+" | "+broken.state(), "1.2.3=ours latest=ours | latest=old"; got != want {
		t.Errorf("tags are %s, want %s", got, want)
	}
	err, ok := errors.AsType[*release.PublishError](result.Err())
	if !ok || !errors.Is(err, release.ErrRefused) || len(err.Targets) != 1 || err.Targets[0].Repo != second {
		t.Fatalf("Err() = %v, want a *PublishError of %s with its cause", result.Err(), second)
	}
	for _, want := range []string{
		"publishing to " + second.String() + ": pushing " + second.String() + ":1.2.3: 403 Forbidden: refused",
		"1.2.3 absent (failed)", "latest at sha256:" + opaque("old").Digest.Hex[:12] + " (failed)",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Error() = %s, want …%s…", err, want)
		}
	}

	broken.answer = nil
	again := planFor(t, req, reg)
	well.writes = nil
	if err := release.Publish(t.Context(), again, reg, atOnce).Err(); err != nil {
		t.Fatal(err)
	}
	if got, want := well.state()+" | "+broken.state(), "1.2.3=ours latest=ours | 1.2.3=ours latest=ours"; got != want || well.writes != nil {
		t.Errorf("after the second run tags are %s, want %s; writes to the first are %q, want none", got, want, well.writes)
	}
}

// TestStageFails: the first failure ends the release before any tag moved.
func TestStageFails(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	second := repository(t, "other.example/app")
	req.Targets = append(req.Targets, second)
	ours := opaque("tested").Digest.String()
	reg := registries{req.Primary(): newStore(), second: faulty(newStore(), fault{op: opPut, ref: ours, err: errRefused})}
	_, err := release.Stage(t.Context(), planFor(t, req, reg), reg, new(release.Meter))
	if want := "staging other.example/app@" + ours + ": 403 Forbidden: refused"; err == nil || err.Error() != want {
		t.Errorf("Stage() = %v, want %s", err, want)
	}
}

// TestHooksWrote: every write is told, and what was only tried is not.
func TestHooksWrote(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{major}", "{version}", "latest")
	s := newStore()
	reg := registries{req.Primary(): s}
	plan := planFor(t, req, reg)
	faulty(s, fault{op: opPut, ref: "1.2.3", err: errRefused})
	hooks := atOnce
	var got []string
	hooks.Wrote = func(tag name.Tag, to v1.Hash) { got = append(got, tag.String()+" "+to.Hex) }
	release.Publish(t.Context(), plan, reg, hooks)
	want := []string{"registry.example/acme/app:1 " + opaque("tested").Digest.Hex, "registry.example/acme/app:1 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
