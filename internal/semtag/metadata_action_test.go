// SPDX-License-Identifier: Apache-2.0

package semtag_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/semtag"
)

var update = flag.Bool("update", false, "rewrite testdata/metadata-action.md")

const comparisonFile = "testdata/metadata-action.md"

// comparison is a run of docker/metadata-action at dc802804 (v6), and the same release by polytag.
type comparison struct {
	config string // of metadata-action: tags and flavor
	gitTag string // empty: a run on a branch
	theirs string // the tags that metadata-action gave, in order; empty: a warning and exit status 0

	templates string // of polytag; empty: its default
	suffix    string
	branch    string // the value of {env:BRANCH}
	ours      string // the tags that polytag gives, in order; empty: an error
	why       string // set exactly if ours is not theirs
}

// run gives what polytag publishes.
func (c comparison) run(t *testing.T) ([]semtag.Tag, error) {
	t.Helper()
	s := scheme(t, c.templates, c.suffix)
	v, err := semtag.ParseGitTag(c.gitTag, "")
	if err != nil && c.gitTag != "" && s.NeedsVersion() {
		return nil, err
	}

	return s.Expand(v, semtag.Vars{GitTag: c.gitTag, SHA: commit, Getenv: func(string) string { return c.branch }})
}

func TestMetadataAction(t *testing.T) {
	t.Parallel()

	rows := slices.Concat(semverComparisons(), variationComparisons(), pep440Comparisons())
	for _, row := range rows {
		tags, err := row.run(t)
		if got := strings.Join(tagNames(tags), " "); got != row.ours || (err != nil) != (row.ours == "") {
			t.Errorf("%s on %q = %q, %v, want %q", row.config, row.gitTag, got, err, row.ours)
		}
		if same := row.ours == row.theirs && row.ours != ""; same == (row.why != "") {
			t.Errorf("%s on %q: ours %q, theirs %q, but why is %q", row.config, row.gitTag, row.ours, row.theirs, row.why)
		}
	}

	want := comparisonPage()
	if *update {
		if err := os.WriteFile(comparisonFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(comparisonFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is out of date; run go test ./internal/semtag -run TestMetadataAction -update (-want +got):\n%s", comparisonFile, diff)
	}
}

// comparisonPage writes the comparisons as Markdown.
func comparisonPage() string {
	return `<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by: go test ./internal/semtag -run TestMetadataAction -update -->

# Tags of docker/metadata-action and of polytag

What [docker/metadata-action](https://github.com/docker/metadata-action) v6 (commit dc802804) gave when its own sources were run, and what polytag gives
for the same release, both in order. Where the two differ, the last column says why. "Nothing" is a warning and exit status 0; "error" is exit status 2.

## Semantic versions

metadata-action: ` + semverConfig + `. polytag: ` + "`tags`" + ` ` + codes(semverOurs) + `.

` + shortTable(semverComparisons()) + `
## Variations

` + longTable(variationComparisons()) + `
## PEP 440

metadata-action: ` + pep440Config + `. polytag: ` + "`tags`" + ` ` + codes(semverOurs) + `.

` + shortTable(pep440Comparisons())
}

// shortTable is for rows of one configuration.
func shortTable(rows []comparison) string {
	var md strings.Builder
	md.WriteString("| run on | metadata-action | polytag | why |\n|---|---|---|---|\n")
	for _, row := range rows {
		fmt.Fprintf(&md, "| %s | %s | %s | %s |\n", row.on(), cmp.Or(codes(row.theirs), "nothing"), cmp.Or(codes(row.ours), "error"), row.why)
	}

	return md.String()
}

func longTable(rows []comparison) string {
	var md strings.Builder
	md.WriteString("| metadata-action's input | polytag's `tags` | run on | metadata-action | polytag | why |\n|---|---|---|---|---|---|\n")
	for _, row := range rows {
		templates := cmp.Or(codes(row.templates), "none given")
		if row.suffix != "" {
			templates += ", suffix " + codes(row.suffix)
		}
		fmt.Fprintf(&md, "| %s | %s | %s | %s | %s | %s |\n",
			row.config, templates, row.on(), cmp.Or(codes(row.theirs), "nothing"), cmp.Or(codes(row.ours), "error"), row.why)
	}

	return md.String()
}

// on says what the run is for.
func (c comparison) on() string {
	switch {
	case c.gitTag != "":
		return codes(c.gitTag)
	case c.branch != "":
		return "branch " + codes(c.branch)
	default:
		return "a branch"
	}
}

// codes writes words as code, and shortens long ones.
func codes(words string) string {
	fields := strings.Fields(words)
	for i, word := range fields {
		if len(word) > 40 {
			fields[i] = fmt.Sprintf("`%s…` (%d characters)", word[:9], len(word))
		} else {
			fields[i] = "`" + word + "`"
		}
	}

	return strings.Join(fields, " ")
}
