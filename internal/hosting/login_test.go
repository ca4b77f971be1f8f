// SPDX-License-Identifier: Apache-2.0

package hosting_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
)

// dockerConfig is a file as docker login leaves it on a hosted runner.
const dockerConfig = `{"auths": {
	"https://index.docker.io/v1/": {"username": "runner", "password": "pull-only"},
	"ghcr.io": {"username": "octocat", "password": "ghp_file"},
	"harbor.example": {"username": "robot$ci", "password": "harbor"},
	"quay.io": {"username": "acme+robot", "password": "robot"},
	"acme.azurecr.io": {"username": "00000000-0000-0000-0000-000000000000", "identitytoken": "identity"},
	"ecr.example": {"identitytoken": "identity"}
}}`

func TestLogin(t *testing.T) {
	t.Parallel()
	hub := credential("hub.docker.com", "admin", "dckr_pat_admin")
	github := credential("api.github.com", "", "ghp_classic")
	quay := credential("quay.io/api", "$oauthtoken", "oauth")
	tests := map[string]struct {
		given []registry.Credential
		image string
		want  string // user, password, origin
	}{
		"Docker Hub, own entry":               {[]registry.Credential{credential("docker.io", "pusher", "push"), hub}, "acme/app", "admin dckr_pat_admin registry_auth"},
		"Docker Hub, of the registry":         {[]registry.Credential{credential("docker.io", "pusher", "push")}, "acme/app", "pusher push registry_auth"},
		"Docker Hub, narrower":                {[]registry.Credential{credential("docker.io", "a", "b"), credential("docker.io/acme", "c", "d")}, "acme/app", "c d registry_auth"},
		"Docker Hub, from a file":             {nil, "acme/app", "runner pull-only DOCKER_AUTH_CONFIG"},
		"Docker Hub, others are not for it":   {[]registry.Credential{credential("ghcr.io", "a", "b"), github, quay}, "acme/app", "runner pull-only DOCKER_AUTH_CONFIG"},
		"GHCR, own entry":                     {[]registry.Credential{credential("ghcr.io", "a", "b"), github}, "ghcr.io/acme/app", " ghp_classic registry_auth"},
		"GHCR, of the registry":               {[]registry.Credential{credential("ghcr.io", "a", "b"), hub}, "ghcr.io/acme/app", "a b registry_auth"},
		"GHCR, from a file":                   {nil, "ghcr.io/acme/app", "octocat ghp_file DOCKER_AUTH_CONFIG"},
		"Quay, own entry":                     {[]registry.Credential{credential("quay.io", "a", "b"), quay}, "quay.io/acme/app", "$oauthtoken oauth registry_auth"},
		"Quay takes nothing else":             {[]registry.Credential{credential("quay.io", "a", "b")}, "quay.io/acme/app", "  "},
		"Harbor, from a file":                 {nil, "harbor.example/acme/app", "robot$ci harbor DOCKER_AUTH_CONFIG"},
		"Harbor, given":                       {[]registry.Credential{credential("harbor.example", "a", "b")}, "harbor.example/acme/app", "a b registry_auth"},
		"what has no API of its own":          {[]registry.Credential{credential("registry.example", "a", "b")}, "registry.example/acme/app", "  "},
		"Azure: the registry's token is used": {nil, "acme.azurecr.io/app", "  "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := registry.LoadFiles(func(key string) string {
				return map[string]string{"DOCKER_AUTH_CONFIG": dockerConfig}[key]
			})
			if err != nil {
				t.Fatal(err)
			}
			w := newWire(registrytest.Net{"harbor.example": pages{"/v2/": challenge(harborChallenge)}, "registry.example": pages{"/v2/": ok(`{}`)}})
			got, err := w.hosts(&registry.Keychain{Given: tt.given, Files: files}).Login(t.Context(), repoOf(t, tt.image))
			if text := got.Username + " " + got.Password.Reveal() + " " + got.Origin; text != tt.want || err != nil {
				t.Errorf("Login = %q, %v, want %q", text, err, tt.want)
			}
			w.mustBeAnonymous(t)
		})
	}
}

