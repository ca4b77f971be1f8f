// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// password has what a shell and YAML would take for theirs. GitLab keeps a $ for itself, unless the variable's settings say
// otherwise.
const password = `pa'"\: #word`

// published are the tags of a release of v1.2.3.
var published = []string{"1", "1.2", "1.2.3", "latest"}

// release is a pipeline that releases what the build jobs left, and reads the report in a later job.
const release = `
stages: [build, test, deploy, after]
include:
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/release@$CI_COMMIT_SHA
    inputs:
      source_tag: $STEM
      platforms: linux/amd64, linux/arm64
      cleanup: true
variables:
  STEM: build
announce:
  stage: after
  rules: [{if: $CI_COMMIT_TAG}]
  script: echo "read $POLYTAG_DIGEST, $POLYTAG_TAG_NAMES, $POLYTAG_STATUS"
`

// TestRelease releases with what GitLab knows by itself: image, tag and login.
func TestRelease(t *testing.T) {
	t.Parallel()
	reg := startRegistry(t, "gitlab-ci-token", "glcbt-64_s3cr3t")
	reg.pushBuild(t)
	p := newProject(t, release, reg)
	checkRelease(t, p, reg, p.succeed(t))
}

// checkRelease checks a run of the pipeline release.
func checkRelease(t *testing.T, p *project, reg *registry, out outcome) {
	t.Helper()
	if diff := cmp.Diff(published, reg.tags(t)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	digest, _ := reg.index(t, "latest")
	want := "read " + digest + ", 1 1.2 1.2.3 latest, done"
	if !strings.Contains(out.log, want) {
		t.Errorf("the later job did not print %q:\n%s", want, out.log)
	}
	if got := p.report(t, "polytag-release"); got.Status != "done" || got.Digest != digest {
		t.Errorf("report = %+v, want it done, with %s", got, digest)
	}
	if summary := p.artifact(t, "polytag-release", "polytag-report/summary.md"); !strings.Contains(summary, digest) {
		t.Errorf("the summary lacks %s:\n%s", digest, summary)
	}
	if strings.Contains(out.log, reg.password) {
		t.Errorf("the log has the password:\n%s", out.log)
	}
}

// TestLocalInclude gives the component's own inputs, and checks what of the pipeline reaches the job.
func TestLocalInclude(t *testing.T) {
	t.Parallel()
	reg := startRegistry(t, "gitlab-ci-token", "glcbt-64_s3cr3t")
	reg.push(t, reg.image()+":tested", "amd64")
	p := newProject(t, `
stages: [publish]
default:
  before_script: exit 1
include:
  - local: templates/release/template.yml
    inputs:
      job_name: publish app
      stage: publish
      image: registry.example.com/polytag:1.2
      rules: [{if: '$CI_PIPELINE_SOURCE == "push"'}]
      tags: nightly
      source_tag: tested
publish app:
  tags: [big]
`, reg)
	p.variables = p.variables[1:] // not a pipeline for a tag
	preview := p.run(t, "--preview").log
	for _, want := range []string{"name: registry.example.com/polytag:1.2\n", "  tags:\n    - big\n", "  stage: publish\n"} {
		if !strings.Contains(preview, want) {
			t.Errorf("the job lacks %q:\n%s", want, preview)
		}
	}
	p.succeed(t)
	if diff := cmp.Diff([]string{"nightly", "tested"}, reg.tags(t)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// TestBranch checks that nothing is released in a pipeline for a branch.
func TestBranch(t *testing.T) {
	t.Parallel()
	p := newProject(t, release, &registry{host: "registry.example.com"})
	p.variables = nil
	if list := p.run(t, "--list").log; strings.Contains(list, "polytag-release") {
		t.Errorf("a pipeline for a branch has the job:\n%s", list)
	}
}

// TestTwoReleases checks that outputs of the first are no inputs of the second, although GitLab prefers the variables of a
// dotenv report to those of the job.
func TestTwoReleases(t *testing.T) {
	t.Parallel()
	reg := startRegistry(t, "gitlab-ci-token", "glcbt-64_s3cr3t")
	reg.push(t, reg.image()+":tested", "amd64")
	p := newProject(t, `
stages: [first, second]
include:
  - local: templates/release/template.yml
    inputs: {job_name: first, stage: first, source_tag: tested}
  - local: templates/release/template.yml
    inputs: {job_name: second, stage: second, source_tag: tested, suffix: -alpine}
`, reg)
	p.succeed(t)
	want := []string{"1", "1-alpine", "1.2", "1.2-alpine", "1.2.3", "1.2.3-alpine", "latest", "latest-alpine", "tested"}
	if diff := cmp.Diff(want, reg.tags(t)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}
