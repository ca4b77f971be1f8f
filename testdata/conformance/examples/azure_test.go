// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
var azureEnv = map[string]string{
	"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/" + gitTag, "BUILD_SOURCEVERSION": sha,
	"BUILD_REPOSITORY_URI": "https://dev.azure.com/acme/_git/app", "BUILD_BUILDID": "7",
}

// azureJobs returns the jobs. Variables of the pipeline are in the environment, but for secrets: those a step has to name.
func azureJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	var config struct {
		Variables []struct{ Name, Value string }
		Jobs      []struct {
			Job      string
			Strategy struct{ Matrix map[string]map[string]string }
			Steps    []struct {
				Script string
				Env    map[string]string
			}
		}
	}
	decode(t, p.text, &config)
	shared := with(p.env, map[string]string{"POLYTAG_USERNAME": login.Username, "AGENT_TEMPDIRECTORY": t.TempDir()})
	for _, v := range config.Variables {
		if v.Name != "" {
			shared[v.Name] = v.Value
		}
	}
	var jobs []job
	for _, from := range config.Jobs {
		legs := from.Strategy.Matrix
		if legs == nil {
			legs = map[string]map[string]string{"": nil}
		}
		for _, leg := range slices.Sorted(maps.Keys(legs)) {
			j := job{name: from.Job + " " + leg, env: with(shared, legs[leg])}
			var scripts []string
			for _, step := range from.Steps {
				scripts = append(scripts, step.Script)
				for name, value := range step.Env {
					j.env[name] = strings.ReplaceAll(value, "$(POLYTAG_PASSWORD)", login.Password)
				}
			}
			// Azure's bash goes on after a command that failed.
			j.command = []string{"bash", "--noprofile", "--norc", "-c", strings.Join(scripts, "\n")}
			jobs = append(jobs, j)
		}
	}
	return jobs
}
