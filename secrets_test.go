// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/registrytest"
)

// secretUser and secretText are an account that must not show, in any form.
const (
	secretUser = "ann"
	secretText = "s3cret-of-ann"
)

// secretPlaces are the ways in which an account is given. GITHUB_ACTOR names the user of github_token.
var secretPlaces = []struct {
	name string
	env  map[string]string
	file string // $HOME/.docker/config.json
}{
	{name: "password", env: map[string]string{"INPUT_USERNAME": secretUser, "INPUT_PASSWORD": secretText}},
	{name: "password of a plugin", env: map[string]string{"PLUGIN_USERNAME": secretUser, "PLUGIN_PASSWORD": secretText}},
	{name: "registry_auth", env: map[string]string{"INPUT_REGISTRY_AUTH": "- registry: ghcr.io\n  username: " + secretUser + "\n  password: " + secretText}},
	{name: "github_token", env: map[string]string{"GITHUB_ACTOR": secretUser, "INPUT_GITHUB_TOKEN": secretText}},
	{name: "GITHUB_TOKEN", env: map[string]string{"GITHUB_ACTOR": secretUser, "GITHUB_TOKEN": secretText}},
	{name: "CI_REGISTRY_PASSWORD", env: map[string]string{"CI_REGISTRY": "ghcr.io", "CI_REGISTRY_USER": secretUser, "CI_REGISTRY_PASSWORD": secretText}},
	{name: "DOCKER_AUTH_CONFIG", env: map[string]string{"DOCKER_AUTH_CONFIG": dockerConfig()}},
	{name: "docker's configuration", file: dockerConfig()},
}

func dockerConfig() string {
	return `{"auths":{"ghcr.io":{"auth":"` + base64.StdEncoding.EncodeToString([]byte(secretUser+":"+secretText)) + `"}}}`
}

// echoed are requests that a registry refuses with all that it knows about who sent them. The first is only sent to one that wants
// tokens, and an answer to a HEAD has no text.
var echoed = []struct{ what, pattern string }{
	{"signing in", `^GET /token$`},
	{"the registry itself", `^GET /v2/$`},
	{"the list of tags", `^GET .*/tags/list$`},
	{"a source", `^GET .*/manifests/12be34-linux-amd64$`},
	{"a config", `^GET .*/blobs/`},
	{"a tag that is read", `^HEAD .*/manifests/1$`},
	{"the first tag", `^PUT .*/manifests/1$`},
	{"the exact tag", `^PUT .*/manifests/1\.2\.3$`},
	{"the tag behind it", `^PUT .*/manifests/latest$`},
	{"a tag and its removal", `^(PUT .*/manifests/1\.2\.3|DELETE .*/manifests/1)$`},
}

// TestSecrets releases with a secret in every place that can hold one, against registries that answer a request with the header
// that authorised it, and looks for it in everything that is printed and written.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for _, place := range secretPlaces {
		for _, e := range echoed {
			for _, bearer := range []bool{false, true} {
				name := place.name + "/" + e.what
				if bearer {
					name += "/bearer"
				} else if e.what == "signing in" {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					home := t.TempDir()
					if place.file != "" {
						if err := os.Mkdir(filepath.Join(home, ".docker"), 0o700); err != nil {
							t.Fatal(err)
						}
						writeFile(t, filepath.Join(home, ".docker", "config.json"), []byte(place.file))
					}
					releaseToEcho(t, place.env, home, bearer, e.pattern)
				})
			}
		}
	}
}

// releaseToEcho runs one release, and looks through its outputs.
func releaseToEcho(t *testing.T, env map[string]string, home string, bearer bool, pattern string) {
	t.Helper()
	h := &host{Registry: registrytest.New(registrytest.Options{Users: map[string]string{secretUser: secretText}, Bearer: bearer})}
	h.PushImage(t, "acme/app:12be34-linux-amd64", "linux/amd64")
	request := regexp.MustCompile(pattern)
	h.echo = func(q registrytest.Request) bool { return request.MatchString(q.String()) }
	outputs := t.TempDir()
	getenv := func(name string) string {
		switch name {
		case "HOME":
			return home
		case "GITHUB_ACTIONS":
			return "true"
		case "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY":
			return filepath.Join(outputs, name)
		default:
			return env[name]
		}
	}
	var stdout, stderr bytes.Buffer
	c := &action.Command{
		Args: []string{
			"--images=ghcr.io/acme/app", "--git-tag=v1.2.3", "--source-tag=12be34", "--platforms=linux/amd64",
			"--json=" + filepath.Join(outputs, "json"), "--dotenv=" + filepath.Join(outputs, "env"), "--results-dir=" + outputs,
		},
		Getenv: getenv, Stdout: &stdout, Stderr: &stderr,
		Transport: registrytest.Net{"ghcr.io": http.Handler(h)},
	}
	if got := c.Main(t.Context()); got != action.ExitFailed {
		t.Errorf("exit status %d, want %d", got, action.ExitFailed)
	}
	if want := "DENIED: denied to "; !strings.Contains(stderr.String(), want) && !strings.HasPrefix(pattern, "^HEAD") {
		t.Errorf("the answer of the registry does not show: %s", stderr.String())
	}
	mask := regexp.MustCompile(`(?m)^::add-mask::.*$`) // the one place to show it: GitHub hides it from then on
	lookForSecret(t, "standard output", mask.ReplaceAll(stdout.Bytes(), nil))
	lookForSecret(t, "standard error", stderr.Bytes())
	err := fs.WalkDir(os.DirFS(outputs), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(outputs, path))
		lookForSecret(t, path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// lookForSecret fails the test if the secret is in a text, as it is or in base64, alone or with its user,
// nor a token.
func lookForSecret(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, form := range []string{
		secretText,
		base64.StdEncoding.EncodeToString([]byte(secretText)),
		base64.StdEncoding.EncodeToString([]byte(secretUser + ":" + secretText)),
		"token-1", // what the registry gave for it
	} {
		if bytes.Contains(text, []byte(form)) {
			t.Errorf("%s shows %q:\n%s", where, form, text)
		}
	}
}
