// SPDX-License-Identifier: Apache-2.0

package semtag_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/semtag"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// vars are those of a run on a git tag.
func vars(gitTag string) semtag.Vars {
	return semtag.Vars{
		GitTag: gitTag,
		SHA:    commit,
		Getenv: func(name string) string {
			return map[string]string{
				"BUILD": "42", "NIGHTLY": "latest", "RELEASE": "1.2.3", "BRANCH": "feature/x", "DOT": ".x", "BRACES": "{major}", "LONG": strings.Repeat("a", 129),
			}[name]
		},
	}
}

// show writes a tag as its name, with ! if it is exact and ~ if it is floating.
func show(tags []semtag.Tag) string {
	var names []string
	for _, tag := range tags {
		names = append(names, tag.Name+map[semtag.Kind]string{semtag.Exact: "!", semtag.Floating: "~"}[tag.Kind])
	}

	return strings.Join(names, " ")
}

func TestExpand(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ version, templates, suffix, want string }{
		{"1.2.3", "", "", "1~ 1.2~ 1.2.3! latest~"},
		{"2024.1.5", "", "", "2024~ 2024.1~ 2024.1.5! latest~"},
		{"1.2.3", "", "-alpine", "1-alpine~ 1.2-alpine~ 1.2.3-alpine! latest-alpine~"},
		{"1.2.3", "latest {version} {major}.{minor} {major}", "", "latest~ 1.2.3! 1.2~ 1~"},

		// Major 0: only who names {major} gets 0.
		{"0.4.1", "", "", "0.4~ 0.4.1! latest~"},
		{"0.0.0", "", "", "0.0~ 0.0.0! latest~"},
		{"0.4.1", "", "-alpine", "0.4-alpine~ 0.4.1-alpine! latest-alpine~"},
		{"0.4.1", "{major} {major}.{minor} {version} latest", "", "0~ 0.4~ 0.4.1! latest~"},
		{"0.4.1", "v{major} {version}", "", "v0~ 0.4.1!"},

		// A pre-release: exact tags and literals.
		{"1.2.3-rc.1", "", "", "1.2.3-rc.1!"},
		{"0.4.1-alpha", "", "", "0.4.1-alpha!"},
		{"1.2.3-rc.1", "", "-alpine", "1.2.3-rc.1-alpine!"},
		{"1.2.3-rc.1", "{major} v{version} latest nightly {short_sha}", "", "v1.2.3-rc.1! nightly 0123456"},
		{"1.2.3-rc.1", "{major}.{minor}.{patch} {version} latest", "", "1.2.3-rc.1!"},
		{"1.2.3-rc.1", "{major} nightly", "", "nightly"},
		{"1.2.3-rc.1", "{version}-{patch}", "", "1.2.3-rc.1-3!"},

		// Build metadata belongs to the version.
		{"1.2.3+b5", "", "", "1~ 1.2~ 1.2.3_b5! latest~"},
		{"1.2.3+b5.x-y", "v{version}", "-alpine", "v1.2.3_b5.x-y-alpine!"},
		{"1.2.3-rc.1+b5", "", "", "1.2.3-rc.1_b5!"},
		{"1.2.3+b5", "{major}.{minor}.{patch} {version}", "", "1.2.3_b5!"},

		// Kinds.
		{"1.2.3", "{major}.{minor}.{patch} {patch}.{minor}.{major}-x {minor} latest.1", "", "1.2.3! 3.2.1-x! 2~ latest.1"},
		{"1.2.3", "{version}-{short_sha} {major}-{sha}", "", "1.2.3-0123456! 1-" + commit + "~"},
		{"1.2.3", "{git_tag} {sha} {short_sha} BUILD-{env:BUILD}", "", "v1.2.3 " + commit + " 0123456 BUILD-42"},
		{"1.2.3", "{major}-{env:BUILD} {git_tag}-{version}", "-x", "1-42-x~ v1.2.3-1.2.3-x!"},

		// One name once, at the first place, as the strictest kind.
		{"1.2.3", "{version} latest {major}.{minor}.{patch} latest", "", "1.2.3! latest~"},
		{"1.2.3", "{env:RELEASE} nightly {version}", "", "1.2.3! nightly"},
		{"1.2.3", "{env:NIGHTLY} {version} latest", "", "latest~ 1.2.3!"},
		{"1.2.3", "{version} {env:RELEASE}", "", "1.2.3!"},

		// No version.
		{"", "nightly latest {git_tag}", "-x", "nightly-x latest-x~ v1.2.3-x"},

		{"1.2.3", "{version}" + strings.Repeat("a", 123), "", "1.2.3" + strings.Repeat("a", 123) + "!"},
	} {
		tags, err := scheme(t, test.templates, test.suffix).Expand(version(t, test.version), vars("v1.2.3"))
		if err != nil {
			t.Errorf("Expand(%q) by %q%s = %v", test.version, test.templates, test.suffix, err)

			continue
		}
		if diff := cmp.Diff(test.want, show(tags)); diff != "" {
			t.Errorf("Expand(%q) by %q%s (-want +got):\n%s", test.version, test.templates, test.suffix, diff)
		}
	}
}

