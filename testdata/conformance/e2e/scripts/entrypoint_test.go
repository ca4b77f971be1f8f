// SPDX-License-Identifier: Apache-2.0

// Package scripts_test runs the shell scripts of the repository under the shells that they meet: dash, which is Debian's and
// Ubuntu's sh, and busybox, which is Alpine's.
package scripts_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shells are the shells that scripts are run by. The engine's stand-in for Alpine has the same busybox.
func shells() map[string][]string {
	return map[string][]string{"dash": {"dash"}, "busybox": {"busybox", "sh"}}
}

// script returns a run of a script of the repository by a shell. It sees PATH, and the variables that are given.
func script(t *testing.T, shell []string, file string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(shell[0])
	if err != nil {
		t.Fatalf("%v: apt-get install dash busybox-static", err)
	}
	cmd := exec.CommandContext(t.Context(), path, append(append(shell[1:], file), args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	return cmd
}

// output runs a command and returns what it writes.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		t.Errorf("%q: %v\n%s", cmd.Args, err, &said)
	}
	return string(out)
}

// entrypoint writes the entrypoint with another program in the place of polytag, one that prints its arguments.
func entrypoint(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "entrypoint.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(raw, []byte("\n")); lines > 15 {
		t.Errorf("entrypoint.sh has %d lines, want at most 15", lines)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "polytag")
	const text = "#!/bin/sh\necho polytag $$ $#\nfor a; do echo \"<$a>\"; done\n"
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "entrypoint.sh")
	replaced := strings.ReplaceAll(string(raw), "/usr/local/bin/polytag", program)
	if err := os.WriteFile(file, []byte(replaced), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEntrypoint(t *testing.T) {
	t.Parallel()
	program := []string{"polytag"}
	tests := map[string]struct {
		args []string
		want []string // the arguments of polytag behind its name, or what else is printed
	}{
		"nothing":                  {nil, program},
		"an empty argument":        {[]string{""}, append(program, "<>")},
		"flags":                    {[]string{"--dry-run", "--images", "a b\nc *"}, append(program, "<--dry-run>", "<--images>", "<a b", "c *>")},
		"a command of polytag":     {[]string{"inspect", "acme/app"}, append(program, "<inspect>", "<acme/app>")},
		"another command":          {[]string{"echo", "-n", "a  b"}, []string{"a  b"}},
		"a shell with a command":   {[]string{"sh", "-c", "echo \"$1\"", "sh", "$HOME"}, []string{"$HOME"}},
		"GitLab's detection":       {[]string{"sh", "-c", "if [ -x /bin/sh ]; then\n\texec /bin/sh \nfi\n\n"}, []string{""}},
		"Kubernetes on GitLab":     {[]string{"sh", "-c", "(trap : TERM; echo ready)"}, []string{"ready"}},
		"a path":                   {[]string{"/bin/echo", "--version=no"}, []string{"--version=no"}},
		"a runner's waiting":       {[]string{"tail", "-n", "1", "/dev/null"}, []string{""}},
		"the program by its name":  {[]string{"env", "A=b", "sh", "-c", "echo $A"}, []string{"b"}},
		"an input with its spaces": {[]string{"release", "--tags=a, b"}, append(program, "<release>", "<--tags=a, b>")},
	}
	for name, tt := range tests {
		for shell, words := range shells() {
			t.Run(name+" by "+shell, func(t *testing.T) {
				t.Parallel()
				cmd := script(t, words, entrypoint(t), nil, tt.args...)
				got := strings.Split(strings.TrimSuffix(output(t, cmd), "\n"), "\n")
				if strings.HasPrefix(got[0], "polytag ") {
					got[0] = "polytag"
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("entrypoint.sh %q (-want +got):\n%s", tt.args, diff)
				}
			})
		}
	}
}

// TestEntrypointSignal sends a signal to the entrypoint, which must have become the program.
func TestEntrypointSignal(t *testing.T) {
	t.Parallel()
	for shell, words := range shells() {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			const program = `trap 'echo interrupted; exit 130' INT; echo $$; while :; do sleep 0.05; done`
			cmd := script(t, words, entrypoint(t), nil, "sh", "-c", program)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			lines.Scan() // it runs
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			lines.Scan()
			cmd.Wait()
			if lines.Text() != "interrupted" || cmd.ProcessState.ExitCode() != 130 {
				t.Errorf("it said %q and ended with %d, want interrupted and 130", lines.Text(), cmd.ProcessState.ExitCode())
			}
		})
	}
}
