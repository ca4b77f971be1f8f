// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"go.yaml.in/yaml/v3"
)

// What the CIs say about the commit.
const (
	gitTag = "v1.2.3"
	sha    = "12be34f0c5a1d2e3f4a5b6c7d8e9f0a1b2c3d4e5"
)

// example is a pipeline below examples/.
type example struct {
	file string
	// env is what the CI documents to set.
	env map[string]string
	// jobs returns the jobs of a run, in their order.
	jobs      func(t *testing.T, p pipeline) []job
	platforms []string
	// says, if not empty, is what stands in the log before the digest, which later jobs read.
	says string
}

// pipeline is an example of which the registry is one that exists.
type pipeline struct {
	text  string
	image string
	env   map[string]string
}

func TestExamples(t *testing.T) {
	t.Parallel()
	two := []string{"linux/amd64", "linux/arm64"}
	seven := []string{"linux/amd64", "linux/386", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/ppc64le", "linux/s390x"}
	examples := []example{
		{"azure/azure-pipelines.yml", azureEnv, azureJobs, two, "##vso[task.setvariable variable=digest;isOutput=true]"},
		{"buildkite/pipeline.yml", buildkiteEnv, buildkiteJobs, two, ""},
		{"circleci/config.yml", circleEnv, circleJobs, two, ""},
		{"docker-run/release.sh", nil, dockerRunJobs, two, ""},
		{"drone/.drone.yml", droneEnv, pluginJobs, two, ""},
		{"jenkins/Jenkinsfile", jenkinsEnv, jenkinsJobs, two, ""},
		{"tekton/task.yaml", nil, tektonJobs, two, "result digest="},
		{"travis/.travis.yml", travisEnv, travisJobs, seven, ""},
		{"woodpecker/release.yaml", woodpeckerEnv, pluginJobs, two, ""},
	}
	for _, ex := range examples {
		t.Run(filepath.Dir(ex.file), func(t *testing.T) {
			t.Parallel()
			repository := newRegistry(t)
			p := pipeline{text: source(t, ex.file, repository), image: repository.Name(), env: ex.env}
			var log strings.Builder
			for _, j := range ex.jobs(t, p) {
				log.WriteString(j.run(t))
			}
			got := read(t, repository)
			if want := []string{"1", "1.2", "1.2.3", "latest"}; !slices.Equal(got.tags, want) {
				t.Errorf("tags = %v, want %v", got.tags, want)
			}
			if diff := cmp.Diff(ex.platforms, withoutV8(got.platforms)); diff != "" {
				t.Errorf("platforms (-want +got):\n%s", diff)
			}
			if want := ex.says + got.digest; ex.says != "" && !strings.Contains(log.String(), want) {
				t.Errorf("no job says %q:\n%s", want, log.String())
			}
		})
	}
}

// source returns the text of an example, with the repository in place of its own.
func source(t *testing.T, file string, repository name.Repository) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "examples", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("registry.example.com/acme/app", repository.Name(), "ghcr.io/acme/app", repository.Name()).Replace(string(text))
}

// decode reads what the type has fields for.
func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// withoutV8 writes arm64 as those tools do that leave its only variant out.
func withoutV8(platforms []string) []string {
	out := slices.Clone(platforms)
	for i := range out {
		out[i] = strings.TrimSuffix(out[i], "/v8")
	}
	return out
}
