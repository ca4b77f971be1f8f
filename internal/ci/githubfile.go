// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// SetOutputs writes to $GITHUB_OUTPUT, in the form for values of several lines:
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings
func (g *github) SetOutputs(outs []Output) error {
	path := g.getenv("GITHUB_OUTPUT")
	if path == "" || len(outs) == 0 {
		return nil
	}
	if err := checkNames(outs); err != nil {
		return fmt.Errorf("setting outputs: %w", err)
	}
	var b strings.Builder
	for _, o := range outs {
		d := delimiter(o.Value)
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.Name, d, o.Value, d)
	}
	if err := appendFile(path, b.String()); err != nil {
		return fmt.Errorf("setting outputs: %w", err)
	}
	return nil
}

// delimiter returns a line that value cannot hold, neither by chance nor on purpose.
func delimiter(value string) string {
	for {
		if d := "ghadelimiter_" + rand.Text(); !strings.Contains(value, d) {
			return d
		}
	}
}

// WriteSummary appends to $GITHUB_STEP_SUMMARY.
func (g *github) WriteSummary(markdown string) error {
	path := g.getenv("GITHUB_STEP_SUMMARY")
	if path == "" || markdown == "" {
		return nil
	}
	var used int64
	if info, err := os.Stat(path); err == nil {
		used = info.Size()
	}
	if err := appendFile(path, fitSummary(markdown, used)); err != nil {
		return fmt.Errorf("writing the job summary: %w", err)
	}
	return nil
}

// fitSummary cuts markdown, at the end of a line, to what has room in a summary of which used bytes are taken. The
// runner throws a larger one away as a whole:
// https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
func fitSummary(markdown string, used int64) string {
	const limit, note = 1<<20 - 1, "\n_Cut here: a job summary holds 1 MiB._\n"
	if !strings.HasSuffix(markdown, "\n") {
		markdown += "\n"
	}
	room := limit - int(min(used, limit))
	if len(markdown) <= room {
		return markdown
	}
	if room < len(note) {
		return ""
	}
	kept := markdown[:room-len(note)]
	return kept[:strings.LastIndexByte(kept, '\n')+1] + note
}

// appendFile appends text in one write, to a file that the runner has made.
func appendFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // the runner says which
	if err != nil {
		return fmt.Errorf("opening the runner's file: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

var nameRE = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// checkNames returns an error for each output whose name could be taken for something else in a file of outputs.
func checkNames(outs []Output) error {
	var errs []error
	for _, o := range outs {
		if !nameRE().MatchString(o.Name) {
			errs = append(errs, fmt.Errorf("output name %q does not have the form %s", o.Name, nameRE()))
		}
	}
	return errors.Join(errs...)
}
