// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"fmt"
	"testing"

	"github.com/polytag/polytag/internal/registry"
)

// load reads one docker config.
func load(t *testing.T, text string) []registry.File {
	t.Helper()
	files, err := registry.LoadFiles(variables(map[string]string{"DOCKER_AUTH_CONFIG": text}))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// auths is a docker config with one entry, whose password is "file".
func auths(key, user string) string {
	return fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, key, basic(user, "file"))
}

func TestKeychainOrder(t *testing.T) {
	t.Parallel()
	given := []registry.Credential{credential("ghcr.io", "given", "input")}
	fallbacks := []registry.Credential{credential("ghcr.io", "ci", "job")}
	tests := map[string]struct {
		given     []registry.Credential
		files     string
		fallbacks []registry.Credential
		want      string
	}{
		"nothing":                 {want: ""},
		"given":                   {given: given, want: "given:input"},
		"file":                    {files: auths("ghcr.io", "docker"), want: "docker:file"},
		"fallback":                {fallbacks: fallbacks, want: "ci:job"},
		"given before file":       {given: given, files: auths("ghcr.io", "docker"), want: "given:input"},
		"file before fallback":    {files: auths("ghcr.io", "docker"), fallbacks: fallbacks, want: "docker:file"},
		"given before all":        {given: given, files: auths("ghcr.io", "docker"), fallbacks: fallbacks, want: "given:input"},
		"file of another host":    {files: auths("quay.io", "docker"), fallbacks: fallbacks, want: "ci:job"},
		"given for another host":  {given: []registry.Credential{credential("quay.io", "x", "y")}, files: auths("ghcr.io", "docker"), want: "docker:file"},
		"file without credential": {files: `{"auths": {"ghcr.io": {}}}`, fallbacks: fallbacks, want: "ci:job"},
		"a narrow file before a wide fallback": {
			files: auths("ghcr.io/acme", "docker"), fallbacks: fallbacks, want: "docker:file",
		},
		"a wide given before a narrow file": {given: given, files: auths("ghcr.io/acme/app", "docker"), want: "given:input"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &registry.Keychain{Given: tt.given, Fallbacks: tt.fallbacks}
			if tt.files != "" {
				k.Files = load(t, tt.files)
			}
			if got := sent(t, "ghcr.io/acme/app", k); got != tt.want {
				t.Errorf("signed in with %q, want %q", got, tt.want)
			}
		})
	}
}

func TestKeychainMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key, image string
		want       bool
	}{
		{"ghcr.io", "ghcr.io/acme/app", true},
		{"https://ghcr.io", "ghcr.io/acme/app", true},
		{"https://ghcr.io/", "ghcr.io/acme/app", true},
		{"https://ghcr.io/v1/", "ghcr.io/acme/app", true},
		{"https://ghcr.io/v2/", "ghcr.io/acme/app", true},
		{"http://localhost:5000", "localhost:5000/acme/app", true},
		{"ghcr.io/acme", "ghcr.io/acme/app", true},
		{"ghcr.io/acme/app", "ghcr.io/acme/app", true},
		{"ghcr.io/acme", "ghcr.io/acme-corp/app", false},
		{"ghcr.io/acme/app", "ghcr.io/acme/app2", false},
		{"ghcr.io/other", "ghcr.io/acme/app", false},
		{"ghcr.io", "ghcr.io.example/acme/app", false},
		{"ghcr.io", "quay.io/acme/app", false},
		{"localhost", "localhost:5000/acme/app", false},
		{"localhost:5000", "localhost:5001/acme/app", false},
		{"", "ghcr.io/acme/app", false},
		// Docker Hub has three names. https://github.com/docker/cli/blob/v29.0.0/cli/config/configfile/file.go#L23
		{"https://index.docker.io/v1/", "acme/app", true},
		{"index.docker.io", "acme/app", true},
		{"docker.io", "acme/app", true},
		{"registry-1.docker.io", "acme/app", true},
		{"https://registry-1.docker.io/v2/", "acme/app", true},
		{"docker.io/acme", "acme/app", true},
		{"docker.io/acme", "other/app", false},
		{"docker.io/library", "app", true},
		{"https://index.docker.io/v1/", "docker.io/acme/app", true},
		{"https://index.docker.io/v1/", "index.docker.io/acme/app", true},
		{"https://index.docker.io/v1/", "registry-1.docker.io/acme/app", true},
		{"docker.io/acme", "registry-1.docker.io/acme/app", true},
		{"hub.docker.com", "acme/app", false},
		{"docker.io", "ghcr.io/acme/app", false},
	}
	for _, tt := range tests {
		want := ""
		if tt.want {
			want = "bot:file"
		}
		if got := sent(t, tt.image, &registry.Keychain{Files: load(t, auths(tt.key, "bot"))}); got != want {
			t.Errorf("file with %q, image %q: signed in with %q, want %q", tt.key, tt.image, got, want)
		}
		if tt.want {
			want = "bot:input"
		}
		given := &registry.Keychain{Given: []registry.Credential{credential(tt.key, "bot", "input")}}
		if got := sent(t, tt.image, given); got != want {
			t.Errorf("input for %q, image %q: signed in with %q, want %q", tt.key, tt.image, got, want)
		}
	}
}

