// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// console is a stream of text that lines of the host are mixed into. Writes are text; line adds a line.
type console struct {
	mu      sync.Mutex
	w       io.Writer
	defuser *defuser // nil: text goes out as it is
	midLine bool
}

// Write writes text of any origin.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	text := p
	if c.defuser != nil {
		text = c.defuser.append(make([]byte, 0, len(p)+8), p)
	}
	c.midLine = p[len(p)-1] != '\n'
	if _, err := c.w.Write(text); err != nil {
		return 0, fmt.Errorf("writing text: %w", err)
	}
	return len(p), nil
}

// line writes s as a line of its own. A log that cannot be written is no reason to stop a release.
func (c *console) line(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.midLine {
		s = "\n" + s
		c.midLine = false
	}
	if c.defuser != nil {
		*c.defuser = defuser{}
	}
	_, _ = io.WriteString(c.w, s+"\n")
}

// oneLine replaces the line breaks in s, so that it fits a heading.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, isLineBreak), " ")
}

func isLineBreak(r rune) bool { return r == '\n' || r == '\r' }
