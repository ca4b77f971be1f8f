// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRefusedInputs checks what the specification of the inputs refuses, before there is a pipeline.
func TestRefusedInputs(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, input, want string }{
		{"text for a Boolean", `cleanup: "yes"`, "provided value is not a boolean"},
		{"Boolean for a text", `readme: true`, "provided value is not a string"},
		{"list", `platforms: [linux/amd64]`, "provided value is not a string"},
		{"text for a list", `rules: $CI_COMMIT_TAG`, "provided value is not a array"},
		{"no option", `floating: never`, "it is not in the list of allowed options"},
		{"a secret", `password_variable: hunter-2`, "does not match required regex"},
		{"a secret, expanded", `registry_auth_variable: $HUB_TOKEN`, "does not match required regex"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, pipelineWith("      "+tt.input+"\n"), &registry{host: "registry.example.com"})
			out := p.run(t, "--preview")
			input, _, _ := strings.Cut(tt.input, ":")
			if !out.failed || !strings.Contains(out.log, "`"+input+"` input:") || !strings.Contains(out.log, tt.want) {
				t.Errorf("%s: got %s, want %s", tt.input, out.log, tt.want)
			}
		})
	}
}

// TestHarmlessInputs gives inputs that a shell or YAML would act on, and reads one of them back from the registry.
func TestHarmlessInputs(t *testing.T) {
	t.Parallel()
	reg := startRegistry(t, "gitlab-ci-token", "glcbt-64_s3cr3t")
	reg.pushBuild(t)
	p := newProject(t, `
include:
  - local: templates/release/template.yml
    inputs:
      source_tag: build
      platforms: |
        # one a line
        linux/amd64
        linux/arm64
      annotations: |
        a="; touch harm; '$(touch harm)'`+" `touch harm`"+`
        b=} ]: - & * ! $[[ x ]] \n "
`, reg)
	p.succeed(t)
	_, index := reg.index(t, "1.2.3")
	for key, want := range map[string]string{"a": "\"; touch harm; '$(touch harm)' `touch harm`", "b": `} ]: - & * ! $[[ x ]] \n "`} {
		if got := index.Annotations[key]; got != want {
			t.Errorf("annotation %s = %q, want %q", key, got, want)
		}
	}
	filepath.WalkDir(p.dir, func(path string, _ os.DirEntry, _ error) error {
		if filepath.Base(path) == "harm" {
			t.Errorf("an input was run: there is %s", path)
		}
		return nil
	})
}

// TestFailedRelease checks that a release that fails, fails the job, and still has its report.
func TestFailedRelease(t *testing.T) {
	t.Parallel()
	reg := startRegistry(t, "gitlab-ci-token", "glcbt-64_s3cr3t")
	reg.push(t, reg.image()+":1.2.3", "s390x")
	reg.push(t, reg.image()+":tested", "amd64")
	p := newProject(t, pipelineWith(""), reg)
	p.fail(t, "error: ", "1.2.3")
	if got := p.report(t, "polytag-release").Status; got != "failed" {
		t.Errorf("status = %q, want failed", got)
	}
	if got := p.artifact(t, "polytag-release", "polytag-report/outputs.env"); !strings.Contains(got, "POLYTAG_STATUS=failed\n") {
		t.Errorf("outputs.env = %q, want POLYTAG_STATUS=failed", got)
	}
}

// TestWrongInputs checks what the program alone can see.
func TestWrongInputs(t *testing.T) {
	t.Parallel()
	p := newProject(t, pipelineWith("      platforms: linux\n"), &registry{})
	p.variables = []string{"CI_COMMIT_TAG=release-7", "CI_REGISTRY_IMAGE="}
	p.fail(t, "error: images: required", "error: git_tag: ", `error: platforms "linux"`)
}

// TestNoProgram runs the job where there is no image, and no program either.
func TestNoProgram(t *testing.T) {
	t.Parallel()
	p := newProject(t, pipelineWith(""), &registry{host: "registry.example.com"})
	p.path = t.TempDir()
	p.fail(t, "error: there is no polytag on PATH", "hint: ")
}
