// SPDX-License-Identifier: Apache-2.0

package readme

import "bytes"

// srcset returns where the addresses stand in the srcset attribute at value: candidates are separated by commas, each an
// address and maybe descriptors. An address may hold commas, but not at its end.
// See https://html.spec.whatwg.org/#parse-a-srcset-attribute
func srcset(source []byte, value span) []span {
	var addresses []span
	text := source[value.start:value.stop]
	for {
		text = bytes.TrimLeft(text, blanks+",")
		if len(text) == 0 {
			return addresses
		}
		start := value.stop - len(text)

		stop := bytes.IndexAny(text, blanks)
		if stop < 0 {
			stop = len(text)
		}
		address := bytes.TrimRight(text[:stop], ",")
		addresses = append(addresses, span{start, start + len(address)})

		text = text[stop:]
		if len(address) == stop {
			text = text[descriptorsEnd(text):]
		}
	}
}

// descriptorsEnd returns where the first comma is that is not in parentheses, or the end of text.
func descriptorsEnd(text []byte) int {
	inside := false
	for i, c := range text {
		switch {
		case c == '(':
			inside = true
		case c == ')':
			inside = false
		case c == ',' && !inside:
			return i
		}
	}

	return len(text)
}
