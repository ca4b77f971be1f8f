// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"regexp"
	"strings"
	"testing"
)

// https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables. A credential REGISTRY of a user name
// and a password is two variables.
var jenkinsEnv = map[string]string{
	"TAG_NAME": gitTag, "BUILD_NUMBER": "7", "REGISTRY_USR": login.Username, "REGISTRY_PSW": login.Password,
}

var (
	shStep      = regexp.MustCompile(`(?s)sh '''(.*?)'''`)
	imageOfFile = regexp.MustCompile(`IMAGE = '(.*)'`)
)

// jenkinsJobs returns the shell steps: the first is run for each axis of the matrix. In a text of three single quotes Groovy
// takes \\ for \ but leaves $ alone.
func jenkinsJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	steps, image := shStep.FindAllStringSubmatch(p.text, -1), imageOfFile.FindStringSubmatch(p.text)
	if len(steps) != 2 || image == nil {
		t.Fatalf("found %d steps and the image %q, want a build and a release", len(steps), image)
	}
	step := func(i int, arch string) job {
		return job{
			name: "step " + arch, command: []string{"dash", "-xe", "-c", strings.ReplaceAll(steps[i][1], `\\`, `\`)},
			env: with(p.env, map[string]string{"IMAGE": image[1], "ARCH": arch}),
		}
	}
	return []job{step(0, "amd64"), step(0, "arm64"), step(1, "")}
}
