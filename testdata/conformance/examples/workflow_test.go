// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"maps"
	"testing"

	"go.yaml.in/yaml/v3"
)

// workflow is as much of a workflow of GitHub as these tests run.
type workflow struct {
	On struct {
		Call struct {
			Inputs  map[string]struct{ Default string }
			Outputs map[string]struct{ Value string }
		} `yaml:"workflow_call"`
	}
	Env  map[string]string
	Jobs map[string]workflowJob
}

type workflowJob struct {
	Strategy struct {
		Matrix struct{ Include yaml.Node } // a list of maps, or an expression
	}
	Outputs map[string]string
	Steps   []workflowStep
}

type workflowStep struct {
	ID, Name, If, Uses, Run string
	With, Env               map[string]string
}

// trial is a run of a workflow.
type trial struct {
	workflow  workflow
	contexts  contexts
	env       map[string]string // of polytag, beside what the runner sets
	artifacts map[string][]string
	attested  []string // subject names and digests
}

// newTrial begins a run. The contexts given are inputs and secrets.
func newTrial(t *testing.T, text string, given contexts) *trial {
	t.Helper()
	r := &trial{artifacts: map[string][]string{}, contexts: contexts{
		"github.ref": "refs/tags/" + gitTag, "github.sha": sha, "github.actor": "ann", "github.token": "ghs_token",
		"github.repository": "acme/app",
	}}
	decode(t, text, &r.workflow)
	for name, input := range r.workflow.On.Call.Inputs {
		r.contexts["inputs."+name] = input.Default
	}
	for name, value := range r.workflow.Env {
		r.contexts["env."+name] = value
	}
	maps.Copy(r.contexts, given)
	return r
}

// run runs jobs in the order given, each leg of a matrix after the other, and returns the outputs of the workflow.
func (r *trial) run(t *testing.T, jobs ...string) map[string]string {
	t.Helper()
	for _, name := range jobs {
		of := r.workflow.Jobs[name]
		for _, leg := range r.legs(t, of) {
			m := newMachine(t, r, leg)
			for _, step := range of.Steps {
				m.step(t, step)
			}
			for output, value := range of.Outputs {
				r.contexts["needs."+name+".outputs."+output] = m.contexts.fill(t, value)
				r.contexts["jobs."+name+".outputs."+output] = m.contexts.fill(t, value)
			}
		}
	}
	outputs := map[string]string{}
	for name, output := range r.workflow.On.Call.Outputs {
		outputs[name] = r.contexts.fill(t, output.Value)
	}
	return outputs
}

// legs returns the rows of a job's matrix, or one that is empty.
func (r *trial) legs(t *testing.T, of workflowJob) []map[string]string {
	t.Helper()
	include := of.Strategy.Matrix.Include
	var rows []map[string]string
	if include.IsZero() {
		return []map[string]string{nil}
	}
	if include.Kind == yaml.ScalarNode {
		decode(t, r.contexts.fill(t, include.Value), &rows) // JSON is YAML
		return rows
	}
	if err := include.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}