func TestKeychainNarrowest(t *testing.T) {
	t.Parallel()
	wide, narrow, narrower := credential("ghcr.io", "wide", "1"), credential("ghcr.io/acme", "narrow", "2"), credential("ghcr.io/acme/app", "narrower", "3")
	tests := []struct {
		given []registry.Credential
		image string
		want  string
	}{
		{[]registry.Credential{wide, narrow, narrower}, "ghcr.io/acme/app", "narrower:3"},
		{[]registry.Credential{narrower, narrow, wide}, "ghcr.io/acme/app", "narrower:3"},
		{[]registry.Credential{wide, narrow, narrower}, "ghcr.io/acme/other", "narrow:2"},
		{[]registry.Credential{narrow, wide}, "ghcr.io/else/app", "wide:1"},
		{[]registry.Credential{narrow}, "ghcr.io/else/app", ""},
		{[]registry.Credential{wide, credential("https://ghcr.io/", "second", "4")}, "ghcr.io/acme/app", "wide:1"},
	}
	for _, tt := range tests {
		if got := sent(t, tt.image, &registry.Keychain{Given: tt.given}); got != tt.want {
			t.Errorf("%s among %d credentials: signed in with %q, want %q", tt.image, len(tt.given), got, tt.want)
		}
	}
	entries := fmt.Sprintf(`{"auths": {"ghcr.io": {"auth": %q}, "https://ghcr.io/acme/app": {"auth": %q}, "ghcr.io/acme": {"auth": %q}}}`,
		basic("wide", "1"), basic("narrower", "3"), basic("narrow", "2"))
	for image, want := range map[string]string{
		"ghcr.io/acme/app": "narrower:3", "ghcr.io/acme/other": "narrow:2", "ghcr.io/else/app": "wide:1",
	} {
		if got := sent(t, image, &registry.Keychain{Files: load(t, entries)}); got != want {
			t.Errorf("%s in a file with three entries: signed in with %q, want %q", image, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	k := &registry.Keychain{Files: load(t, auths("ghcr.io", "docker"))}
	login, err := k.Find(t.Context(), repoOf(t, "ghcr.io/acme/app"))
	if err != nil || login.IsZero() || login.Username != "docker" || login.Origin != "DOCKER_AUTH_CONFIG" {
		t.Errorf("Find = %q from %q, %v, want docker from DOCKER_AUTH_CONFIG", login.Username, login.Origin, err)
	}
	login, err = k.Find(t.Context(), repoOf(t, "quay.io/acme/app"))
	if err != nil || !login.IsZero() {
		t.Errorf("Find of another registry = %q, %v, want nothing", login.Username, err)
	}
}
