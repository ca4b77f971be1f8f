// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/report"
)

const template = "../templates/release/template.yml"

// byComponent are the inputs that GitLab's component gives itself.
var byComponent = []string{"json", "dotenv", "results_dir", "summary"}

// TestTemplate checks the parts of GitLab's component that are made from the table of inputs.
func TestTemplate(t *testing.T) {
	raw, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	var inputs, variables strings.Builder
	for _, in := range action.Inputs() {
		if slices.Contains(byComponent, in.Name) {
			continue
		}
		writeSpec(t, &inputs, in)
		fmt.Fprintf(&variables, "    %s: %q\n", variable(in), reference(in))
	}
	want := replace(t, string(raw), "inputs", inputs.String())
	want = replace(t, want, "variables", variables.String())
	if *update {
		if err := os.WriteFile(template, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("%s differs from the table of inputs; run go test ./action -run TestTemplate -update (-want +got):\n%s", template, diff)
	}
}

// replace replaces what stands between two marks, each on a line of its own.
func replace(t *testing.T, text, mark, content string) string {
	t.Helper()
	marks := regexp.MustCompile(`(?s)(\n *# ` + mark + `:begin[^\n]*\n).*?( *# ` + mark + `:end\n)`)
	if !marks.MatchString(text) {
		t.Fatalf("%s lacks the marks of %s", template, mark)
	}
	return marks.ReplaceAllStringFunc(text, func(s string) string {
		m := marks.FindStringSubmatch(s)
		return m[1] + content + m[2]
	})
}

// componentInput is the name of the component's input for a row of the table. A secret is given by the name of its variable.
func componentInput(in action.Input) string {
	if in.Secret {
		return in.Name + "_variable"
	}
	return in.Name
}

// variable is the variable of the job that an input becomes.
func variable(in action.Input) string {
	if in.Secret {
		return "POLYTAG_" + strings.ToUpper(in.Name) + "_VARIABLE"
	}
	return "INPUT_" + strings.ToUpper(in.Name)
}

// reference is the value of that variable.
func reference(in action.Input) string {
	text := "$[[ inputs." + componentInput(in) + " ]]"
	if in.Kind == action.Boolean {
		return text + " "
	}
	return text
}

// specification is what a component says about one of its inputs. https://docs.gitlab.com/ci/yaml/#specinputs
type specification struct {
	Type        string   `yaml:"type,omitempty"`
	Default     any      `yaml:"default"`
	Options     []string `yaml:"options,omitempty,flow"`
	Regex       string   `yaml:"regex,omitempty"`
	Description string   `yaml:"description"`
}

// writeSpec writes the specification of an input.
func writeSpec(t *testing.T, b *strings.Builder, in action.Input) {
	t.Helper()
	s := specification{Default: "", Options: in.Options, Description: in.Help}
	switch {
	case in.Kind == action.Boolean:
		s.Type, s.Default = "boolean", in.Default == "true"
	case in.Options != nil, in.Kind == action.Duration:
		s.Default = in.Default
	case in.Secret:
		s.Regex = `^([A-Za-z_][A-Za-z0-9_]*)?$`
		s.Description = "The name of a masked CI/CD variable, never the secret itself. " + in.Help
	case in.Default != "":
		// One that is given means more than one that is not, as with tags of major 0.
		s.Description += " Default: " + strings.ReplaceAll(in.Default, "\n", " ")
	case in.Name == "images":
		s.Description = strings.Replace(in.Help, "Required.", "Default: $CI_REGISTRY_IMAGE", 1)
	}
	var raw strings.Builder
	encoder := yaml.NewEncoder(&raw)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]specification{componentInput(in): s}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(raw.String()) {
		b.WriteString("    " + line)
	}
}

// TestTemplateScript checks the parts of the component's script that follow from the tables, but are few enough to be written by hand.
func TestTemplateScript(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	unset := []string{"unset"}
	for _, in := range action.Inputs() {
		if in.Secret {
			want := fmt.Sprintf(`from_variable %s "$%s" INPUT_%s`, in.Name, variable(in), strings.ToUpper(in.Name))
			if !strings.Contains(string(raw), want+"\n") {
				t.Errorf("the script lacks %s", want)
			}
		}
		if slices.ContainsFunc(report.Outputs(report.Report{}), func(o report.Output) bool { return o.Name == in.Name }) {
			unset = append(unset, "POLYTAG_"+strings.ToUpper(in.Name))
		}
	}
	// GitLab prefers the variables of a dotenv report to those of the job.
	if want := strings.Join(unset, " "); !strings.Contains(string(raw), "      "+want+"\n") {
		t.Errorf("the script lacks %s: an earlier release's outputs would be read as inputs", want)
	}
}
