// SPDX-License-Identifier: Apache-2.0

package semtag_test

import (
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/semtag"
)

func TestCovers(t *testing.T) {
	t.Parallel()

	const release = "1.2.3"
	for _, test := range []struct{ template, suffix, covered, others string }{
		{"{major}", "", "1.0.0 1.2.3 1.99.0 1.2.3+b5", "0.9.9 2.0.0 10.0.0 11.2.3 1.2.4-rc.1"},
		{"{major}.{minor}", "", "1.2.0 1.2.3 1.2.30", "1.3.0 1.20.0 2.2.3 1.2.4-rc.1"},
		{"v{major}.{minor}", "-alpine", "1.2.0 1.2.3", "1.3.0 2.2.3"},
		{"{minor}", "", "1.2.3 5.2.0", "1.3.3"},
		{"{major}.{patch}", "", "1.9.3", "1.2.4"},
		{"latest", "", "0.0.0 1.2.3 99.0.0", "1.2.3-rc.1"},
		{"latest", "-alpine", "0.0.0 1.2.3 99.0.0", "1.2.3-rc.1"},
		{"{major}-{env:BUILD}", "", "1.0.0 1.9.0", "2.0.0"},
		{"{major}{minor}", "", "1.2.0 1.2.9", "2.1.0 12.0.0"},
		{"1{major}{minor}", "", "1.2.0", "11.2.0"},
		// Exact tags and literals have no line.
		{"{version}", "", "", "1.2.3 1.2.4"},
		{"{major}.{minor}.{patch}", "", "", "1.2.3"},
		{"nightly", "", "", "1.2.3"},
	} {
		tags, err := scheme(t, test.template, test.suffix).Expand(version(t, release), vars("v1.2.3"))
		if err != nil {
			t.Fatal(err)
		}
		for v := range strings.FieldsSeq(test.covered) {
			if !tags[0].Covers(version(t, v)) {
				t.Errorf("%q by %q does not cover %s", tags[0].Name, test.template, v)
			}
		}
		for v := range strings.FieldsSeq(test.others) {
			if tags[0].Covers(version(t, v)) {
				t.Errorf("%q by %q covers %s", tags[0].Name, test.template, v)
			}
		}
		if tags[0].Covers(semtag.Version{}) {
			t.Errorf("%q covers no version", tags[0].Name)
		}
	}
}

// The line is what renders alike, even where that surprises: 1.11 and 11.1 are one name.
func TestCoversWhatRendersAlike(t *testing.T) {
	t.Parallel()

	tags, err := scheme(t, "{major}{minor}", "").Expand(version(t, "1.11.0"), semtag.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	if !tags[0].Covers(version(t, "11.1.5")) {
		t.Errorf("%q does not cover 11.1.5", tags[0].Name)
	}
}

func TestKindString(t *testing.T) {
	t.Parallel()

	for kind, want := range map[semtag.Kind]string{semtag.Literal: "literal", semtag.Floating: "floating", semtag.Exact: "exact", 7: "Kind(7)"} {
		if got := kind.String(); got != want {
			t.Errorf("Kind(%d).String() = %q, want %q", int(kind), got, want)
		}
	}
}
