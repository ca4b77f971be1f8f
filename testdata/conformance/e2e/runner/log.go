// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"
)

// log is what a step says. It may be written to by two streams.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer

	masked []string
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// shown returns what people see of the log. A value is hidden from the line on which the action asks for it.
// ActionCommandManager.cs
func (l *log) shown() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for line := range strings.Lines(l.text.String()) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "::add-mask::"); ok {
			l.masked = append(l.masked, unescape.Replace(value))
			// The longest first, as one may be a part of another.
			slices.SortFunc(l.masked, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
			continue
		}
		for _, value := range l.masked {
			line = strings.ReplaceAll(line, value, "***")
		}
		b.WriteString(line)
	}
	return b.String()
}

// unescape reads the data of a workflow command.
var unescape = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