// TestHubSignsInOnce shares a client between the page and the tags of all
// repositories with one credential.
func TestHubSignsInOnce(t *testing.T) {
	t.Parallel()
	hub := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if req.URL.Path == "/v2/auth/token" {
			io.WriteString(w, `{"access_token": "token"}`)
			return
		}
		io.WriteString(w, `{}`)
	})
	w := newWire(registrytest.Net{"hub.docker.com": hub})
	hosts := w.hosts(&registry.Keychain{Given: []registry.Credential{credential("docker.io/acme", "acme", "a"), credential("docker.io/other", "other", "b")}})
	for _, image := range []string{"acme/app", "acme/tool", "acme/app", "other/app"} {
		client, login, err := hosts.Hub(t.Context(), repoOf(t, image))
		if err != nil || login.Origin != "registry_auth" {
			t.Fatalf("Hub(%s) = %v, %v", image, login, err)
		}
		if _, err := client.Repository(t.Context(), repoOf(t, image)); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"POST https://hub.docker.com/v2/auth/token",
		"GET https://hub.docker.com/v2/namespaces/acme/repositories/app",
		"GET https://hub.docker.com/v2/namespaces/acme/repositories/tool",
		"GET https://hub.docker.com/v2/namespaces/acme/repositories/app",
		"POST https://hub.docker.com/v2/auth/token",
		"GET https://hub.docker.com/v2/namespaces/other/repositories/app",
	}
	if diff := cmp.Diff(want, w.urls()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestNoCredentials has APIs without any, which then send none.
func TestNoCredentials(t *testing.T) {
	t.Parallel()
	w := newWire(registrytest.Net{
		"harbor.example":                         pages{"/v2/": challenge(harborChallenge), "*": ok(`{}`)},
		"api.github.com":                         pages{"*": ok(`{}`)},
		"quay.io":                                pages{"*": ok(`{}`)},
		"hub.docker.com":                         pages{"*": ok(`{}`)},
		"api.ecr-public.us-east-1.amazonaws.com": pages{"*": ok(`{}`)},
	})
	hosts := w.hosts(nil)
	harbor, path, err := hosts.Harbor(t.Context(), repoOf(t, "harbor.example/acme/team/app"))
	if want := "/api/v2.0/projects/acme/repositories/team%252Fapp"; path != want || err != nil {
		t.Errorf("Harbor: path %s, %v, want %s", path, err, want)
	}
	if _, err := harbor.Call(t.Context(), http.MethodGet, path, nil, nil); err != nil {
		t.Error(err)
	}
	github, err := hosts.GitHub(t.Context(), repoOf(t, "ghcr.io/acme/app"))
	if err != nil {
		t.Error(err)
	}
	if _, err := github.Call(t.Context(), http.MethodGet, "/user", nil, nil); err != nil {
		t.Error(err)
	}
	quay, path, err := hosts.Quay(t.Context(), repoOf(t, "quay.io/acme/app"))
	if want := "/api/v1/repository/acme/app"; path != want || err != nil {
		t.Errorf("Quay: path %s, %v, want %s", path, err, want)
	}
	if _, err := quay.Call(t.Context(), http.MethodGet, path, nil, nil); err != nil {
		t.Error(err)
	}
	hub, _, err := hosts.Hub(t.Context(), repoOf(t, "acme/app"))
	if err != nil {
		t.Error(err)
	}
	if _, err := hub.Repository(t.Context(), repoOf(t, "acme/app")); err != nil {
		t.Error(err)
	}
	if _, err := hosts.ECRPublic().Call(t.Context(), http.MethodPost, "/", nil, nil); err != nil {
		t.Error(err)
	}
	w.mustBeAnonymous(t)

	if _, _, err := hosts.Harbor(t.Context(), repoOf(t, "harbor.example/app")); err == nil {
		t.Error("Harbor of a repository without a project: no error")
	}
}
