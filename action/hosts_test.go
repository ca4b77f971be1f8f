// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/report"
)

// job is a run on a CI, against a registry that has the two sources of 12be34.
type job struct {
	env    []string
	fault  *registrytest.Fault
	args   []string
	output string // what was written to GITHUB_OUTPUT
	stdout string
	stderr string
}

func (j *job) run(t *testing.T) int {
	t.Helper()
	r := registrytest.New(registrytest.Options{})
	r.PushImage(t, "acme/app:12be34-linux-amd64", "linux/amd64")
	r.PushImage(t, "acme/app:12be34-linux-arm64", "linux/arm64")
	if j.fault != nil {
		r.Inject(*j.fault)
	}
	file := filepath.Join(t.TempDir(), "output")
	var stdout, stderr bytes.Buffer
	c := action.Command{
		Args:      append(slices.Clone(j.args), "--images=registry.example/acme/app", "--source-tag=12be34", "--platforms=linux/amd64,linux/arm64"),
		Getenv:    environment(append(slices.Clone(j.env), "GITHUB_OUTPUT="+file)...),
		Stdout:    &stdout,
		Stderr:    &stderr,
		Transport: registrytest.Net{"registry.example": r},
	}
	status := c.Main(t.Context())
	raw, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	j.output, j.stdout, j.stderr = string(raw), stdout.String(), stderr.String()
	return status
}

var github = []string{"GITHUB_ACTIONS=true", "GITHUB_REF=refs/tags/v1.2.3"}

// fail refuses every PUT of a tag.
func fail(tag string) *registrytest.Fault {
	return &registrytest.Fault{Match: registrytest.On(http.MethodPut, "/manifests/"+tag+"$"), Status: http.StatusForbidden}
}

// TestMasksComeFirst: before anything else is printed, GitHub is told every secret, alone and in the base64 that goes over the wire.
func TestMasksComeFirst(t *testing.T) {
	t.Parallel()
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	tests := map[string][]string{
		"password":      {"INPUT_USERNAME=ann", "INPUT_PASSWORD=s3cret"},
		"registry_auth": {"INPUT_REGISTRY_AUTH=[{registry: ghcr.io, username: ann, password: s3cret}]"},
		"github_token":  {"GITHUB_ACTOR=ann", "GITHUB_TOKEN=s3cret"},
		"CI_REGISTRY":   {"CI_REGISTRY=ghcr.io", "CI_REGISTRY_USER=ann", "CI_REGISTRY_PASSWORD=s3cret"},
	}
	for name, env := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := job{env: slices.Concat(github, env), args: []string{"plan"}}
			if status := j.run(t); status != 0 {
				t.Fatalf("exit status %d\n%s", status, j.stderr)
			}
			var masked []string
			for line := range strings.Lines(j.stdout) {
				value, ok := strings.CutPrefix(strings.TrimSpace(line), "::add-mask::")
				if !ok {
					break
				}
				masked = append(masked, value)
			}
			for _, want := range []string{"s3cret", encode("s3cret"), encode("ann:s3cret")} {
				if !slices.Contains(masked, want) {
					t.Errorf("masked first are %q, want %q among them", masked, want)
				}
			}
			if rest := regexp.MustCompile(`(?m)^::add-mask::.*$`).ReplaceAllString(j.stdout, ""); strings.Contains(rest, "s3cret") {
				t.Errorf("the log shows the secret:\n%s", j.stdout)
			}
		})
	}
}

// TestMasksOnGitHubOnly: elsewhere there is no such command, and printing it would show the secret.
func TestMasksOnGitHubOnly(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"GitLab":   {"GITLAB_CI=true", "CI_COMMIT_TAG=v1.2.3"},
		"CircleCI": {"CIRCLECI=true", "CIRCLE_TAG=v1.2.3"},
		"terminal": {"POLYTAG_GIT_TAG=v1.2.3"},
	} {
		j := job{env: append(env, "POLYTAG_USERNAME=ann", "POLYTAG_PASSWORD=s3cret")}
		if status := j.run(t); status != 0 {
			t.Errorf("%s: exit status %d\n%s", name, status, j.stderr)
		}
		if strings.Contains(j.stdout+j.stderr, "s3cret") || strings.Contains(j.stdout, "::") || j.output != "" {
			t.Errorf("%s: stdout:\n%s", name, j.stdout)
		}
	}
}

