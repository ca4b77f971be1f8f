// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/report"
)

// maxSummary is above what GitHub shows nothing.
const maxSummary = 1 << 20

func TestSummaryLimit(t *testing.T) {
	t.Parallel()
	r := foreign(strings.Repeat("|", 1<<16))
	for i := range 10_000 {
		r.Plan.Images = append(r.Plan.Images, image(v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: strconv.Itoa(i)}, 561))
	}
	got := report.Summary(r)
	if len(got) >= maxSummary {
		t.Errorf("Summary() has %d bytes, want less than %d", len(got), maxSummary)
	}
	if _, rest, ok := strings.Cut(got, " rows do not fit here.\n"); !ok {
		t.Errorf("Summary() ends with %q, want it to say that rows are left out", rest)
	}
	if !strings.Contains(got, "### Tags") || !strings.Contains(got, "**failed**") {
		t.Error("Summary() has lost the tags")
	}
}

func TestSummaryLongError(t *testing.T) {
	t.Parallel()
	got := report.Summary(foreign(strings.Repeat("no\n", 24) + "no"))
	if want := "- `no`\n- and 5 lines more\n"; !strings.Contains(got, want) {
		t.Errorf("Summary() = %s, want %q in it", got, want)
	}
}

// FuzzForeignText checks that text of a registry stays where it was put: a page and a terminal have the same structure whatever
// it is.
func FuzzForeignText(f *testing.F) {
	f.Add(hostile)
	for _, text := range []string{
		"", "y", "|", "\\|", "\\", "`", "``", "a`|`b", "<!--", "</code>|", "&#124;", "\n", "\r", "\n\n# x", "\u2028|", "\u0085",
		"\v\f\t|", "\xff|", "@acme", "\n::add-mask::x", "\x1b]0;x\a", "```\n", "\u202e", strings.Repeat("`", 2000),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = "x" + text // what is empty is shown as such
		benign, tried := foreign("x"), foreign(text)

		got := report.Summary(tried)
		if diff := cmp.Diff(structure(t, report.Summary(benign)), structure(t, got)); diff != "" {
			t.Errorf("Summary() with %q has another structure (-want +got):\n%s", text, diff)
		}
		if len(got) >= maxSummary {
			t.Errorf("Summary() with %q has %d bytes", text, len(got))
		}

		var want, lines strings.Builder
		for b, r := range map[*strings.Builder]report.Report{&want: benign, &lines: tried} {
			report.WritePlan(b, r.Plan, false)
			report.WriteResult(b, r, false)
		}
		checkPrintable(t, lines.String())
		if got, want := strings.Count(lines.String(), "\n"), strings.Count(want.String(), "\n"); got != want {
			t.Errorf("with %q a terminal gets %d lines, want %d", text, got, want)
		}
	})
}

var (
	codeSpan    = regexp.MustCompile("`[^`\n]*`|<code>[^<\n]*</code>")
	entity      = regexp.MustCompile(`&#[0-9]+;`)
	punctuation = regexp.MustCompile(`[!-/:-@\[-` + "`" + `{-~]`)
	errorList   = regexp.MustCompile(`(- CODE\n)+(- and [0-9]+ lines? more\n)?`) // a line for each line of the error
)

// structure gives Markdown without what is in its code spans. Pipes are not left out: they end a cell even there.
func structure(t *testing.T, markdown string) string {
	t.Helper()
	checkPrintable(t, markdown)
	masked := codeSpan.ReplaceAllStringFunc(markdown, func(span string) string {
		if text, ok := strings.CutPrefix(span, "<code>"); ok {
			text = strings.TrimSuffix(text, "</code>")
			if found := punctuation.FindString(entity.ReplaceAllString(text, "")); found != "" {
				t.Errorf("%.100q has %q in it, which may be Markdown", span, found)
			}
		}
		return "CODE" + strings.Repeat("|", strings.Count(span, "|"))
	})
	return errorList.ReplaceAllString(masked, "ERRORS\n")
}

func checkPrintable(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%q is not UTF-8", text)
	}
	for _, r := range text {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Errorf("%q has %U in it", text, r)
		}
	}
}
