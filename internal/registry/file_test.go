// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/registry"
)

// write writes a file with its folders and returns its path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadFilesOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	home, docker, run, xdg := filepath.Join(dir, "home"), filepath.Join(dir, "docker"), filepath.Join(dir, "run"), filepath.Join(dir, "xdg")
	places := []struct {
		name string // of the account in it
		path string // empty: a variable
		vars map[string]string
	}{
		{"variable", "", map[string]string{"DOCKER_AUTH_CONFIG": auths(host, "variable")}},
		{"docker", filepath.Join(docker, "config.json"), map[string]string{"DOCKER_CONFIG": docker}},
		{"home", filepath.Join(home, ".docker", "config.json"), map[string]string{"HOME": home}},
		{"named", filepath.Join(dir, "auth.json"), map[string]string{"REGISTRY_AUTH_FILE": filepath.Join(dir, "auth.json")}},
		{"runtime", filepath.Join(run, "containers", "auth.json"), map[string]string{"XDG_RUNTIME_DIR": run}},
		{"config", filepath.Join(xdg, "containers", "auth.json"), map[string]string{"XDG_CONFIG_HOME": xdg}},
	}
	for _, p := range places {
		if p.path != "" {
			write(t, p.path, auths(host, p.name))
		}
	}
	for from := range places {
		vars := map[string]string{}
		for _, p := range places[from:] {
			maps.Copy(vars, p.vars)
		}
		files, err := registry.LoadFiles(variables(vars))
		if err != nil || len(files) != len(places)-from {
			t.Fatalf("LoadFiles(%v) = %d files, %v, want %d", vars, len(files), err, len(places)-from)
		}
		want := places[from].name + ":file"
		if got := sent(t, image, &registry.Keychain{Files: files}); got != want {
			t.Errorf("with the files from %s on: signed in with %q, want %q", places[from].name, got, want)
		}
	}
	write(t, filepath.Join(home, ".config", "containers", "auth.json"), auths("quay.io", "podman"))
	files, err := registry.LoadFiles(variables(map[string]string{"HOME": home}))
	if err != nil {
		t.Fatal(err)
	}
	if got := sent(t, "quay.io/acme/app", &registry.Keychain{Files: files}); got != "podman:file" {
		t.Errorf("without XDG_CONFIG_HOME: signed in with %q, want what $HOME/.config has", got)
	}
}

func TestLoadFilesAbsent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, vars := range []map[string]string{
		{},
		{"HOME": dir, "DOCKER_CONFIG": filepath.Join(dir, "nowhere"), "REGISTRY_AUTH_FILE": filepath.Join(dir, "none"), "XDG_RUNTIME_DIR": dir},
	} {
		if files, err := registry.LoadFiles(variables(vars)); err != nil || len(files) != 0 {
			t.Errorf("LoadFiles(%v) = %d files, %v, want none", vars, len(files), err)
		}
	}
}

func TestLoadFilesUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // a folder cannot be read as a file
	_, err := registry.LoadFiles(variables(map[string]string{"REGISTRY_AUTH_FILE": dir}))
	if err == nil || !strings.HasPrefix(err.Error(), "reading credentials: ") || !strings.Contains(err.Error(), dir) {
		t.Errorf("LoadFiles of a folder: %v, want an error that names it", err)
	}
}

// broken are texts that are no docker config; hunter2 stands for a secret.
var broken = map[string]string{
	"text":              `hunter2`,
	"not closed":        `{"auths": {"ghcr.io": {"auth": "hunter2"`,
	"list":              `["hunter2"]`,
	"auths is a list":   `{"auths": ["hunter2"]}`,
	"entry is a text":   `{"auths": {"ghcr.io": "hunter2"}}`,
	"auth is a number":  `{"auths": {"ghcr.io": {"auth": 1, "password": "hunter2"}}}`,
	"auth is no base64": `{"auths": {"ghcr.io": {"auth": "hunter2 !"}}}`,
	"auth has no colon": fmt.Sprintf(`{"auths": {"ghcr.io": {"auth": %q, "password": "hunter2"}}}`, "aHVudGVyMg=="),
}

func TestLoadFilesMalformed(t *testing.T) {
	t.Parallel()
	for name, text := range broken {
		for _, inFile := range []bool{false, true} {
			vars, origin := map[string]string{"DOCKER_AUTH_CONFIG": text}, "DOCKER_AUTH_CONFIG"
			if inFile {
				origin = write(t, filepath.Join(t.TempDir(), "config.json"), text)
				vars = map[string]string{"DOCKER_CONFIG": filepath.Dir(origin)}
			}
			_, err := registry.LoadFiles(variables(vars))
			if err == nil {
				t.Errorf("%s in %s: no error", name, origin)
				continue
			}
			if text := err.Error(); !strings.Contains(text, origin) || strings.Contains(text, "hunter2") || strings.Contains(text, "aHVudGVyMg") {
				t.Errorf("%s: %q; want it to name %s and to quote nothing", name, text, origin)
			}
		}
	}
}

// FuzzLoadFiles reads any text as a docker config and looks an image up in it. The message about one that cannot be read is always the
// same, so that it cannot hold a secret.
func FuzzLoadFiles(f *testing.F) {
	for _, text := range broken {
		f.Add(text)
	}
	f.Add(auths("ghcr.io", "bot"))
	f.Add(`{"auths": {"https://ghcr.io/v2/": {"username": "u", "password": "p"}, "": {}, "/": {}}}`)
	f.Add(`{"credsStore": "desktop", "credHelpers": {"ghcr.io": "none"}}`)
	f.Add(`{"auths": {"ghcr.io": {"identitytoken": "t", "registrytoken": "r"}}}`)
	f.Add("{}")
	f.Add(" ")
	f.Setenv("PATH", f.TempDir()) // no helper is there to be started
	repo := repoOf(f, "ghcr.io/acme/app")
	f.Fuzz(func(t *testing.T, text string) {
		files, err := registry.LoadFiles(variables(map[string]string{"DOCKER_AUTH_CONFIG": text}))
		if err != nil {
			const want = `reading credentials: DOCKER_AUTH_CONFIG is not a docker config: want {"auths": {HOST: {"auth": BASE64}}}`
			if err.Error() != want {
				t.Errorf("LoadFiles(%q): %q, want %q", text, err, want)
			}
			return
		}
		k := registry.Keychain{Files: files}
		login, err := k.Find(t.Context(), repo)
		if err != nil && !login.IsZero() {
			t.Errorf("Find in %q = %v beside %v, want one of them", text, login.Username, err)
		}
		if again, _ := k.Find(t.Context(), repo); again != login {
			t.Errorf("Find in %q = %v, and then %v", text, login.Username, again.Username)
		}
	})
}
