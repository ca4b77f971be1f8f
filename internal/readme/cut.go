// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// cut returns text if it has no more than limit bytes; zero is no limit. Else it keeps as many of its first blocks as fit
// with the definitions that they use and with the closing line. If no block fits there is but the closing line, and if
// that does not, nothing.
func cut(text string, limit int, closing string) (string, bool) {
	if limit <= 0 || len(text) <= limit {
		return text, false
	}

	d := newDocument([]byte(text))
	whole, nested := d.boundaries()
	for _, boundaries := range [][]int{whole, nested} {
		// The page grows with what is kept, but for a byte or two where a definition stands: at worst the place is found
		// before the last one that fits.
		n := sort.Search(len(boundaries), func(i int) bool { return len(d.upTo(boundaries[i], closing)) > limit })
		if n > 0 && strings.TrimSpace(text[:boundaries[n-1]]) != "" {
			return d.upTo(boundaries[n-1], closing), true
		}
	}
	if len(closing) < limit {
		return closing + "\n", true
	}

	return "", true
}

// upTo returns the text before b, the definitions that it uses, and the closing line.
func (d *document) upTo(b int, closing string) string {
	return strings.TrimRight(string(d.source[:b]), "\n") + "\n\n" + d.lost(b) + closing + "\n"
}

// lost returns the definitions that stand at b or later and are used before, with a blank line after them.
func (d *document) lost(b int) string {
	var lost []definition
	seen := map[string]bool{}
	for _, u := range d.uses {
		if definition, ok := d.definitions[u.label]; ok && u.at < b && definition.at >= b && !seen[u.label] {
			seen[u.label] = true
			lost = append(lost, definition)
		}
	}
	if len(lost) == 0 {
		return ""
	}
	slices.SortFunc(lost, func(a, b definition) int { return cmp.Compare(a.at, b.at) })

	var text strings.Builder
	for _, definition := range lost {
		text.WriteString(definition.text + "\n")
	}

	return text.String() + "\n"
}
