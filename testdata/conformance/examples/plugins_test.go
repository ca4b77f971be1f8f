// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// https://woodpecker-ci.org/docs/usage/environment
var woodpeckerEnv = map[string]string{
	"CI": "woodpecker", "CI_COMMIT_TAG": gitTag, "CI_COMMIT_SHA": sha,
	"CI_REPO_URL": "https://codeberg.org/acme/app", "CI_REPO_DEFAULT_BRANCH": "main",
}

// https://docs.drone.io/pipeline/environment/reference/
var droneEnv = map[string]string{
	"CI": "true", "DRONE": "true", "DRONE_TAG": gitTag, "DRONE_COMMIT_SHA": sha,
	"DRONE_REPO_LINK": "https://github.com/acme/app", "DRONE_REPO_BRANCH": "main",
}

var secretsOfPlugins = map[string]string{"registry_username": login.Username, "registry_password": login.Password}

// pluginPipeline is a document of Drone, or the one of Woodpecker.
type pluginPipeline struct {
	Platform struct{ OS, Arch string } // Drone's
	Steps    []struct {
		Name, Image string
		Settings    map[string]any
	}
}

// pluginJobs returns the steps of Woodpecker, or of Drone's pipelines. Both fill in ${NAME} and give plugins their settings
// as PLUGIN_NAME.
func pluginJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	text := regexp.MustCompile(`\$\{\w+\}`).ReplaceAllStringFunc(p.text, func(v string) string { return p.env[v[2:len(v)-1]] })
	var jobs []job
	documents := yaml.NewDecoder(strings.NewReader(text))
	for {
		var pipeline pluginPipeline
		err := documents.Decode(&pipeline)
		if errors.Is(err, io.EOF) {
			return jobs
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range pipeline.Steps {
			settings := pluginSettings(t, step.Settings)
			if step.Image == polytagImage {
				jobs = append(jobs, job{name: step.Name, container: true, command: []string{"sh", "-c", "exec polytag"}, env: with(p.env, settings)})
				continue
			}
			platform := settings["PLUGIN_PLATFORMS"]
			if platform == "" {
				platform = pipeline.Platform.OS + "/" + pipeline.Platform.Arch
			}
			jobs = append(jobs, pushed(settings["PLUGIN_REPO"], platform, settings["PLUGIN_TAGS"]))
		}
	}
}

// pluginSettings returns the settings as variables: lists are joined by commas.
func pluginSettings(t *testing.T, settings map[string]any) map[string]string {
	t.Helper()
	variables := map[string]string{}
	for name, value := range settings {
		text := fmt.Sprint(value)
		switch value := value.(type) {
		case []any:
			text = strings.ReplaceAll(strings.Trim(text, "[]"), " ", ",")
		case map[string]any:
			secret, ok := secretsOfPlugins[fmt.Sprint(value["from_secret"])]
			if !ok {
				t.Errorf("setting %s = %v, want a secret that the comment names", name, value)
			}
			text = secret
		}
		variables["PLUGIN_"+strings.ToUpper(name)] = text
	}
	return variables
}