// TestGroupsAreClosed: groups and sections do not nest and are all closed, wherever the run ends.
func TestGroupsAreClosed(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]*registrytest.Fault{
		"success":         nil,
		"reading fails":   {Match: registrytest.On(http.MethodGet, "/manifests/"), Status: http.StatusForbidden},
		"listing fails":   {Match: registrytest.On(http.MethodGet, "/tags/list$"), Status: http.StatusForbidden},
		"first tag fails": fail("1"),
		"exact tag fails": fail("1.2.3"),
		"last tag fails":  fail("latest"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := job{env: github, fault: fault}
			status := j.run(t)
			if want := fault == nil; (status == 0) != want {
				t.Errorf("exit status %d", status)
			}
			open := 0
			for line := range strings.Lines(j.stdout) {
				switch {
				case strings.HasPrefix(line, "::group::"):
					open++
				case strings.HasPrefix(line, "::endgroup::"):
					open--
				case strings.HasPrefix(line, "::error") && open > 0:
					t.Errorf("an error is inside a group, which is folded: %s", line)
				}
				if open < 0 || open > 1 {
					t.Fatalf("groups are nested, or closed twice:\n%s", j.stdout)
				}
			}
			if open != 0 {
				t.Errorf("a group is left open:\n%s", j.stdout)
			}
			if annotated := strings.Contains(j.stdout, "\n::error title=polytag::"); annotated != (status != 0) {
				t.Errorf("an annotation is there: %v, exit status %d\n%s", annotated, status, j.stdout)
			}
		})
	}
}

// TestOutputsOnGitHub: all outputs are set, whatever became of the run, and result is the JSON of them.
func TestOutputsOnGitHub(t *testing.T) {
	t.Parallel()
	all := make([]string, 0, 8)
	for _, o := range report.Outputs(report.Report{}) {
		all = append(all, o.Name)
	}
	tests := map[string]struct {
		job    job
		status string
		empty  []string
	}{
		"done":             {job{env: github}, "done", nil},
		"planned":          {job{env: github, args: []string{"plan"}}, "planned", nil},
		"literals":         {job{env: github[:1:1], args: []string{"--tags=nightly"}}, "done", []string{"version"}},
		"first tag failed": {job{env: github, fault: fail("1")}, "failed", []string{"digest", "image", "tags", "tag_names", "platforms"}},
		"last tag failed":  {job{env: github, fault: fail("latest")}, "failed", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.job.run(t)
			got := outputs(t, tt.job.output)
			if diff := cmp.Diff(slices.Sorted(slices.Values(all)), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			for _, o := range all {
				if empty := slices.Contains(tt.empty, o); empty != (got[o] == "") {
					t.Errorf("output %s = %q", o, got[o])
				}
			}
			if got["status"] != tt.status {
				t.Errorf("status = %q, want %q", got["status"], tt.status)
			}
			var d report.Document
			if err := json.Unmarshal([]byte(got["result"]), &d); err != nil {
				t.Fatal(err)
			}
			if string(d.Status) != tt.status || d.Version != got["version"] || d.Image != got["image"] {
				t.Errorf("result says %s, %s, %s; the outputs %s, %s, %s", d.Status, d.Version, d.Image, got["status"], got["version"], got["image"])
			}
		})
	}
}

// outputs reads a file of outputs as the runner does.
func outputs(t *testing.T, file string) map[string]string {
	t.Helper()
	out := map[string]string{}
	lines := strings.Split(file, "\n")
	for i := 0; i < len(lines)-1; i++ {
		name, delimiter, ok := strings.Cut(lines[i], "<<")
		end := slices.Index(lines[i+1:], delimiter)
		if !ok || end < 0 {
			t.Fatalf("line %d of the outputs begins none:\n%s", i+1, file)
		}
		out[name] = strings.Join(lines[i+1:i+1+end], "\n")
		i += end + 1
	}
	return out
}

// TestGitHubWithoutFiles: a runner that imitates GitHub's may have no file for outputs or summaries.
func TestGitHubWithoutFiles(t *testing.T) {
	t.Parallel()
	j := job{env: append(slices.Clone(github), "GITHUB_STEP_SUMMARY=")}
	if status := j.run(t); status != 0 {
		t.Errorf("exit status %d\n%s", status, j.stderr)
	}
}

// TestOutputFileThatCannotBeWritten: what cannot be reported is an error, though the release is done.
func TestOutputFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	j := job{env: append(slices.Clone(github), "GITHUB_STEP_SUMMARY="+t.TempDir())}
	if status := j.run(t); status == 0 || !strings.Contains(j.stderr, "error: writing the job summary: ") {
		t.Errorf("exit status %d\n%s", status, j.stderr)
	}
	if !strings.Contains(j.stdout, "released 1.2.3: ") {
		t.Errorf("stdout:\n%s", j.stdout)
	}
}
