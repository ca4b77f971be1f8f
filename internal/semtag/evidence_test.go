// SPDX-License-Identifier: Apache-2.0

package semtag_test

import (
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/semtag"
)

func TestRecognize(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		templates, suffix string
		want              string // tag=version, or tag= for one that is not recognised
	}{
		{"", "", "1.2.3=1.2.3 v1.2.3=1.2.3 0.0.0=0.0.0 1.2.3-rc.1=1.2.3-rc.1 1.2.3_b5=1.2.3+b5 1.2.3-rc.1_b5.x=1.2.3-rc.1+b5.x"},
		{"", "", "1.2.3-alpine=1.2.3-alpine 1= 1.2= latest= nightly= vv1.2.3= V1.2.3= 01.2.3= 1.02.3= 1.2.3.4= 1.2.3_a_b= 1.2.3-= 1.2.3_= 1.2.3-01="},
		{"", "", "12be34-linux-arm64-v8= 1.2.3x= x1.2.3= v= -alpine= 18446744073709551616.0.0= sha256-0123.sig="},
		{"", "-alpine", "1.2.3-alpine=1.2.3 v1.2.3-alpine=1.2.3 1.2.3-rc.1-alpine=1.2.3-rc.1 1.2.3_b5-alpine=1.2.3+b5"},
		{"", "-alpine", "1.2.3= 1.2.3-rc.1= 1.2-alpine= latest-alpine= 1.2.3-alpine3= -alpine= 1.2.3alpine="},
		{"v{version}", "", "v1.2.3=1.2.3 1.2.3=1.2.3 vv1.2.3="},
		{"v{version}", "-x", "v1.2.3-x=1.2.3 1.2.3-x=1.2.3 v1.2.3="},
		{"release-{version}", "", "release-1.2.3=1.2.3 release-v1.2.3=1.2.3 1.2.3= release1.2.3= xrelease-1.2.3="},
		{"release-v{version}", "", "release-1.2.3=1.2.3 release-v1.2.3=1.2.3 release-vv1.2.3="},
		{"rev{version}", "", "rev1.2.3=1.2.3 re1.2.3= revv1.2.3="},
		{"re{version}", "", "re1.2.3=1.2.3 rev1.2.3="},
		{"v{version}.x", "", "v1.2.3.x=1.2.3 1.2.3-rc.x.x=1.2.3-rc.x v1x2.3.x="},
		{"{version}-{patch}", "", "1.2.3-3=1.2.3 1.2.3-3-3=1.2.3-3 1.2.3-4= v1.2.3-3=1.2.3 1.2.3="},
		{"{major}_{version}", "", "1_1.2.3_b=1.2.3+b 2_1.2.3_b= v1_1.2.3=1.2.3"},
		{"{major}.{minor}.{patch}", "", "1.2.3=1.2.3 v1.2.3=1.2.3 01.2.3= 1.2.3-rc.1= 1.2.3_b5="},
		{"v{major}-{minor}-{patch}", "", "v1-2-3=1.2.3 1-2-3=1.2.3 1.2.3="},
		{"{patch}.{minor}.{major}-{major}", "", "3.2.1-1=1.2.3 3.2.1-2="},
		{"1{version}", "", "11.2.3=1.2.3 1v1.2.3="},
		// Only the templates that are evidence are looked at.
		{"{version}-{sha}", "", "1.2.3-" + commit + "= 1.2.3="},
		{"{version}-{env:BUILD} {version}", "", "1.2.3=1.2.3 1.2.3-42=1.2.3-42"},
		{"{major}{minor}.{patch}", "", "12.3="},
		{"{major}.{minor} latest nightly", "", "1.2= 1.2.3= latest="},
		// Two readings: the lower one.
		{"{version} {version}-x", "", "1.2.3=1.2.3 1.2.3-x=1.2.3-x 1.2.3-x-x=1.2.3-x"},
		{"{version}-x {version}", "", "1.2.3=1.2.3 1.2.3-x=1.2.3-x"},
	} {
		s := scheme(t, test.templates, test.suffix)
		for row := range strings.FieldsSeq(test.want) {
			tag, want, _ := strings.Cut(row, "=")
			got, ok := s.Recognize(tag)
			if ok != (want != "") || got != version(t, want) {
				t.Errorf("Recognize(%q) by %q%s = %q, %v, want %q", tag, test.templates, test.suffix, got, ok, want)
			}
		}
	}
}

// A tag that is recognised is the one that its version gets, but for a "v".
func FuzzRecognize(f *testing.F) {
	f.Add([]byte("\x04"), "", []byte("\x02\x01\x03\x01\x04\x09"))
	f.Add([]byte("\x05\x04\x06\x09"), "-x", []byte("\x06\x0a\x00\x07\x00\x07"))
	f.Add([]byte("\x01\x07\x02\x07\x03\x06\x01"), "", []byte("\x06\x0a\x00\x02"))
	f.Add([]byte("\x09\x06\x05\x03\x0b\x09\x04\x08"), "", []byte("\x07\x00\x04\x05\x07\x0a\x02"))
	f.Fuzz(func(t *testing.T, recipe []byte, suffix string, tagRecipe []byte) {
		template := strings.TrimSpace(composeTemplates(recipe))
		tag := compose(tagRecipe, "-", ".", "1", "2", "3", "0", "v", "x", "rev", "_b", "1.2.3", "1.2.3-") + suffix
		s, err := semtag.ParseScheme([]string{template}, suffix)
		if err != nil || !tagGrammar.MatchString(tag) {
			return
		}
		v, ok := s.Recognize(tag)
		if !ok {
			return
		}
		if !s.Guardable() || v.IsZero() {
			t.Fatalf("Recognize(%q) by %q = %q, Guardable() = %v", tag, template, v, s.Guardable())
		}
		tags, err := s.Expand(v, semtag.Vars{})
		if err != nil {
			if len(tag) < 128 {
				t.Fatalf("Recognize(%q) by %q = %q, which has no tag: %v", tag, template, v, err)
			}

			return
		}
		if len(tags) != 1 || tags[0].Kind != semtag.Exact || tags[0].Name != tag && !differByV(tags[0].Name, tag) {
			t.Errorf("Recognize(%q) by %q = %q, which gets %s", tag, template, v, show(tags))
		}
	})
}

// differByV reports whether one of a and b is the other with one "v" more.
func differByV(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	for i, c := range a {
		if c == 'v' && a[:i]+a[i+1:] == b {
			return true
		}
	}

	return false
}
