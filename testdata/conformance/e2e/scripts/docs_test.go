// SPDX-License-Identifier: Apache-2.0

package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// block is a workflow in a document.
var block = regexp.MustCompile("(?ms)^```yaml\n(on:\n.*?)^```$")

// TestDocs checks the workflows of docs/github.md with actionlint, and that the inputs that they give to polytag exist.
func TestDocs(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..", "..")
	doc, err := os.ReadFile(filepath.Join(root, "docs", "github.md"))
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs map[string]any `yaml:"inputs"`
	}
	raw, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err == nil {
		err = yaml.Unmarshal(raw, &action)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []string
	for i, found := range block.FindAllSubmatch(doc, -1) {
		files = append(files, filepath.Join(dir, strconv.Itoa(i)+".yml"))
		if err := os.WriteFile(files[i], found[1], 0o600); err != nil {
			t.Fatal(err)
		}
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string
					With map[string]any
				}
			}
		}
		if err := yaml.Unmarshal(found[1], &workflow); err != nil {
			t.Fatal(err)
		}
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				for input := range step.With {
					if _, ok := action.Inputs[input]; strings.HasPrefix(step.Uses, "polytag/") && !ok {
						t.Errorf("workflow %d gives %s the input %s, which there is not", i, step.Uses, input)
					}
				}
			}
		}
	}
	if want := strings.Count(string(doc), "```yaml"); len(files) != want {
		t.Errorf("%d workflows are complete, want all %d", len(files), want)
	}
	if out, err := exec.CommandContext(t.Context(), "actionlint", files...).CombinedOutput(); err != nil {
		t.Errorf("actionlint: %v\n%s", err, out)
	}
}
