// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

var actions = map[release.Action]string{
	release.Leave: "leave", release.Create: "create", release.Move: "move", release.Refresh: "refresh", release.Keep: "keep",
}

// planned writes the tags of a target plan, one each: "floating 1: keep old, by 1.3.0".
func planned(t release.TargetPlan, names map[v1.Hash]string) []string {
	var out []string
	for _, p := range t.Tags {
		text := fmt.Sprintf("%s %s: %s", p.Kind, p.Name, actions[p.Action])
		if p.From != (v1.Hash{}) {
			text += " " + names[p.From]
		}
		if p.By != "" {
			text += ", by " + p.By
		}
		out = append(out, text)
	}
	return out
}

// naming gives back the texts of opaque manifests.
func naming(texts ...string) map[v1.Hash]string {
	out := map[v1.Hash]string{}
	for _, text := range texts {
		out[opaque(text).Digest] = text
	}
	out[opaque("tested").Digest] = "ours"
	return out
}

func TestNewPlanTags(t *testing.T) {
	t.Parallel()
	force := func(r release.Request) release.Request { r.Force = true; return r }
	overwrite := func(r release.Request) release.Request { r.Overwrite = true; return r }
	for _, tt := range []struct {
		name   string
		req    release.Request
		points map[string]string
		want   []string
	}{
		{
			"the first release", request(t, "1.2.3"), nil,
			[]string{"floating 1: create", "floating 1.2: create", "exact 1.2.3: create", "floating latest: create"},
		},
		{
			"the next patch", request(t, "1.2.4"),
			map[string]string{"1": "1.2.3", "1.2": "1.2.3", "1.2.3": "1.2.3", "latest": "1.2.3"},
			[]string{"floating 1: move 1.2.3", "floating 1.2: move 1.2.3", "exact 1.2.4: create", "floating latest: move 1.2.3"},
		},
		{
			"a backport", request(t, "1.1.9"),
			map[string]string{"1": "1.2.3", "1.1": "1.1.8", "1.1.8": "1.1.8", "1.2": "1.2.3", "1.2.3": "1.2.3", "latest": "1.2.3"},
			[]string{"floating 1: keep 1.2.3, by 1.2.3", "floating 1.1: move 1.1.8", "exact 1.1.9: create", "floating latest: keep 1.2.3, by 1.2.3"},
		},
		{
			"a backport to an older major version", request(t, "1.9.0"),
			map[string]string{"2.0.0": "2.0.0", "2": "2.0.0", "latest": "2.0.0", "1.8.0": "1.8.0", "1": "1.8.0"},
			[]string{"floating 1: move 1.8.0", "floating 1.9: create", "exact 1.9.0: create", "floating latest: keep 2.0.0, by 2.0.0"},
		},
		{
			"a backport where the floating tag does not exist", request(t, "1.1.9"),
			map[string]string{"1.2.3": "1.2.3"},
			[]string{"floating 1: keep, by 1.2.3", "floating 1.1: create", "exact 1.1.9: create", "floating latest: keep, by 1.2.3"},
		},
		{
			"a pre-release", request(t, "1.2.3-rc.1"),
			map[string]string{"1": "1.1.0", "latest": "1.1.0", "1.1.0": "1.1.0"},
			[]string{"exact 1.2.3-rc.1: create"},
		},
		{
			"a higher pre-release does not count", request(t, "1.2.3"),
			map[string]string{"1.3.0-rc.1": "1.3.0-rc.1", "2.0.0-0": "2.0.0-0"},
			[]string{"floating 1: create", "floating 1.2: create", "exact 1.2.3: create", "floating latest: create"},
		},
		{
			"the release after its pre-release", request(t, "1.2.3"),
			map[string]string{"1.2.3-rc.1": "1.2.3-rc.1"},
			[]string{"floating 1: create", "floating 1.2: create", "exact 1.2.3: create", "floating latest: create"},
		},
		{
			"major version 0", request(t, "0.3.0"),
			map[string]string{"0.2.9": "0.2.9", "0.2": "0.2.9", "latest": "0.2.9"},
			[]string{"floating 0.3: create", "exact 0.3.0: create", "floating latest: move 0.2.9"},
		},
		{
			"major version 0, asked for", request(t, "0.3.0", "{major}", "{version}"),
			map[string]string{"0.4.0": "0.4.0"},
			[]string{"floating 0: keep, by 0.4.0", "exact 0.3.0: create"},
		},
		{
			"1.10 is above 1.9", request(t, "1.10.0"),
			map[string]string{"1": "1.9.0", "1.9": "1.9.0", "1.9.0": "1.9.0", "latest": "1.9.0"},
			[]string{"floating 1: move 1.9.0", "floating 1.10: create", "exact 1.10.0: create", "floating latest: move 1.9.0"},
		},
		{
			"1.9 is below 1.10", request(t, "1.9.1"),
			map[string]string{"1.10.0": "1.10.0"},
			[]string{"floating 1: keep, by 1.10.0", "floating 1.9: create", "exact 1.9.1: create", "floating latest: keep, by 1.10.0"},
		},
		{
			"the highest of several is named", request(t, "1.2.3"),
			map[string]string{"1.2.4": "a", "1.2.10": "b", "1.3.0": "c", "3.0.0": "d"},
			[]string{"floating 1: keep, by 1.3.0", "floating 1.2: keep, by 1.2.10", "exact 1.2.3: create", "floating latest: keep, by 3.0.0"},
		},
		{
			"what looks like a version and is none does not count", request(t, "1.2.3"),
			map[string]string{"9": "a", "9.9": "b", "1.2.3.4": "c", "01.9.9": "d", "v9": "e", "nightly-9.9.9": "f", "9.9.9-linux-arm64": "g"},
			[]string{"floating 1: create", "floating 1.2: create", "exact 1.2.3: create", "floating latest: create"},
		},
		{
			"a leading v counts either way", request(t, "1.2.3"),
			map[string]string{"v1.3.0": "v1.3.0"},
			[]string{"floating 1: keep, by v1.3.0", "floating 1.2: create", "exact 1.2.3: create", "floating latest: keep, by v1.3.0"},
		},
		{
			"another suffix is another family", suffixed(t, "1.2.3", "-alpine"),
			map[string]string{"1.3.0": "1.3.0", "1": "1.3.0", "latest": "1.3.0", "1.2.2-alpine": "a", "1-alpine": "a", "latest-alpine": "a"},
			[]string{"floating 1-alpine: move a", "floating 1.2-alpine: create", "exact 1.2.3-alpine: create", "floating latest-alpine: move a"},
		},
		{
			"a suffix is guarded by its own family", suffixed(t, "1.2.3", "-alpine"),
			map[string]string{"1.3.0-alpine": "1.3.0-alpine"},
			[]string{"floating 1-alpine: keep, by 1.3.0-alpine", "floating 1.2-alpine: create", "exact 1.2.3-alpine: create", "floating latest-alpine: keep, by 1.3.0-alpine"},
		},
		{
			"without a suffix, one with it does not count", request(t, "1.2.3"),
			map[string]string{"1.3.0-alpine": "1.3.0-alpine", "2.0.0-alpine": "a"},
			[]string{"floating 1: create", "floating 1.2: create", "exact 1.2.3: create", "floating latest: create"},
		},
		{
			"a build is above the release without", request(t, "1.2.3"),
			map[string]string{"1.2.3_b5": "b5"},
			[]string{"floating 1: keep, by 1.2.3_b5", "floating 1.2: keep, by 1.2.3_b5", "exact 1.2.3: create", "floating latest: keep, by 1.2.3_b5"},
		},
		{
			"builds are ordered by number", request(t, "1.2.3+b.10"),
			map[string]string{"1.2.3": "1.2.3", "1.2.3_b.9": "b9", "latest": "b9"},
			[]string{"floating 1: create", "floating 1.2: create", "exact 1.2.3_b.10: create", "floating latest: move b9"},
		},
		{
			"everything is there", request(t, "1.2.3"),
			map[string]string{"1": "ours", "1.2": "ours", "1.2.3": "ours", "latest": "ours"},
			[]string{"floating 1: leave ours", "floating 1.2: leave ours", "exact 1.2.3: leave ours", "floating latest: leave ours"},
		},
		{
			"from the first write on floating tags are put again", request(t, "1.2.3"),
			map[string]string{"1": "ours", "1.2": "old", "1.2.3": "ours", "latest": "ours"},
			[]string{"floating 1: leave ours", "floating 1.2: move old", "exact 1.2.3: leave ours", "floating latest: refresh ours"},
		},
		{
			"the last one is missing", request(t, "1.2.3"),
			map[string]string{"1": "ours", "1.2": "ours", "1.2.3": "ours"},
			[]string{"floating 1: leave ours", "floating 1.2: leave ours", "exact 1.2.3: leave ours", "floating latest: create"},
		},
		{
			"what is kept begins nothing", request(t, "1.2.3"),
			map[string]string{"1": "old", "1.3.0": "1.3.0", "1.2": "ours", "1.2.3": "ours", "latest": "old"},
			[]string{"floating 1: keep old, by 1.3.0", "floating 1.2: leave ours", "exact 1.2.3: leave ours", "floating latest: keep old, by 1.3.0"},
		},
		{
			"a kept tag that points at us", request(t, "1.2.3"),
			map[string]string{"latest": "ours", "1": "ours", "1.2": "ours", "1.2.3": "ours", "2.0.0": "2.0.0"},
			[]string{"floating 1: leave ours", "floating 1.2: leave ours", "exact 1.2.3: leave ours", "floating latest: keep ours, by 2.0.0"},
		},
		{
			"the order of the templates", request(t, "1.2.3", "latest", "nightly", "v{version}", "v{major}", "{version}"), nil,
			[]string{"floating latest: create", "literal nightly: create", "exact v1.2.3: create", "floating v1: create", "exact 1.2.3: create"},
		},
		{
			"literals move freely and are not put again", request(t, "1.2.3", "nightly", "{version}", "stable"),
			map[string]string{"nightly": "old", "stable": "ours"},
			[]string{"literal nightly: move old", "exact 1.2.3: create", "literal stable: leave ours"},
		},
		{
			"literals without a version", request(t, "", "nightly", "BUILD-131"),
			map[string]string{"nightly": "old", "9.9.9": "9.9.9"},
			[]string{"literal nightly: move old", "literal BUILD-131: create"},
		},
		{
			"forced back", force(request(t, "1.1.9")),
			map[string]string{"1": "1.2.3", "latest": "1.2.3", "1.2.3": "1.2.3"},
			[]string{"floating 1: move 1.2.3", "floating 1.1: create", "exact 1.1.9: create", "floating latest: move 1.2.3"},
		},
		{
			"overwritten", overwrite(request(t, "1.2.3")),
			map[string]string{"1": "old", "1.2": "old", "1.2.3": "old", "latest": "old"},
			[]string{"floating 1: move old", "floating 1.2: move old", "exact 1.2.3: move old", "floating latest: move old"},
		},
		{
			"overwritten, but not backwards", overwrite(request(t, "1.2.3")),
			map[string]string{"1.2.3": "old", "latest": "1.3.0", "1.3.0": "1.3.0"},
			[]string{"floating 1: keep, by 1.3.0", "floating 1.2: create", "exact 1.2.3: move old", "floating latest: keep 1.3.0, by 1.3.0"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			snap := promotion(tt.req, tt.points)
			plan, err := release.NewPlan(tt.req, snap)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, text := range tt.points {
				texts = append(texts, text)
			}
			if diff := cmp.Diff(tt.want, planned(plan.Targets[0], naming(texts...))); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			again, err := release.NewPlan(tt.req, snap)
			if err != nil || !plan.SameAs(again) {
				t.Errorf("the same request and snapshot gave another plan: %v", err)
			}
		})
	}
}

