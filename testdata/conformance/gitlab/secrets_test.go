// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pipelineWith is a release of the tag tested with further inputs, each line of them indented by six.
func pipelineWith(inputs string) string {
	return `
include:
  - local: templates/release/template.yml
    inputs:
      source_tag: tested
` + inputs
}

// TestSecrets gives a login that is not GitLab's own. The secret must be in no configuration and in no log, and reach the
// program as it is.
func TestSecrets(t *testing.T) {
	t.Parallel()
	const passwordInputs = `      username: bot
      password_variable: HUB_TOKEN
`
	const listInputs = `      registry_auth_variable: HUB_TOKEN
`
	tests := []struct {
		name, inputs string
		variable     func(reg *registry) string
	}{
		{"password", passwordInputs, func(reg *registry) string { return reg.password }},
		{"registry_auth", listInputs, func(reg *registry) string {
			raw, _ := json.Marshal([]map[string]string{{"registry": reg.host, "username": reg.user, "password": reg.password}})
			return string(raw)
		}},
		{"POLYTAG_PASSWORD", "      username: bot\n", func(reg *registry) string { return reg.password }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reg := startRegistry(t, "bot", password)
			reg.push(t, reg.image()+":tested", "amd64")
			p := newProject(t, pipelineWith(tt.inputs), reg)
			name := "HUB_TOKEN"
			if !strings.Contains(tt.inputs, name) {
				name = tt.name
			}
			quoted, err := json.Marshal(map[string]string{name: tt.variable(reg)})
			if err != nil {
				t.Fatal(err)
			}
			p.write(t, ".gitlab-ci-local-variables.yml", string(quoted))
			p.variables = p.variables[:3] // GitLab's registry is another
			log := p.run(t, "--preview").log + p.succeed(t).log
			if strings.Contains(log, password) {
				t.Errorf("the log has the password:\n%s", log)
			}
			if diff := cmp.Diff(append(slices.Clone(published), "tested"), reg.tags(t)); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMissingSecret names a variable that the job does not have, as when a protected one meets a tag that is not.
func TestMissingSecret(t *testing.T) {
	t.Parallel()
	reg := startRegistry(t, "bot", password)
	reg.push(t, reg.image()+":tested", "amd64")
	p := newProject(t, pipelineWith(`      username: bot
      password_variable: HUB_TOKEN
`), reg)
	p.fail(t, "error: password_variable: the job has no variable HUB_TOKEN", "hint: a protected variable")
	if got := reg.tags(t); len(got) != 1 {
		t.Errorf("tags = %v, want nothing published", got)
	}
}
