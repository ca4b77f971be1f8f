// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/report"
)

var update = flag.Bool("update", false, "rewrite what is generated from the table of inputs")

// TestREADME checks the README's table of inputs against the table in Go, and
// its table of outputs against the outputs.
func TestREADME(t *testing.T) {
	const path, begin, end = "../README.md", "<!-- inputs:begin -->\n", "<!-- inputs:end -->"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(raw), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks %q and %q", path, begin, end)
	}
	want := head + begin + inputTable() + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("README.md differs from the table of inputs; run go test ./action -run TestREADME -update (-want +got):\n%s", diff)
	}
	for _, o := range report.Outputs(report.Report{}) {
		if !strings.Contains(tail, "| `"+o.Name+"` |") {
			t.Errorf("README.md does not name the output %s", o.Name)
		}
	}
}

// inputTable is the README's table.
func inputTable() string {
	var b strings.Builder
	b.WriteString("\n| input | default | meaning |\n|---|---|---|\n")
	for _, in := range action.Inputs() {
		value := "–"
		if in.Default != "" {
			value = "`" + strings.ReplaceAll(in.Default, "\n", "` `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", in.Name, value, in.Help)
	}
	b.WriteString("\n")
	return b.String()
}

// metadata is what the tests read of action.yml.
type metadata struct {
	Inputs  yaml.Node `yaml:"inputs"`
	Outputs yaml.Node `yaml:"outputs"`
}

// field is one input or output of action.yml.
type field struct {
	Description string `yaml:"description"`
	Default     string `yaml:"default"`
	Required    bool   `yaml:"required"`
}

// TestActionYML checks action.yml: the same inputs in the same order, with the
// same words. An input that is not given must arrive empty, so no defaults are
// repeated there; the job's token is the one exception.
func TestActionYML(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var got metadata
	if err := yaml.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	names, fields := decode(t, got.Inputs)
	var want []string
	for _, in := range action.Inputs() {
		want = append(want, in.Name)
		f := fields[in.Name]
		if !strings.HasPrefix(unfold(f.Description), in.Help) {
			t.Errorf("description of input %s = %q, want it to begin with %q", in.Name, f.Description, in.Help)
		}
		value := ""
		if in.Name == "github_token" {
			value = "${{ github.token }}"
		}
		if f.Default != value {
			t.Errorf("default of input %s = %q, want %q", in.Name, f.Default, value)
		}
		if in.Default != "" && !strings.Contains(f.Description, "Default:") {
			t.Errorf("description of input %s does not name its default", in.Name)
		}
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("inputs of action.yml (-want +got):\n%s", diff)
	}
	outputs, _ := decode(t, got.Outputs)
	var wantOutputs []string
	for _, o := range report.Outputs(report.Report{}) {
		wantOutputs = append(wantOutputs, o.Name)
	}
	if diff := cmp.Diff(wantOutputs, outputs); diff != "" {
		t.Errorf("outputs of action.yml (-want +got):\n%s", diff)
	}
}

// decode reads a mapping and keeps its order.
func decode(t *testing.T, node yaml.Node) (names []string, fields map[string]field) {
	t.Helper()
	if err := node.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(node.Content); i += 2 {
		names = append(names, node.Content[i].Value)
	}
	return names, fields
}

// unfold makes one line of a folded text.
func unfold(text string) string {
	return strings.TrimSpace(regexp.MustCompile(`\s+`).ReplaceAllString(text, " "))
}
