// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// seeded is a store in which tags point at opaque manifests.
func seeded(points map[string]string) *store {
	s := newStore()
	for tag, text := range points {
		if text == "ours" {
			text = "tested"
		}
		s.add(text, opaque(text), tag)
	}
	s.names[opaque("tested").Digest] = "ours"
	return s
}

// planFor plans the release of opaque("tested") to what the stores hold.
func planFor(t *testing.T, req release.Request, reg registries) release.Plan {
	t.Helper()
	snap := promotion(req, nil)
	var err error
	if snap.Targets, err = release.ReadTargets(t.Context(), req, reg); err != nil {
		t.Fatal(err)
	}
	plan, err := release.NewPlan(req, snap)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// atOnce are hooks that wait for nothing.
var atOnce = release.Hooks{Pause: func(context.Context, time.Duration) error { return nil }}

// told writes a row: "1 moved from 1.2.2 to ours", with its version and its reason.
func told(r release.Row, names map[v1.Hash]string) string {
	text := fmt.Sprintf("%s %s", r.Tag, r.Status)
	if r.From != (v1.Hash{}) {
		text += " from " + names[r.From]
	}
	switch {
	case r.Unknown:
		text += " to what is not known"
	case r.To != v1.Hash{}:
		text += " to " + names[r.To]
	}
	if r.By != "" {
		text += " by " + r.By
	}
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	return text
}

// fault answers the nth operation on a ref, from 1, and leaves all others alone. An n of 0 is every one.
type fault struct {
	op, ref string
	n       int
	applied bool
	err     error
}

func faulty(s *store, faults ...fault) *store {
	seen := map[string]int{}
	s.answer = func(_ context.Context, op, ref string, apply func()) error {
		var n int
		s.locked(func() {
			seen[op+ref]++
			n = seen[op+ref]
		})
		for _, f := range faults {
			if f.op == op && f.ref == ref && (f.n == 0 || f.n == n) {
				if f.applied {
					apply()
				}
				return f.err
			}
		}
		apply()
		return nil
	}
	return s
}

// meanwhile does something when an operation on a ref is asked for the first time, before it is carried out.
func meanwhile(s *store, op, ref string, do func(s *store)) *store {
	begun := false
	s.answer = func(_ context.Context, gotOp, gotRef string, apply func()) error {
		s.locked(func() {
			if !begun && gotOp == op && gotRef == ref {
				begun = true
				do(s)
			}
		})
		apply()
		return nil
	}
	return s
}

var (
	errRefused = fmt.Errorf("403 Forbidden: %w", release.ErrRefused)
	errLost    = errors.New("connection reset")
)

// publishCase is one release to one repository.
type publishCase struct {
	name   string
	req    release.Request
	before map[string]string
	// change makes the store behave, after the plan was made.
	change func(*store) *store
	rows   []string
	writes []string
	after  string
	err    string // empty: success
	// released is whether the exact tag has our digest in the end.
	released bool
}

func (tt publishCase) run(t *testing.T) {
	t.Helper()
	s := seeded(tt.before)
	reg := registries{tt.req.Primary(): s}
	plan := planFor(t, tt.req, reg)
	if tt.change != nil {
		tt.change(s)
	}
	result := release.Publish(t.Context(), plan, reg, atOnce)
	got := result.Targets[0]
	var rows []string
	for i, r := range got.Rows {
		rows = append(rows, told(r, s.names))
		if r.Kind != tt.req.Tags[i].Kind {
			t.Errorf("row %s is %s, want %s", r.Tag, r.Kind, tt.req.Tags[i].Kind)
		}
	}
	if diff := cmp.Diff(tt.rows, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(tt.writes, s.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if got := s.state(); got != tt.after {
		t.Errorf("tags are %s, want %s", got, tt.after)
	}
	if got := fmt.Sprint(errors.Join(got.Err)); tt.err == "" && got != "<nil>" || !strings.Contains(got, tt.err) {
		t.Errorf("error = %s, want %s", got, tt.err)
	}
	if got.Released != tt.released {
		t.Errorf("Released = %t, want %t", got.Released, tt.released)
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	force := func(r release.Request) release.Request { r.Force = true; return r }
	for _, tt := range []publishCase{
		{
			name:     "the first release",
			req:      request(t, "1.2.3"),
			rows:     []string{"1 created to ours", "1.2 created to ours", "1.2.3 created to ours", "latest created to ours"},
			writes:   []string{"put 1 ours", "put 1.2 ours", "put 1.2.3 ours", "put latest ours"},
			after:    "1=ours 1.2=ours 1.2.3=ours latest=ours",
			released: true,
		},
		{
			name:     "the next patch",
			req:      request(t, "1.2.3", "{major}", "{version}", "latest"),
			before:   map[string]string{"1": "1.2.2", "1.2.2": "1.2.2", "latest": "1.2.2"},
			rows:     []string{"1 moved from 1.2.2 to ours", "1.2.3 created to ours", "latest moved from 1.2.2 to ours"},
			writes:   []string{"put 1 ours", "put 1.2.3 ours", "put latest ours"},
			after:    "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours",
			released: true,
		},
		{
			name:     "the second run",
			req:      request(t, "1.2.3", "{major}", "nightly", "{version}", "latest"),
			before:   map[string]string{"1": "ours", "1.2.3": "ours", "latest": "ours", "nightly": "ours"},
			rows:     []string{"1 unchanged from ours to ours", "nightly unchanged from ours to ours", "1.2.3 unchanged from ours to ours", "latest unchanged from ours to ours"},
			after:    "1=ours 1.2.3=ours latest=ours nightly=ours",
			released: true,
		},
		{
			name:     "put again for the order",
			req:      request(t, "1.2.3", "{major}", "{version}", "latest"),
			before:   map[string]string{"1": "1.2.2", "1.2.2": "1.2.2", "1.2.3": "ours", "latest": "ours"},
			rows:     []string{"1 moved from 1.2.2 to ours", "1.2.3 unchanged from ours to ours", "latest unchanged from ours to ours"},
			writes:   []string{"put 1 ours", "put latest ours"},
			after:    "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours",
			released: true,
		},
		{
			name:     "a backport",
			req:      request(t, "1.1.9", "{major}", "{major}.{minor}", "{version}", "latest"),
			before:   map[string]string{"1": "1.2.3", "1.2.3": "1.2.3", "latest": "1.2.3"},
			rows:     []string{"1 kept from 1.2.3 to 1.2.3 by 1.2.3", "1.1 created to ours", "1.1.9 created to ours", "latest kept from 1.2.3 to 1.2.3 by 1.2.3"},
			writes:   []string{"put 1.1 ours", "put 1.1.9 ours"},
			after:    "1=1.2.3 1.1=ours 1.1.9=ours 1.2.3=1.2.3 latest=1.2.3",
			released: true,
		},
		{
			name:     "a backport, and latest is wrong",
			req:      request(t, "1.1.9", "{major}", "{version}", "latest"),
			before:   map[string]string{"1.2.3": "1.2.3", "latest": "old"},
			rows:     []string{"1 settled to 1.2.3 by 1.2.3", "1.1.9 created to ours", "latest settled from old to 1.2.3 by 1.2.3"},
			writes:   []string{"put 1.1.9 ours", "put 1 1.2.3", "put latest 1.2.3"},
			after:    "1=1.2.3 1.1.9=ours 1.2.3=1.2.3 latest=1.2.3",
			released: true,
		},
		{
			name:   "forced back",
			req:    force(request(t, "1.1.9", "{major}", "{version}", "latest")),
			before: map[string]string{"1": "1.2.3", "1.2.3": "1.2.3", "latest": "1.2.3"},
			rows:   []string{"1 moved from 1.2.3 to ours", "1.1.9 created to ours", "latest moved from 1.2.3 to ours"},
			writes: []string{"put 1 ours", "put 1.1.9 ours", "put latest ours"},
			after:  "1=ours 1.1.9=ours 1.2.3=1.2.3 latest=ours", released: true,
		},
		{
			name:   "a pre-release",
			req:    request(t, "1.2.3-rc.1"),
			before: map[string]string{"1": "1.1.0", "1.1.0": "1.1.0", "latest": "1.1.0"},
			rows:   []string{"1.2.3-rc.1 created to ours"},
			writes: []string{"put 1.2.3-rc.1 ours"},
			after:  "1=1.1.0 1.1.0=1.1.0 1.2.3-rc.1=ours latest=1.1.0", released: true,
		},
		{
			name:   "literals alone",
			req:    request(t, "", "nightly", "BUILD-131"),
			before: map[string]string{"nightly": "old"},
			rows:   []string{"nightly moved from old to ours", "BUILD-131 created to ours"},
			writes: []string{"put nightly ours", "put BUILD-131 ours"},
			after:  "BUILD-131=ours nightly=ours",
		},
		{
			name:   "a higher version is released meanwhile",
			req:    request(t, "1.2.3", "{major}", "{version}", "latest"),
			change: func(s *store) *store { return meanwhile(s, opPut, "latest", releasing("1.3.0", "1", "latest")) },
			rows:   []string{"1 superseded to 1.3.0 by 1.3.0", "1.2.3 created to ours", "latest settled to 1.3.0 by 1.3.0"},
			writes: []string{"put 1 ours", "put 1.2.3 ours", "put latest ours", "put latest 1.3.0"},
			after:  "1=1.3.0 1.2.3=ours 1.3.0=1.3.0 latest=1.3.0", released: true,
		},
		{
			name:   "a higher version is on its way",
			req:    request(t, "1.2.3", "{major}", "{version}", "latest"),
			change: func(s *store) *store { return meanwhile(s, opPut, "latest", releasing("1.3.0")) },
			rows:   []string{"1 settled to 1.3.0 by 1.3.0", "1.2.3 created to ours", "latest settled to 1.3.0 by 1.3.0"},
			writes: []string{"put 1 ours", "put 1.2.3 ours", "put latest ours", "put 1 1.3.0", "put latest 1.3.0"},
			after:  "1=1.3.0 1.2.3=ours 1.3.0=1.3.0 latest=1.3.0", released: true,
		},
		{
			name: "a lower version takes a tag meanwhile",
			req:  request(t, "1.2.3", "{major}", "{version}", "latest"),
			change: func(s *store) *store {
				return meanwhile(s, opList, "", func(s *store) { s.add("1.2.2", opaque("1.2.2"), "1.2.2", "1") })
			},
			rows:   []string{"1 created to ours", "1.2.3 created to ours", "latest created to ours"},
			writes: []string{"put 1 ours", "put 1.2.3 ours", "put latest ours", "put 1 ours"},
			after:  "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours", released: true,
		},
		{
			name: "a list that does not show our exact tag yet",
			req:  request(t, "1.2.3", "{version}", "latest"),
			before: map[string]string{
				"1.2.2": "1.2.2", "latest": "1.2.2",
			},
			change: func(s *store) *store {
				s.hidden = []string{"1.2.3"}
				return s
			},
			rows:   []string{"1.2.3 created to ours", "latest moved from 1.2.2 to ours"},
			writes: []string{"put 1.2.3 ours", "put latest ours"},
			after:  "1.2.2=1.2.2 1.2.3=ours latest=ours", released: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t)
		})
	}
}

// releasing stands for another release, which gets its exact tag and the given ones.
func releasing(version string, tags ...string) func(*store) {
	return func(s *store) { s.add(version, opaque(version), append(tags, version)...) }
}
