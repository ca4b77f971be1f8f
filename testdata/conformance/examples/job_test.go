// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// job is a script of an example with all that its CI gives it.
type job struct {
	name string
	// container says that the script runs in polytag's container, where the program is on PATH. Elsewhere docker is.
	container bool
	command   []string
	dir       string // empty: the home folder
	env       map[string]string
}

// run runs the job on a machine of its own, and returns what its log says. It fails the test if the job fails or shows the password.
func (j job) run(t *testing.T) string {
	t.Helper()
	home, bin := t.TempDir(), t.TempDir()
	if j.container {
		if err := os.Symlink(binary, filepath.Join(bin, "polytag")); err != nil {
			t.Fatal(err)
		}
	} else {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		script := fmt.Sprintf("#!/bin/sh\nEXAMPLES_DOCKER=1 EXAMPLES_POLYTAG='%s' exec '%s' \"$@\"\n", binary, self)
		if err := os.WriteFile(filepath.Join(bin, "docker"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), j.command[0], j.command[1:]...)
	cmd.Dir, cmd.Env = cmp.Or(j.dir, home), []string{"HOME=" + home, "PATH=" + bin + ":/usr/bin:/bin"}
	for name, value := range j.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("job %s: %v\n%s", j.name, err, out)
	}
	if strings.Contains(string(out), login.Password) {
		t.Errorf("the log of job %s shows the password", j.name)
	}
	if testing.Verbose() {
		t.Logf("job %s\n%s", j.name, out)
	}
	return string(out)
}

// bash runs a script as most CIs do: it ends at the first command that fails.
func bash(script string) []string { return []string{"bash", "-e", "-o", "pipefail", "-c", script} }

// pushed is a job that pushes an image, as somebody before the example does, or a plugin in it.
func pushed(image, platforms, tag string) job {
	return job{
		name: "push " + tag, env: with(secrets(), map[string]string{"IMAGE": image, "PLATFORMS": platforms, "TAG": tag}),
		command: bash(`printf %s "$POLYTAG_PASSWORD" | docker login --username "$POLYTAG_USERNAME" --password-stdin "${IMAGE%%/*}"
			docker buildx build --platform "$PLATFORMS" --push --tag "$IMAGE:$TAG" .`),
	}
}

// with returns the variables of all maps. A later one wins.
func with(variables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range variables {
		maps.Copy(all, m)
	}
	return all
}

// secrets are the variables that hold the login in most of the examples.
func secrets() map[string]string {
	return map[string]string{"POLYTAG_USERNAME": login.Username, "POLYTAG_PASSWORD": login.Password}
}
