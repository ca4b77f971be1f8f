// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"fmt"
	"strings"
)

// escapeName makes a path of a URL from the name of a file or ref. What it leaves as it is means nothing to Markdown and
// HTML: it may stand in a destination, in a table's cell and in an attribute, quoted or not.
func escapeName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; isLetter(c) || ('0' <= c && c <= '9') || strings.IndexByte("-._~/!$+:@", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}

	return b.String()
}

func isLetter(c byte) bool {
	return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z')
}
