// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table is a table for a terminal. The first row is its header.
type table struct {
	rows [][]string
	// status is the header of the column whose words are coloured; empty: none.
	status string
}

// add adds a row, which must have as many cells as the header. An empty cell shows as such; foreign text is made safe.
func (t *table) add(cells ...string) {
	for i, c := range cells {
		cells[i] = oneLine(c)
	}
	t.rows = append(t.rows, cells)
}

// write lays the table out, two spaces from the margin.
func (t *table) write(w io.Writer, color bool) {
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cells := range t.rows {
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	_ = tw.Flush() // a strings.Builder takes everything
	header, body, _ := strings.Cut(b.String(), "\n")
	fmt.Fprintln(w, "  "+strings.TrimRight(header, " "))
	column := strings.Index(header, t.status)
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, " \n")
		if color && t.status != "" {
			line = paintAt(line, column)
		}
		fmt.Fprintln(w, "  "+line)
	}
}

// paintAt colours the status word that starts at a byte of a line. tabwriter counts the bytes of a colour as width, so that
// this has to come after it. What stands before is a tag, which is ASCII.
func paintAt(line string, start int) string {
	rest := line[min(start, len(line)):]
	word, _, _ := strings.Cut(rest, "  ")
	return strings.TrimSuffix(line, rest) + paint(word) + strings.TrimPrefix(rest, word)
}

// paint colours a word of a plan or a result by what it means to the reader: green is published, yellow is left alone, red
// needs somebody.
// https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters
func paint(word string) string {
	const green, yellow, cyan, red, reset = "\x1b[32m", "\x1b[33m", "\x1b[36m", "\x1b[31m", "\x1b[0m"
	switch word {
	case "created", "moved", "unchanged", "released", "already released", "synced", "removed", "absent":
		return green + word + reset
	case "create", "move", "refresh", "leave", "planned", "sync", "remove":
		return cyan + word + reset
	case "keep", "kept", "superseded", "settled", "rolled back", "not supported":
		return yellow + word + reset
	case "failed", "not released", "partly released":
		return red + word + reset
	default:
		return word
	}
}
