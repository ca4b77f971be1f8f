// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// gauge looks at a process before it ends: its summary is to go into a pipe, at which it waits until that is opened for reading.
type gauge struct {
	process *process
	summary string // the path

	text strings.Builder // of stdout
	done chan struct{}   // closed when the rest is known; nil: not begun
	peak int64           // the most memory that it ever had, in bytes
	page []byte
	err  error
}

// Write takes what the process writes to its standard output.
func (g *gauge) Write(p []byte) (int, error) {
	g.process.stdout.Write(p)
	g.text.Write(p)
	if g.done == nil && verdict.MatchString(g.text.String()) {
		g.done = make(chan struct{})
		go g.look()
	}
	return len(p), nil
}

// verdict matches the last line before the summary.
var verdict = regexp.MustCompile(`(?m)^(not |already |partly )?released.*\n`)

func (g *gauge) look() {
	defer close(g.done)
	var status []byte
	status, g.err = os.ReadFile(fmt.Sprintf("/proc/%d/status", g.process.Process.Pid))
	if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
		_, _ = fmt.Sscan(after, &g.peak)
		g.peak <<= 10
	}
	if g.err == nil {
		g.page, g.err = os.ReadFile(g.summary)
	}
}
