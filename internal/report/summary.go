// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/polytag/polytag/internal/release"
)

// Summary gives a GitHub job summary in Markdown, of less than 1 MiB: what is published as a reference to copy, what became of
// each tag and why, and the platforms.
func Summary(r Report) string {
	d := r.document()
	m := &markdown{}
	m.heading(d)
	m.failure(d)
	m.content(d, r.Duration)
	m.tags(d)
	m.after(d)
	m.images(d)
	return m.b.String()
}

// heading says how it ended.
func (m *markdown) heading(d Document) {
	verdict := d.verdict()
	heading := "## " + strings.ToUpper(verdict[:1]) + verdict[1:]
	if d.Version != "" {
		heading += " " + code(d.Version)
	}
	m.paragraph(heading)
	switch {
	case d.Status == Planned:
		m.paragraph("This was a dry run: nothing was written.")
	case d.Status == Incomplete:
		m.paragraph("Every tag is published and verified, but what comes after that failed.")
	case d.Status == Failed && d.count(func(Tag) bool { return true }) == 0:
		m.paragraph("No tag was written.")
	case d.Status == Failed:
		m.paragraph("Not every tag is published. The table says what is where; running it again is safe.")
	}
}

// failure says why not: for each target, or, where no tag was tried or all are published, of the run.
func (m *markdown) failure(d Document) {
	found := false
	for _, t := range d.Targets {
		if t.Error != "" {
			m.paragraph("In " + code(t.Repository) + ":")
			m.errors(t.Error)
			found = true
		}
	}
	if !found && d.Error != "" {
		m.errors(d.Error)
	}
}

// errors lists errors that were joined, a line for each.
func (m *markdown) errors(text string) {
	const most = 20
	var lines []string
	for line := range strings.Lines(text) {
		if line = code(line); line != "" {
			lines = append(lines, "- "+line)
		}
	}
	if n := len(lines) - most; n > 0 {
		lines = append(lines[:most], "- and "+plural(n, "line")+" more")
	}
	m.paragraph(lines...)
}

// content says what is published.
func (m *markdown) content(d Document, took time.Duration) {
	if d.Digest == "" {
		return
	}
	if d.Image == "" {
		m.paragraph("The digest of this release is " + code(d.Digest) + ".")
		return
	}
	// A block of its own has a button to copy it.
	m.paragraph("```text", d.Image, "```")
	facts := d.facts()
	if origin := d.origin(); origin != "" {
		facts = append(facts, origin)
	}
	if took > 0 {
		facts = append(facts, seconds(took))
	}
	m.paragraph(strings.Join(facts, ", ") + ".")
}

// tags says what became of each tag.
func (m *markdown) tags(d Document) {
	var rows [][]string
	for _, target := range d.Targets {
		for _, t := range target.Tags {
			at, word := t.To, string(t.Status)
			if t.Action != "" {
				at, word = t.From, t.Action
			}
			if t.Status == release.Failed {
				word = "**failed**"
			}
			at = cmp.Or(code(at), "absent")
			if t.Unknown {
				at = "unknown"
			}
			rows = append(rows, []string{code(target.Repository), code(t.Tag), word, at, why(t, code)})
		}
	}
	if len(rows) == 0 {
		return
	}
	word := "Status"
	if d.Status == Planned {
		word = "Action"
	}
	m.paragraph("### Tags")
	m.table([]string{"Repository", "Tag", word, "Points at now", "Why"}, rows)
	for _, target := range d.Targets {
		if target.Copied != nil {
			m.paragraph(code(target.Repository) + ": " + target.Copied.words(d.Status == Planned) + ".")
		}
	}
	if d.count(func(t Tag) bool { return t.By != "" && t.Status != release.RolledBack }) > 0 {
		m.paragraph("A floating tag never moves to a lower version: it stays with the highest that the repository has in its line.")
	}
	if d.count(func(t Tag) bool { return t.Status == release.RolledBack }) > 0 {
		m.paragraph("Rolled back means that the tag was set again to what it pointed at, or to the highest version that is published.")
	}
}

// images says what is in the index.
func (m *markdown) images(d Document) {
	if len(d.Images) == 0 {
		return
	}
	rows := make([][]string, 0, len(d.Images))
	for _, i := range d.Images {
		rows = append(rows, []string{code(i.Platform), code(i.Digest), size(i.BlobsSize), strconv.Itoa(len(i.Attestations))})
	}
	m.paragraph("### Platforms")
	m.table([]string{"Platform", "Digest", "Size", "Attestations"}, rows)
	m.paragraph(code(d.MediaType) + ", " + size(d.Size) + ".")
}
