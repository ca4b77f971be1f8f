// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// command is one run of the program, which gets nothing of the test's environment but PATH.
type command struct {
	args []string
	env  []string // NAME=value
}

// outcome is what a run of the program ended with.
type outcome struct {
	exit   int
	output string // what a person sees: standard output and standard error as they came
	result result
}

// result is what the tests read of the file that --json writes.
type result struct {
	Digest  string `json:"digest"` // of the index
	Targets []struct {
		Tags []tagRow `json:"tags"`
	} `json:"targets"`
	Temporary []temporaryRow `json:"temporary"`
}

// temporaryRow says what became of a temporary tag.
type temporaryRow struct {
	Tag    string `json:"tag"`
	Status string `json:"status"`
	Reason string `json:"reason"` // empty for removed and absent
}

// tagRow says what became of a tag, and what it points at now.
type tagRow struct {
	Tag    string `json:"tag"`
	Status string `json:"status"`
	To     string `json:"to"` // empty if there is no such tag
}

// tags returns the rows of the target, in push order; none if the program did not come so far.
func (o outcome) tags() []tagRow {
	if len(o.result.Targets) == 0 {
		return nil
	}
	return o.result.Targets[0].Tags
}

// process is a run that has begun.
type process struct {
	args     []string
	cmd      *exec.Cmd
	cancel   context.CancelFunc
	output   bytes.Buffer
	jsonFile string
}

// start runs the program in an empty folder, which is its home too.
func (c command) start(t *testing.T) *process {
	t.Helper()
	dir := t.TempDir()
	p := &process{args: c.args, jsonFile: filepath.Join(dir, "result.json")}
	var ctx context.Context
	ctx, p.cancel = context.WithTimeout(t.Context(), patience)
	p.cmd = exec.CommandContext(ctx, binary, slices.Concat(c.args, []string{"--json=" + p.jsonFile})...)
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, c.env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// wait returns when the program has ended.
func (p *process) wait(t *testing.T) outcome {
	t.Helper()
	defer p.cancel()
	err := p.cmd.Wait()
	if _, isExit := errors.AsType[*exec.ExitError](err); err != nil && !isExit {
		t.Fatal(err)
	}
	out := outcome{exit: p.cmd.ProcessState.ExitCode(), output: p.output.String()}
	if testing.Verbose() {
		t.Logf("polytag %s: exit status %d\n%s", strings.Join(p.args, " "), out.exit, out.output)
	}
	data, err := os.ReadFile(p.jsonFile)
	if err == nil {
		err = json.Unmarshal(data, &out.result)
	}
	if err != nil && out.exit == 0 {
		t.Errorf("reading the result: %v\n%s", err, out.output)
	}
	return out
}
