// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"fmt"
	"strings"
)

// The characters of a URL, beside letters, digits and escapes, that mean nothing to Markdown or HTML: they may stand in
// a destination, a table's cell and an attribute, quoted or not.
const (
	plainInPath  = "-._~/!$+:@"
	plainInQuery = plainInPath + "?#=&;,"
)

// escapeName makes a path of a URL from the name of a file or ref.
func escapeName(name string) string {
	return escapeURL(strings.ReplaceAll(name, "%", "%25"))
}

// escapeAll returns the names of files as segments of a URL.
func escapeAll(names []string) []string {
	escaped := make([]string, len(names), len(names)+1)
	for i, name := range names {
		escaped[i] = escapeName(name)
	}

	return escaped
}

// escapeURL escapes what may not stand in the path of a URL, or could be misread in the text around it. Escapes stay.
func escapeURL(s string) string {
	return escapeExcept(s, plainInPath)
}

// escapeExcept percent-encodes the bytes of s other than letters, digits, those in plain, and the percent signs of
// escapes.
func escapeExcept(s, plain string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isAlphanumeric(c) || strings.IndexByte(plain, c) >= 0 || isEscape(s[i:]) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}

	return b.String()
}

// isEscape reports whether s starts with a percent sign and two hexadecimal digits.
func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

func isAlphanumeric(c byte) bool {
	return isLetter(c) || ('0' <= c && c <= '9')
}

func isLetter(c byte) bool {
	return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z')
}

func isHex(c byte) bool {
	return ('0' <= c && c <= '9') || ('a' <= c && c <= 'f') || ('A' <= c && c <= 'F')
}