func TestNewPlanWhole(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}", "latest")
	second := repository(t, "other.example/app")
	req.Targets = append(req.Targets, second)
	snap := promotion(req, nil)
	snap.Targets = append(snap.Targets, targetState(req, second, map[string]string{"1.2.3": "ours", "latest": "ours"}))
	snap.Sources[0].Notices = []string{"a notice"}

	got, err := release.NewPlan(req, snap)
	if err != nil {
		t.Fatal(err)
	}
	exact, latest := req.Tags[0], req.Tags[1]
	ours := opaque("tested")
	want := release.Plan{
		Content: release.Content{Manifest: ours, Images: images(snap.Sources[0]), Sizes: sizesOf(snap.Sources[0]), Promoted: true},
		Version: version(t, "1.2.3"),
		Notices: []string{"a notice"},
		Targets: []release.TargetPlan{
			{Repo: req.Primary(), Stage: true, Tags: []release.TagPlan{{Tag: exact, Action: release.Create}, {Tag: latest, Action: release.Create}}},
			{Repo: second, Tags: []release.TagPlan{{Tag: exact, From: ours.Digest}, {Tag: latest, From: ours.Digest}}},
		},
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("NewPlan (-want +got):\n%s", diff)
	}
}

// TestNewPlanConflicts: a conflict anywhere stops the whole release, and all conflicts are told.
func TestNewPlanConflicts(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}", "v{version}", "latest")
	second := repository(t, "other.example/app")
	req.Targets = append(req.Targets, second)
	snap := promotion(req, map[string]string{"1.2.3": "theirs", "v1.2.3": "ours"})
	snap.Targets = append(snap.Targets, targetState(req, second, map[string]string{"1.2.3": "ours", "v1.2.3": "theirs"}))

	_, err := release.NewPlan(req, snap)
	want := []error{
		&release.ConflictError{Tag: req.Primary().Tag("1.2.3"), Have: opaque("theirs").Digest, Want: opaque("tested").Digest},
		&release.ConflictError{Tag: second.Tag("v1.2.3"), Have: opaque("theirs").Digest, Want: opaque("tested").Digest},
	}
	if diff := cmp.Diff(want, leaves(err), whole); diff != "" {
		t.Errorf("NewPlan errors (-want +got):\n%s", diff)
	}
	const text = "checking registry.example/acme/app:1.2.3: it exists as sha256:"
	if got := fmt.Sprint(err); len(got) < len(text) || got[:len(text)] != text {
		t.Errorf("NewPlan() = %q, want %q…", got, text)
	}
}

