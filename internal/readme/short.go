// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"strings"
	"unicode/utf8"
)

// oneLine joins the words of s by single spaces. No-break spaces are part of words.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r == '\u0085' || r == '\u2028' || r == '\u2029'
	}), " ")
}

// shorten returns s, or where it is longer than limit bytes as many of its words as fit with an ellipsis. A word is
// only cut, between two characters, if less than half of the room would be used otherwise.
func shorten(s string, limit int) string {
	const ellipsis = "…"

	if limit <= 0 || len(s) <= limit {
		return s
	}
	room := limit - len(ellipsis)
	if room < 0 {
		return strings.TrimRight(s[:runeStart(s, limit)], " ")
	}

	head := s[:runeStart(s, room)]
	if i := strings.LastIndexByte(head, ' '); i > room/2 && s[len(head)] != ' ' {
		head = head[:i]
	}

	return strings.TrimRight(head, " ,;:") + ellipsis
}

// runeStart returns the last place at or before i where a character of s starts.
func runeStart(s string, i int) int {
	for !utf8.RuneStart(s[i]) {
		i--
	}

	return i
}
