// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// https://buildkite.com/docs/pipelines/configure/environment-variables
var buildkiteEnv = map[string]string{
	"CI": "true", "BUILDKITE": "true", "BUILDKITE_TAG": gitTag, "BUILDKITE_COMMIT": sha,
	"BUILDKITE_REPO": "git@github.com:acme/app.git", "BUILDKITE_BUILD_NUMBER": "7", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
}

// buildkiteJobs returns a job for each step, and for each value of its matrix. A single $ would have been filled in by the
// upload of the pipeline, so there may be none.
func buildkiteJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	_, code, _ := strings.Cut(p.text, "\nenv:") // behind the comment
	if strings.Contains(strings.ReplaceAll(code, "$$", ""), "$") {
		t.Error("the pipeline has a single $")
	}
	var config struct {
		Env   map[string]string
		Steps []yaml.Node // "wait", or a step
	}
	decode(t, strings.ReplaceAll(p.text, "$$", "$"), &config)
	var jobs []job
	for _, node := range config.Steps {
		if node.Kind != yaml.MappingNode {
			continue
		}
		var step struct {
			Label, Command   string
			Commands, Matrix []string
		}
		if err := node.Decode(&step); err != nil {
			t.Fatal(err)
		}
		if step.Matrix == nil {
			step.Matrix = []string{""}
		}
		for _, value := range step.Matrix {
			script := strings.Join(append(step.Commands, step.Command), "\n")
			jobs = append(jobs, job{
				name: step.Label, env: with(p.env, secrets(), config.Env),
				command: bash(strings.ReplaceAll(script, "{{matrix}}", value)),
			})
		}
	}
	return jobs
}
