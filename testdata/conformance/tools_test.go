// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience bounds every process that a test waits for.
const patience = 2 * time.Minute

// lookPath returns the path of a program that a Debian package brings.
func lookPath(t *testing.T, program, debianPackage string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%v: apt-get install %s", err, debianPackage)
	}
	return path
}

// goTool returns the path of a program that go.mod pins as a tool, built if it has to be.
func goTool(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "tool", "-n", name).Output()
	if err != nil {
		t.Fatalf("building %s: %v: go get -tool its package", name, stderrOf(err))
	}
	return strings.TrimSpace(string(out))
}

// tool runs a helper program with extra environment variables and returns what it wrote to its standard output.
func tool(t *testing.T, env []string, program string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v", program, strings.Join(args, " "), stderrOf(err))
	}
	return out
}

// stderrOf adds what a process said to the error that it ended with.
func stderrOf(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		return errors.New(exit.Error() + "\n" + string(bytes.TrimSpace(exit.Stderr)))
	}
	return err
}
