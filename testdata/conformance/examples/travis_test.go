// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"strings"
	"testing"
)

// https://docs.travis-ci.com/user/environment-variables/#default-environment-variables
var travisEnv = map[string]string{
	"CI": "true", "TRAVIS": "true", "TRAVIS_TAG": gitTag, "TRAVIS_COMMIT": sha, "TRAVIS_BUILD_NUMBER": "7",
}

func travisJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	var config struct {
		Env    struct{ Global []string }
		Script []string // of the jobs that have none of their own
		Jobs   struct {
			Include []struct{ Env, Script string }
		}
	}
	decode(t, p.text, &config)
	var jobs []job
	for _, from := range config.Jobs.Include {
		j := job{name: from.Env, command: bash(from.Script), env: with(p.env, secrets())}
		if from.Script == "" {
			j.command = bash(strings.Join(config.Script, "\n"))
		}
		for _, variable := range append(config.Env.Global, from.Env) {
			name, value, _ := strings.Cut(variable, "=")
			j.env[name] = value
		}
		jobs = append(jobs, j)
	}
	return jobs
}
