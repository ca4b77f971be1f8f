// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is the runner of one job.
type machine struct {
	trial           *trial
	contexts        contexts
	workspace, temp string
}

func newMachine(t *testing.T, r *trial, leg map[string]string) *machine {
	t.Helper()
	m := &machine{trial: r, contexts: maps.Clone(r.contexts), workspace: t.TempDir(), temp: t.TempDir()}
	m.contexts["runner.temp"] = m.temp
	for key, value := range leg {
		m.contexts["matrix."+key] = value
	}
	return m
}

// step does a step, if its condition holds.
func (m *machine) step(t *testing.T, s workflowStep) {
	t.Helper()
	if s.If != "" && !truthy(m.contexts.eval(t, s.If)) {
		return
	}
	inputs := map[string]string{}
	for name, value := range s.With {
		inputs[name] = m.contexts.fill(t, value)
	}
	action, _, _ := strings.Cut(s.Uses, "@")
	switch {
	case s.Run != "":
		m.script(t, s)
	case action == "docker/build-push-action":
		m.contexts["steps."+s.ID+".outputs.digest"] = push(t, inputs)
	case action == "actions/upload-artifact":
		m.upload(t, inputs)
	case action == "actions/download-artifact":
		m.download(t, inputs)
	case action == "polytag/polytag", strings.HasPrefix(action, "docker://ghcr.io/polytag/polytag:"):
		m.polytag(t, s.ID, inputs)
	case action == "actions/attest-build-provenance":
		m.trial.attested = append(m.trial.attested, inputs["subject-name"]+"@"+inputs["subject-digest"])
	case action == "actions/checkout", strings.HasPrefix(action, "docker/setup-"), action == "docker/login-action":
	default:
		t.Fatalf("nothing stands in for %s", s.Uses)
	}
}

// script runs a shell step. No expression may be in it: it would be filled in before the shell reads the script.
func (m *machine) script(t *testing.T, s workflowStep) {
	t.Helper()
	if expression.MatchString(s.Run) {
		t.Errorf("the script of %q has an expression", s.Name)
	}
	j := job{name: s.Name, command: bash(s.Run), env: map[string]string{}}
	for name, value := range s.Env {
		j.env[name] = m.contexts.fill(t, value)
	}
	m.process(t, s.ID, j)
}

// polytag runs the action, which has these inputs alone.
func (m *machine) polytag(t *testing.T, id string, inputs map[string]string) {
	t.Helper()
	var action struct{ Inputs map[string]any }
	text, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(text), &action)
	j := job{name: "polytag", container: true, command: []string{"sh", "-c", "exec polytag"}, env: with(m.trial.env)}
	for name, value := range inputs {
		if name == "entrypoint" {
			continue
		}
		if _, known := action.Inputs[name]; !known {
			t.Errorf("action.yml has no input %q", name)
		}
		j.env["INPUT_"+strings.ToUpper(name)] = value
	}
	m.process(t, id, j)
}

// process runs a job's process in the workspace, and reads the outputs that it sets.
func (m *machine) process(t *testing.T, id string, j job) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "output")
	j.dir = m.workspace
	j.env = with(j.env, map[string]string{
		"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/" + gitTag, "GITHUB_SHA": sha,
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/app", "GITHUB_WORKSPACE": m.workspace,
		"GITHUB_OUTPUT": file, "RUNNER_TEMP": m.temp,
	})
	j.run(t)
	for name, value := range outputs(t, file) {
		m.contexts["steps."+id+".outputs."+name] = value
	}
}

// outputs reads a file of outputs, of the form name=value or name<<END, lines, END.
func outputs(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	out := map[string]string{}
	for rest := string(text); rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if name, end, ok := strings.Cut(line, "<<"); ok {
			out[name], rest, _ = strings.Cut(rest, "\n"+end+"\n")
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		out[name] = value
	}
	return out
}
