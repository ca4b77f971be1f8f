// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// action is what the runner reads of action.yml.
type action struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Using      string   `yaml:"using"`
		Entrypoint string   `yaml:"entrypoint"`
		Args       []string `yaml:"args"`
	} `yaml:"runs"`
}

// readAction reads the action.yml in a folder, which must be a docker action without arguments.
func readAction(dir string) (action, error) {
	var a action
	raw, err := os.ReadFile(filepath.Join(dir, "action.yml"))
	if err != nil {
		return a, err
	}
	if err := yaml.Unmarshal(raw, &a); err != nil {
		return a, err
	}
	if a.Runs.Using != "docker" || len(a.Runs.Args) > 0 {
		return a, fmt.Errorf("the action has using: %q and args: %q, want docker and none", a.Runs.Using, a.Runs.Args)
	}
	return a, nil
}

// inputs adds the defaults of what a step does not give; everything that is declared is there, be it empty.
func (a action) inputs(with map[string]string, contexts map[string]map[string]string) map[string]string {
	all := maps.Clone(with)
	for name, input := range a.Inputs {
		if _, given := with[name]; !given {
			all[name] = evaluate(input.Default, contexts)
		}
	}
	return all
}

var expression = regexp.MustCompile(`\$\{\{\s*([a-z]+)\.([a-z_]+)\s*\}\}`)

// evaluate puts in the values of the simplest expressions, which are all that a default needs.
func evaluate(text string, contexts map[string]map[string]string) string {
	return expression.ReplaceAllStringFunc(text, func(found string) string {
		parts := expression.FindStringSubmatch(found)
		return contexts[parts[1]][strings.ToLower(parts[2])]
	})
}
