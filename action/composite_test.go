// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestComposite checks that the composite front has the inputs and outputs of action.yml, and hands each of them through.
func TestComposite(t *testing.T) {
	const path = "../with-docker-login/action.yml"
	action, front := sections(t, "../action.yml"), sections(t, path)
	want := front
	want.inputs = action.inputs
	want.outputs = withValues(action.outputs)
	want.runs = withInputs(front.runs, keys(action.inputs))
	if *update {
		if err := os.WriteFile(path, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.String(), front.String()); diff != "" {
		t.Errorf("%s differs from action.yml; run go test ./action -run TestComposite -update (-want +got):\n%s", path, diff)
	}
}

// parts are those of an action's metadata.
type parts struct{ head, inputs, outputs, runs string }

func (p parts) String() string { return p.head + p.inputs + p.outputs + p.runs }

// sections cuts an action's metadata where its parts begin.
func sections(t *testing.T, path string) parts {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var starts []int
	for _, key := range []string{"\ninputs:", "\noutputs:", "\nruns:"} {
		at := strings.Index(string(raw), key)
		if at < 0 {
			t.Fatalf("%s lacks %q", path, key)
		}
		starts = append(starts, at+1)
	}
	text := string(raw)
	return parts{text[:starts[0]], text[starts[0]:starts[1]], text[starts[1]:starts[2]], text[starts[2]:]}
}

// keys returns the keys of a part, in its order.
func keys(part string) []string {
	var all []string
	for line := range strings.Lines(part) {
		if strings.HasPrefix(line, "  ") && !strings.HasPrefix(line, "   ") {
			all = append(all, strings.TrimSuffix(strings.TrimSpace(line), ":"))
		}
	}
	return all
}

// withValues gives every output the value of the step's.
func withValues(outputs string) string {
	var b strings.Builder
	value := ""
	for line := range strings.Lines(outputs) {
		if value != "" && !strings.HasPrefix(line, "    ") {
			b.WriteString(value)
			value = ""
		}
		for _, name := range keys(line) {
			value = fmt.Sprintf("    value: ${{ steps.release.outputs.%s }}\n", name)
		}
		b.WriteString(line)
	}
	return b.String() + value
}

// withInputs hands every input to the step that has an entrypoint, behind that.
func withInputs(runs string, inputs []string) string {
	const last = "        entrypoint: /entrypoint.sh\n"
	before, after, _ := strings.Cut(runs, last)
	_, after, _ = strings.Cut("\n"+after, "\n    #") // the comment on the next step
	var b strings.Builder
	for _, name := range inputs {
		fmt.Fprintf(&b, "        %s: ${{ inputs.%s }}\n", name, name)
	}
	return before + last + b.String() + "    #" + after
}
