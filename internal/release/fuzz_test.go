// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/semtag"
)

// FuzzNewPlan plans the default tags of any version into any repository. Each line of held is a tag that is there; one that ends
// in "=" points at our digest, all others elsewhere.
func FuzzNewPlan(f *testing.F) {
	f.Add("1.2.3", "", "", false, false)
	f.Add("1.2.3", "", "1=\n1.2=\n1.2.3=\nlatest=", false, false)
	f.Add("1.2.3", "", "1=\n1.2\n1.2.3=\nlatest=", false, false)
	f.Add("1.1.9", "", "1\n1.2\n1.2.3\nlatest", false, false)
	f.Add("1.9.0", "", "1.10.0\nv1.9.1\n1.9.0_b1", false, true)
	f.Add("1.2.3", "-alpine", "1.2.4\n1.2.4-alpine\n1-alpine=", false, false)
	f.Add("1.2.3-rc.1", "", "1.2.3\n1.2.3-rc.1", false, true)
	f.Add("1.2.3+b5", "", "1.2.3\n1.2.3_b6\n1.2.3_b5", true, false)
	f.Add("0.3.0", "", "0.4.0\n0\n00.5.0", true, true)
	f.Fuzz(func(t *testing.T, text, suffix, held string, force, overwrite bool) {
		v, err := semtag.ParseVersion(text)
		if err != nil {
			return
		}
		scheme, err := semtag.ParseScheme([]string{"{major}", "{major}.{minor}", "nightly", "{version}", "latest"}, suffix)
		if err != nil {
			return
		}
		req := request(t, "1.2.3")
		req.Version, req.Scheme, req.Force, req.Overwrite = v, scheme, force, overwrite
		if req.Tags, err = scheme.Expand(v, semtag.Vars{}); err != nil {
			return
		}
		points := map[string]string{}
		for line := range strings.Lines(held) {
			line = strings.TrimSuffix(line, "\n")
			if tag, ours := strings.CutSuffix(line, "="); ours {
				points[tag] = "ours"
			} else {
				points[line] = "theirs"
			}
		}
		plan, err := release.NewPlan(req, promotion(req, points))
		if conflict := conflicts(req, points); (err != nil) != conflict {
			t.Fatalf("NewPlan() = %v, want an error: %t", err, conflict)
		}
		if err == nil {
			checkOrder(t, req, plan.Targets[0].Tags)
			checkGuard(t, req, suffix, points, plan.Targets[0].Tags)
			checkAgain(t, req, points, plan.Targets[0].Tags)
		}
	})
}

// conflicts reports whether an exact tag is there with another digest and must not be replaced.
func conflicts(req release.Request, points map[string]string) bool {
	return !req.Overwrite && slices.ContainsFunc(req.Tags, func(t semtag.Tag) bool {
		return t.Kind == semtag.Exact && points[t.Name] == "theirs"
	})
}

// checkOrder: the tags are those of the request, in its order; what is ours already is put only to be listed after a tag that
// really is written, and never if it is an exact tag or a literal.
func checkOrder(t *testing.T, req release.Request, tags []release.TagPlan) {
	t.Helper()
	ours := opaque("tested").Digest
	begun := false
	for i, p := range tags {
		if i >= len(req.Tags) || p.Tag != req.Tags[i] {
			t.Fatalf("tag %d is %s, want %v", i, p.Name, req.Tags)
		}
		switch {
		case p.Action == release.Refresh && (!begun || p.Kind != semtag.Floating || p.From != ours):
			t.Errorf("%s %s is refreshed", p.Kind, p.Name)
		case p.Action == release.Create && p.From != (v1.Hash{}), p.Action == release.Move && (p.From == v1.Hash{} || p.From == ours),
			p.Action == release.Leave && p.From != ours:
			t.Errorf("%s: %s, though it is at %s", p.Name, actions[p.Action], p.From)
		}
		begun = begun || p.Action == release.Create || p.Action == release.Move
	}
	if len(tags) != len(req.Tags) {
		t.Errorf("%d tags, want %d", len(tags), len(req.Tags))
	}
}

// checkGuard: a floating tag is kept exactly if a higher stable version of its line is there, which it names.
func checkGuard(t *testing.T, req release.Request, suffix string, points map[string]string, tags []release.TagPlan) {
	t.Helper()
	for _, p := range tags {
		var higher []string
		for tag := range points {
			if v, ok := stable(tag, suffix); ok && onLine(p.Name, suffix, v) && v.Compare(req.Version) > 0 {
				higher = append(higher, tag)
			}
		}
		if want := p.Kind == semtag.Floating && !req.Force && len(higher) > 0; want != (p.Action == release.Keep) {
			t.Errorf("%s: %s, though there are %q", p.Name, actions[p.Action], higher)
		}
		if p.Action == release.Keep && !slices.Contains(higher, p.By) || p.Action != release.Keep && p.By != "" {
			t.Errorf("%s: kept by %q, want one of %q", p.Name, p.By, higher)
		}
	}
}

// stable reads a tag of the form [v]1.2.3[_build]<suffix>, not by the scheme that is tested.
func stable(tag, suffix string) (semtag.Version, bool) {
	text, ok := strings.CutSuffix(tag, suffix)
	if !ok || strings.Contains(text, "+") {
		return semtag.Version{}, false
	}
	v, err := semtag.ParseVersion(strings.Replace(strings.TrimPrefix(text, "v"), "_", "+", 1))
	return v, err == nil && v.Stable()
}

func onLine(tag, suffix string, v semtag.Version) bool {
	line := strings.TrimSuffix(tag, suffix)
	return line == "latest" || line == strconv.FormatUint(v.Major, 10) || line == fmt.Sprintf("%d.%d", v.Major, v.Minor)
}

// checkAgain: once a plan is carried out, the same release has nothing to write.
func checkAgain(t *testing.T, req release.Request, points map[string]string, tags []release.TagPlan) {
	t.Helper()
	for _, p := range tags {
		if p.Action.Writes() {
			points[p.Name] = "ours"
		}
	}
	plan, err := release.NewPlan(req, promotion(req, points))
	if err != nil || plan.Targets[0].Writes() {
		t.Errorf("the second run plans %v, %v, want no write", planned(plan.Targets[0], naming("theirs")), err)
	}
}
