// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/polytag/polytag/internal/release"
)

// barWidth is that of a bar, in columns.
const barWidth = 30

// Erase is what a terminal is sent before a line that takes the place of a bar.
const Erase = "\r\x1b[K"

// WriteProgress writes how far copying is: on a terminal as a bar over the line on which the cursor stands, else as a line.
// Errors of w are the caller's to find.
func WriteProgress(w io.Writer, p release.Progress, terminal bool) {
	text := fmt.Sprintf("%s of %s, %d of %s", size(p.Bytes), size(p.OfBytes), p.Blobs, plural(int(p.OfBlobs), "blob"))
	if !terminal {
		fmt.Fprintf(w, "copying: %s\n", text)
		return
	}
	full := 0
	if p.OfBytes > 0 {
		full = int(min(barWidth, max(0, barWidth*p.Bytes/p.OfBytes)))
	}
	fmt.Fprintf(w, Erase+"[%s%s] %s", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full), text)
}
