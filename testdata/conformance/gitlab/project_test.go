// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience bounds every pipeline.
const patience = 2 * time.Minute

// project is a GitLab project that has the component and a pipeline.
type project struct {
	dir string
	// variables are NAME=value, those of the project's settings and of GitLab.
	variables []string
	// path is where the jobs of the shell executor look for programs first.
	path string
	// flags and env lead gitlab-ci-local to an executor.
	flags, env []string
}

// newProject returns a project whose tag v1.2.3 is released to reg, as group/app.
func newProject(t *testing.T, pipeline string, reg *registry) *project {
	t.Helper()
	dir := t.TempDir()
	p := &project{
		dir: dir, path: filepath.Dir(binary),
		// Without the variable a job that names an image believes to be in a container.
		flags: []string{"--force-shell-executor", "--variable", "CI_PROJECT_DIR=" + dir},
		variables: []string{
			"CI_COMMIT_TAG=v1.2.3", "CI_REGISTRY=" + reg.host, "CI_REGISTRY_IMAGE=" + reg.image(),
			"CI_REGISTRY_USER=" + reg.user, "CI_REGISTRY_PASSWORD=" + reg.password,
		},
	}
	p.write(t, ".gitlab-ci.yml", pipeline)
	template, err := os.ReadFile(filepath.Join(root, "templates/release/template.yml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "templates/release/template.yml", string(template))
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"remote", "add", "origin", "git@gitlab.example.com:group/app.git"},
		{"add", "--all"},
		{"-c", "user.name=Ann", "-c", "user.email=ann@example.com", "commit", "--quiet", "--message=first"},
	} {
		git := exec.Command("git", args...)
		git.Dir = p.dir
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return p
}

func (p *project) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// outcome is what a run of gitlab-ci-local ended with.
type outcome struct {
	failed bool
	log    string
}

// run runs gitlab-ci-local: without arguments the pipeline.
func (p *project) run(t *testing.T, args ...string) outcome {
	t.Helper()
	program, err := exec.LookPath("gitlab-ci-local")
	if err != nil {
		t.Fatalf("%v: npm install --prefix DIR gitlab-ci-local@4.75.1 node@24.21.0, and have DIR/node_modules/.bin on PATH", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	args = append(args, p.flags...)
	for _, v := range p.variables {
		args = append(args, "--variable", v)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = p.dir
	path := strings.Join([]string{p.path, filepath.Dir(program), os.Getenv("PATH")}, ":")
	cmd.Env = append([]string{"HOME=" + t.TempDir(), "PATH=" + path}, p.env...)
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("gitlab-ci-local: %v\n%s", err, out)
	}
	if testing.Verbose() {
		t.Logf("%s", out)
	}
	return outcome{failed: err != nil, log: string(out)}
}

// succeed runs the pipeline and ends the test if it fails.
func (p *project) succeed(t *testing.T) outcome {
	t.Helper()
	out := p.run(t)
	if out.failed {
		t.Fatalf("the pipeline failed:\n%s", out.log)
	}
	return out
}

// fail runs the pipeline and checks that it fails and says all of want.
func (p *project) fail(t *testing.T, want ...string) {
	t.Helper()
	out := p.run(t)
	if !out.failed {
		t.Errorf("the pipeline succeeded, want it to fail:\n%s", out.log)
	}
	for _, text := range want {
		if !strings.Contains(out.log, text) {
			t.Errorf("the log lacks %q:\n%s", text, out.log)
		}
	}
}

// report is what the tests read of the artifact result.json.
type report struct {
	Status string `json:"status"`
	Digest string `json:"digest"`
}

// artifact returns a file that a job left as its artifact.
func (p *project) artifact(t *testing.T, job, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.dir, ".gitlab-ci-local/artifacts", job, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// report returns the result of a release job.
func (p *project) report(t *testing.T, job string) report {
	t.Helper()
	var r report
	if err := json.Unmarshal([]byte(p.artifact(t, job, "polytag-report/result.json")), &r); err != nil {
		t.Fatal(err)
	}
	return r
}
