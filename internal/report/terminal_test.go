// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/report"
)

var colors = regexp.MustCompile("\x1b\\[[0-9]+m")

// TestColor checks that colours change nothing but the colour, which columns that are laid out by bytes would.
func TestColor(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		for what, write := range map[string]func(*strings.Builder, bool){
			"WritePlan":   func(b *strings.Builder, color bool) { report.WritePlan(b, s.report.Plan, color) },
			"WriteResult": func(b *strings.Builder, color bool) { report.WriteResult(b, s.report, color) },
		} {
			var plain, colored strings.Builder
			write(&plain, false)
			write(&colored, true)
			if got := colors.ReplaceAllString(colored.String(), ""); got != plain.String() {
				t.Errorf("%s: %s without its colours = %q, want %q", s.name, what, got, plain.String())
			}
			if colors.MatchString(plain.String()) {
				t.Errorf("%s: %s is coloured, though nobody asked for it", s.name, what)
			}
		}
	}
}

func TestColoredWords(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range scenarios() {
		report.WritePlan(&b, s.report.Plan, true)
		report.WriteResult(&b, s.report, true)
	}
	for _, want := range []string{
		"\x1b[32mcreated\x1b[0m", "\x1b[32mmoved\x1b[0m", "\x1b[32munchanged\x1b[0m", "\x1b[33mkept\x1b[0m",
		"\x1b[33msuperseded\x1b[0m", "\x1b[33msettled\x1b[0m", "\x1b[33mrolled back\x1b[0m", "\x1b[31mfailed\x1b[0m",
		"\x1b[36mcreate\x1b[0m", "\x1b[36mmove\x1b[0m", "\x1b[36mrefresh\x1b[0m", "\x1b[36mleave\x1b[0m", "\x1b[33mkeep\x1b[0m",
		"\x1b[32mreleased\x1b[0m", "\x1b[32malready released\x1b[0m", "\x1b[36mplanned\x1b[0m",
		"\x1b[31mpartly released\x1b[0m", "\x1b[31mnot released\x1b[0m",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in all that was written", want)
		}
	}
}
