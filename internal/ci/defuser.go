// SPDX-License-Identifier: Apache-2.0

package ci

// defuser keeps text from becoming a workflow command, by a backslash inside the mark that makes one. It works byte by
// byte, so that a mark in two writes is seen. The runner's rules are in
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs: "::" first on a line, after white
// space, or "##[" anywhere. It ends lines at CR, too.
type defuser struct {
	begun  bool // the line has more than blanks
	colon  bool // the byte before is the first on the line, and a colon
	hashes int  // '#' right before, up to 2
}

func (d *defuser) append(dst, text []byte) []byte {
	for _, b := range text {
		if b == ':' && d.colon || b == '[' && d.hashes == 2 {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
		d.step(b)
	}
	return dst
}

func (d *defuser) step(b byte) {
	if b == '\n' || b == '\r' {
		*d = defuser{}
		return
	}
	d.colon = b == ':' && !d.begun
	// White space of .NET goes beyond ASCII (U+00A0, U+3000, …). Any byte of such a rune counts as blank.
	blank := b <= ' ' || b >= 0x7f
	d.begun = d.begun || !blank
	if b != '#' {
		d.hashes = 0
	} else if d.hashes < 2 {
		d.hashes++
	}
}