// TestNewPlanLeadingV: one version under two names is one version.
func TestNewPlanLeadingV(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3")
	plan, err := release.NewPlan(req, promotion(req, map[string]string{"v1.2.3": "theirs", "latest": "theirs"}))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"floating 1: create", "floating 1.2: create", "exact 1.2.3: create", "floating latest: move theirs"}
	if diff := cmp.Diff(want, planned(plan.Targets[0], naming("theirs"))); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// TestNewPlanFrozen: what the registry's own rules forbid is an error before anything is written.
func TestNewPlanFrozen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		points map[string]string
		want   []string
	}{
		{"nothing is there", nil, []string{"latest"}},
		{"everything is there", map[string]string{"1": "ours", "1.2.3": "ours", "latest": "ours"}, nil},
		{"it would move", map[string]string{"1": "ours", "1.2.3": "ours", "latest": "old"}, []string{"latest"}},
		{"it would be put again", map[string]string{"1": "old", "1.2.3": "ours", "latest": "ours"}, nil},
		{"it is kept", map[string]string{"1.3.0": "1.3.0", "latest": "1.3.0"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := request(t, "1.2.3", "{major}", "{version}", "latest")
			snap := promotion(req, tt.points)
			snap.Targets[0].Frozen = func(tag string) bool { return tag != "1" }
			_, err := release.NewPlan(req, snap)
			var want []error
			for _, tag := range tt.want {
				want = append(want, &release.FrozenError{Tag: req.Primary().Tag(tag)})
			}
			if diff := cmp.Diff(want, leaves(err), whole); diff != "" {
				t.Errorf("NewPlan errors (-want +got):\n%s", diff)
			}
		})
	}
}

// leaves takes joined errors apart.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, leaves(e)...)
	}
	return out
}
