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
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// shown returns what people see of the log, and the values that it hides from the line on which the action asks for it.
// ActionCommandManager.cs
func (l *log) shown() (text string, masked []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for line := range strings.Lines(l.text.String()) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "::add-mask::"); ok {
			masked = append(masked, unescape.Replace(value))
			// The longest first, as one may be a part of another.
			slices.SortFunc(masked, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
			continue
		}
		for _, value := range masked {
			line = strings.ReplaceAll(line, value, "***")
		}
		b.WriteString(line)
	}
	return b.String(), masked
}

// unescape reads the data of a workflow command.
var unescape = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
