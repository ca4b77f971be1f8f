// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"go.yaml.in/yaml/v3"
)

// TestSecretOfTheWorkflow puts a secret of the workflow into every input, one after the other. The runner hides it, and so it may
// appear in no other form.
func TestSecretOfTheWorkflow(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(root, "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs map[string]any `yaml:"inputs"`
	}
	if err := yaml.Unmarshal(raw, &action); err != nil {
		t.Fatal(err)
	}
	const secret = "hunter2-is-the/secret" // upper case is lowered in images
	for name := range action.Inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegistry(t, authn.Basic{})
			job := newJob(t)
			job.Secrets = []string{secret}
			with := inputs(r)
			with[name] = secret
			got := step(t.Context(), t, job, with)
			hidden := strings.ReplaceAll(got.Summary, secret, "***") // the runner scrubs it
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(strings.ToLower(got.Log+hidden), strings.ToLower(form)) {
					t.Errorf("the log or the summary holds %q:\n%s\n%s", form, got.Log, hidden)
				}
			}
		})
	}
}

// TestSecretOfTheAction gives an account in each way there is, to a registry that refuses with all that it knows. The runner does
// not know that it is a secret.
func TestSecretOfTheAction(t *testing.T) {
	t.Parallel()
	pair := base64.StdEncoding.EncodeToString([]byte(bot.Username + ":" + bot.Password))
	for name, give := range map[string]func(host string, with, env map[string]string){
		"username and password": func(_ string, with, _ map[string]string) {
			with["username"], with["password"] = bot.Username, bot.Password
		},
		"registry_auth": func(host string, with, _ map[string]string) {
			with["registry_auth"] = "- registry: " + host + "\n  username: " + bot.Username + "\n  password: " + bot.Password
		},
		"DOCKER_AUTH_CONFIG": func(host string, _, env map[string]string) {
			env["DOCKER_AUTH_CONFIG"] = `{"auths":{"` + host + `":{"auth":"` + pair + `"}}}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRegistry(t, bot)
			r.instead("1.2.3", refuseWithSecrets)
			job := newJob(t)
			with := inputs(r)
			give(r.host, with, job.Env)
			got := step(t.Context(), t, job, maps.Clone(with))
			if !strings.Contains(got.Log, "DENIED: denied to") {
				t.Errorf("the registry's answer does not show:\n%s", got.Log)
			}
			wantNoSecrets(t, got.Log+got.Summary+got.Outputs["result"])
		})
	}
}

// refuseWithSecrets refuses a request with what it was authorised by, as it came and decoded.
func refuseWithSecrets(w http.ResponseWriter, req *http.Request) {
	user, password, _ := req.BasicAuth()
	message := "denied to " + user + ":" + password + ", " + req.Header.Get("Authorization")
	http.Error(w, `{"errors":[{"code":"DENIED","message":"`+message+`"}]}`, http.StatusForbidden)
}