func TestExpandFaults(t *testing.T) {
	t.Parallel()

	const noExact = "no template names this very version; add {version} to `tags`"
	for _, test := range []struct {
		version, templates, suffix string
		vars                       semtag.Vars
		want                       []string
	}{
		{"", "", "", vars(""), []string{`"{major}", "{major}.{minor}", "{version}": they need a version: give git_tag`}},
		{"", "nightly v{version}", "", vars(""), []string{`"v{version}"`, "literals in `tags`"}},
		{"1.2.3", "{git_tag}", "", vars(""), []string{`"{git_tag}"`, "needs a git tag: give git_tag"}},
		{"1.2.3", "{sha} x{short_sha}", "", semtag.Vars{}, []string{`"{sha}"`, "{sha} needs the commit id", `"x{short_sha}"`}},
		{"1.2.3", "{short_sha}", "", semtag.Vars{SHA: "012345"}, []string{`not "012345"`}},
		{"1.2.3", "{version}-{env:MISSING}", "", vars(""), []string{"{env:MISSING} needs the environment variable MISSING, which is unset or empty"}},
		{"1.2.3", "{env:BUILD}", "", semtag.Vars{}, []string{"unset or empty"}},
		{"1.2.3", "{env:BRANCH}", "", vars(""), []string{`"{env:BRANCH}": it gives "feature/x", but a tag cannot hold "/", only letters`}},
		{"1.2.3", "{env:BRACES}-{minor}", "", vars(""), []string{`a tag cannot hold "{"`}},
		{"1.2.3", "{env:DOT}", "", vars(""), []string{`it gives ".x", but a tag cannot start with "."`}},
		{"1.2.3", "{env:LONG}", "", vars(""), []string{"at most 128 characters, not 129"}},
		{"1.2.3", "{git_tag}", "", vars("v1.2.3+b5"), []string{`it gives "v1.2.3+b5", but a tag cannot hold "+"`}},
		{"1.2.3", "{version}", "-" + strings.Repeat("a", 126), vars(""), []string{"at most 128 characters, not 132"}},
		{"1.2.3-" + strings.Repeat("a", 140), "", "", vars(""), []string{"at most 128 characters, not 146"}},
		{"", "{version} {git_tag} {env:BRANCH}", "", vars(""), []string{`"{version}"`, `"{git_tag}"`, `"{env:BRANCH}"`}},

		// Never an empty success, nor floating tags of a version that is not there.
		{"1.2.3-rc.1", "latest", "", vars(""), []string{"expanding tags for 1.2.3-rc.1: " + noExact}},
		{"1.2.3-rc.1", "{major} {major}.{minor}", "", vars(""), []string{noExact}},
		{"1.2.3-rc.1", "{major}.{minor}.{patch} latest", "", vars(""), []string{noExact}},
		{"1.2.3-rc.1", "{major}.{minor}.{patch} nightly", "", vars(""), []string{noExact}},
		{"1.2.3+b5", "{major}.{minor}.{patch} latest", "", vars(""), []string{noExact}},
	} {
		tags, err := scheme(t, test.templates, test.suffix).Expand(version(t, test.version), test.vars)
		if err == nil {
			t.Errorf("Expand(%q) by %q = %s, want an error", test.version, test.templates, show(tags))

			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Expand(%q) by %q = %v, want %q", test.version, test.templates, err, want)
			}
		}
		if len(tags) > 0 {
			t.Errorf("Expand(%q) by %q = %s beside an error", test.version, test.templates, show(tags))
		}
	}
}

