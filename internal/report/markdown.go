// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxSummary leaves room for a last line below what GitHub shows, which is nothing of a summary above 1 MiB.
	// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
	maxSummary = 1<<20 - 1<<10
	// maxText is how many characters of one foreign text are shown.
	maxText = 1000
)

// markdown is GitHub Flavored Markdown in the making.
// https://github.github.com/gfm/
type markdown struct {
	b strings.Builder
}

// line adds a line, unless that would make it too long.
func (m *markdown) line(text string) bool {
	if m.b.Len()+len(text)+1 > maxSummary {
		return false
	}
	m.b.WriteString(text + "\n")
	return true
}

// paragraph adds lines that an empty one ends.
func (m *markdown) paragraph(lines ...string) {
	for _, l := range append(lines, "") {
		m.line(l)
	}
}

// table adds a table. The cells are Markdown.
func (m *markdown) table(header []string, rows [][]string) {
	m.line("| " + strings.Join(header, " | ") + " |")
	m.line(strings.Repeat("| --- ", len(header)) + "|")
	for i, cells := range rows {
		if !m.line("| " + strings.Join(cells, " | ") + " |") {
			fmt.Fprintf(&m.b, "\n%d rows do not fit here.\n", len(rows)-i)
			return
		}
	}
	m.line("")
}

// code makes foreign text a code span, where nothing is Markdown, a mention or a link. It fits into a cell of a table too.
// Empty text stays empty.
func code(s string) string {
	s = oneLine(s)
	if utf8.RuneCountInString(s) > maxText {
		s = string([]rune(s)[:maxText]) + "…"
	}
	switch {
	case s == "":
		return ""
	case !strings.ContainsAny(s, "`|\\<>&"):
		return "`" + s + "`"
	default:
		return "<code>" + entities(s) + "</code>"
	}
}

// entities writes all that could be Markdown or HTML as character references, which are never taken for structure: a pipe
// would end the cell even inside a code span, and a backquote the span.
// https://github.github.com/gfm/#entity-and-numeric-character-references
func entities(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r > ' ' && r < utf8.RuneSelf && !isAlphanumeric(r) {
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isAlphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}
