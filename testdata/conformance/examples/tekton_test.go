// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// tektonJobs runs the task as taskrun.yaml does, after other tasks have pushed two images.
func tektonJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	var task struct {
		Spec struct {
			Params  []struct{ Name, Default string }
			Results []struct{ Name string }
			Steps   []struct {
				Image         string
				Command, Args []string
				Env           []struct{ Name, Value string }
			}
		}
	}
	decode(t, p.text, &task)
	values := tektonValues(t, p)
	for _, param := range task.Spec.Params {
		values = append(values, "$(params."+param.Name+")", param.Default) // the first that gives a value wins
	}
	results := t.TempDir()
	fill := strings.NewReplacer(append(values, "/tekton/results", results)...)
	step := task.Spec.Steps[0]
	if step.Image != polytagImage || strings.Join(step.Command, " ") != "/usr/local/bin/polytag" {
		t.Errorf("the step runs %q in %s, want polytag", step.Command, step.Image)
	}
	release := job{name: "polytag", container: true, env: map[string]string{}, command: []string{"sh", "-ec", `polytag "$@"`, "sh"}}
	for _, v := range step.Env {
		release.env[v.Name] = fill.Replace(v.Value)
	}
	for _, arg := range step.Args {
		release.command = append(release.command, fill.Replace(arg))
	}
	for _, result := range task.Spec.Results {
		file := filepath.Join(results, result.Name)
		release.command[2] += fmt.Sprintf("\necho 'result %s='\"$(cat %s)\"", result.Name, file)
	}
	return []job{
		pushed(p.image, "linux/amd64", "12be34-linux-amd64"),
		pushed(p.image, "linux/arm64", "12be34-linux-arm64"),
		release,
	}
}

// tektonValues returns what taskrun.yaml gives the task, in pairs of variable and value. Its secret is a folder with a
// config.json.
func tektonValues(t *testing.T, p pipeline) []string {
	t.Helper()
	repository, err := name.NewRepository(p.image)
	if err != nil {
		t.Fatal(err)
	}
	var run struct {
		Spec struct {
			Params []struct{ Name, Value string }
		}
	}
	decode(t, source(t, "tekton/taskrun.yaml", repository), &run)
	credentials := t.TempDir()
	auth := authn.AuthConfig{Username: login.Username, Password: login.Password}
	if err := writeConfig(credentials, repository.RegistryStr(), auth); err != nil {
		t.Fatal(err)
	}
	values := []string{"$(workspaces.dockerconfig.path)", credentials}
	for _, param := range run.Spec.Params {
		values = append(values, "$(params."+param.Name+")", param.Value)
	}
	return values
}