var tagGrammar = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// compose makes text from words, one for each byte, so that the fuzzer mutates what matters.
func compose(recipe []byte, words ...string) string {
	var text strings.Builder
	for _, b := range recipe {
		text.WriteString(words[int(b)%len(words)])
	}

	return text.String()
}

// composeTemplates makes templates, separated by blanks.
func composeTemplates(recipe []byte) string {
	return compose(recipe, " ", "{major}", "{minor}", "{patch}", "{version}", "v", "-", ".", "1", "x", "_", "0", "rev", "latest", "{env:X}", "{git_tag}", "{sha}", "{short_sha}")
}

// Tags are valid and unique; together templates give what each alone gives, in their order; a floating tag covers the version
// that it was made for; and an exact tag is recognised as that version, unless its template is no evidence.
func FuzzExpand(f *testing.F) {
	f.Add([]byte(""), "", "1.2.3", "v1.2.3", commit, "42")
	f.Add([]byte(""), "-alpine", "0.4.1", "v0.4.1", commit, "42")
	f.Add([]byte("\x04\x06\x03\x00\x05\x01\x07\x02\x07\x03\x00\x0d"), "-x", "1.2.3-rc.1+b5", "v", commit, "")
	f.Add([]byte("\x01\x02\x07\x03\x00\x0e\x00\x04"), "", "1.23.4", "v", "abc", "1.23.4")
	f.Add([]byte("\x04\x00\x04\x06\x09\x00\x0c\x04\x00\x0f\x00\x11"), "", "1.2.3-x", "1.2.3-x", commit, "{major}")
	f.Add([]byte("\x01\x08\x02\x00\x01\x02\x00\x02"), "--", "1.11.1", "", "", "")
	f.Fuzz(func(t *testing.T, recipe []byte, suffix, text, gitTag, sha, env string) {
		texts := strings.Fields(composeTemplates(recipe))
		s, err := semtag.ParseScheme(texts, suffix)
		if err != nil {
			return
		}
		v, _ := semtag.ParseVersion(text)
		values := semtag.Vars{GitTag: gitTag, SHA: sha, Getenv: func(string) string { return env }}
		tags, err := s.Expand(v, values)
		if err != nil {
			return
		}
		if len(tags) == 0 {
			t.Error("no tags, and no error")
		}
		for i, tag := range tags {
			if !tagGrammar.MatchString(tag.Name) || !strings.HasSuffix(tag.Name, suffix) {
				t.Errorf("%q is no tag with the suffix %q", tag.Name, suffix)
			}
			if slices.ContainsFunc(tags[:i], func(other semtag.Tag) bool { return other.Name == tag.Name }) {
				t.Errorf("%q twice", tag.Name)
			}
			if got, want := tag.Covers(v), tag.Kind == semtag.Floating && v.Stable(); got != want {
				t.Errorf("%q.Covers(%q) = %v, want %v", tag.Name, v, got, want)
			}
		}

		var names []string
		for _, text := range texts {
			single, err := semtag.ParseScheme([]string{text}, suffix)
			if err != nil {
				t.Fatalf("%q is refused alone: %v", text, err)
			}
			own, err := single.Expand(v, values)
			if err != nil {
				continue // left out for this version
			}
			if name := own[0].Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
			checkRecognition(t, s, single, own[0], v)
		}
		if diff := cmp.Diff(names, tagNames(tags)); len(texts) > 0 && diff != "" {
			t.Errorf("Expand(%q) by %q (-each alone +together):\n%s", v, texts, diff)
		}
	})
}

// checkRecognition looks for the version in a tag that the scheme of one template gave for it.
func checkRecognition(t *testing.T, all, single *semtag.Scheme, tag semtag.Tag, v semtag.Version) {
	t.Helper()
	got, ok := single.Recognize(tag.Name)
	if ok != single.Guardable() || ok && got != v {
		t.Errorf("Recognize(%q) = %q, %v, want %q, %v", tag.Name, got, ok, v, single.Guardable())
	}
	// Another template may read the tag as a lower version, never as a higher one.
	if both, found := all.Recognize(tag.Name); ok && (!found || both.Compare(v) > 0) {
		t.Errorf("Recognize(%q) = %q, %v by all templates, want %q or lower", tag.Name, both, found, v)
	}
}

func tagNames(tags []semtag.Tag) []string {
	var names []string
	for _, tag := range tags {
		names = append(names, tag.Name)
	}

	return names
}
