// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"strings"
	"testing"
)

// https://circleci.com/docs/reference/variables/
var circleEnv = map[string]string{
	"CI": "true", "CIRCLECI": "true", "CIRCLE_TAG": gitTag, "CIRCLE_SHA1": sha,
	"CIRCLE_REPOSITORY_URL": "git@github.com:acme/app.git", "CIRCLE_BUILD_NUM": "7",
}

// circleJobs returns the jobs as the workflow orders them: build, test, release.
func circleJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	var config struct {
		Parameters struct{ Image struct{ Default string } }
		Jobs       map[string]struct {
			Docker      []struct{ Image string }
			Environment map[string]string
			Steps       []any // "checkout", or {run: {command: …}}
		}
	}
	decode(t, p.text, &config)
	decode(t, strings.ReplaceAll(p.text, "<< pipeline.parameters.image >>", config.Parameters.Image.Default), &config)
	var jobs []job
	for _, name := range []string{"build", "test", "release"} {
		from := config.Jobs[name]
		var scripts []string
		for _, step := range from.Steps {
			if step, ok := step.(map[string]any); ok {
				scripts = append(scripts, step["run"].(map[string]any)["command"].(string))
			}
		}
		script := strings.Join(scripts, "\n")
		j := job{name: name, command: bash(script), env: with(p.env, secrets(), from.Environment)}
		if len(from.Docker) > 0 && from.Docker[0].Image == polytagImage {
			// The shell of a container that has no bash.
			j.container, j.command = true, []string{"busybox", "sh", "-e", "-o", "pipefail", "-c", script}
		}
		jobs = append(jobs, j)
	}
	return jobs
}
