// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/registry"
)

// helper puts a credential helper into dir: it notes what it was asked for, and answers with the text of a shell script.
// https://github.com/docker/docker-credential-helpers#development
func helper(t *testing.T, dir, name, script string) {
	t.Helper()
	script = "#!/bin/sh\nread -r server\necho \"$1 $server\" >>" + filepath.Join(dir, name+".asked") + "\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestHelpers(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	helper(t, dir, "works", `echo '{"ServerURL": "x", "Username": "helped", "Secret": "word"}'`)
	helper(t, dir, "other", `echo '{"ServerURL": "x", "Username": "other", "Secret": "word"}'`)
	helper(t, dir, "empty", `echo 'credentials not found in native keychain'; exit 1`)
	helper(t, dir, "fails", `echo 'the vault is locked'; exit 1`)
	helper(t, dir, "babbles", `echo 'hunter2'`)
	tests := map[string]struct {
		files, image string
		want         string
		asked        string // helper and the key that it was asked for
		err          string
	}{
		"store":                     {`{"credsStore": "works"}`, "ghcr.io/acme/app", "helped:word", "works: get ghcr.io", ""},
		"store, empty entry":        {`{"credsStore": "works", "auths": {"ghcr.io": {}}}`, "ghcr.io/acme/app", "helped:word", "works: get ghcr.io", ""},
		"helper of a host":          {`{"credHelpers": {"ghcr.io": "works"}}`, "ghcr.io/acme/app", "helped:word", "works: get ghcr.io", ""},
		"helper before store":       {`{"credsStore": "other", "credHelpers": {"ghcr.io": "works"}}`, "ghcr.io/acme/app", "helped:word", "works: get ghcr.io", ""},
		"entry before helper":       {`{"credsStore": "works", ` + auths("ghcr.io", "docker")[1:], "ghcr.io/acme/app", "docker:file", "", ""},
		"helper of another host":    {`{"credHelpers": {"quay.io": "works"}}`, "ghcr.io/acme/app", "ci:job", "", ""},
		"Docker Hub":                {`{"credHelpers": {"https://index.docker.io/v1/": "works"}}`, "acme/app", "helped:word", "works: get https://index.docker.io/v1/", ""},
		"Docker Hub, store":         {`{"credsStore": "works"}`, "docker.io/acme/app", "helped:word", "works: get https://index.docker.io/v1/", ""},
		"Docker Hub by its API":     {`{"credsStore": "works"}`, "registry-1.docker.io/acme/app", "helped:word", "works: get https://index.docker.io/v1/", ""},
		"port":                      {`{"credsStore": "works"}`, "localhost:5000/acme/app", "helped:word", "works: get localhost:5000", ""},
		"nothing found: fallback":   {`{"credsStore": "empty"}`, "ghcr.io/acme/app", "ci:job", "empty: get ghcr.io", ""},
		"fails":                     {`{"credsStore": "fails"}`, "ghcr.io/acme/app", "", "fails: get ghcr.io", "the vault is locked"},
		"answers with what is none": {`{"credsStore": "babbles"}`, "ghcr.io/acme/app", "", "babbles: get ghcr.io", "asking docker-credential-babbles, which DOCKER_AUTH_CONFIG names"},
		"not on PATH":               {`{"credsStore": "absent"}`, "ghcr.io/acme/app", "", "", "asking docker-credential-absent, which DOCKER_AUTH_CONFIG names"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			k := &registry.Keychain{Files: load(t, tt.files), Fallbacks: []registry.Credential{credential("ghcr.io", "ci", "job")}}
			if got := sent(t, tt.image, k); got != tt.want {
				t.Errorf("signed in with %q, want %q", got, tt.want)
			}
			login, err := k.Find(t.Context(), repoOf(t, tt.image))
			switch {
			case tt.err == "" && err != nil:
				t.Errorf("Find: %v", err)
			case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("Find: %v, want %q in it, and no secret", err, tt.err)
			case tt.want == "helped:word" && login.Origin != "DOCKER_AUTH_CONFIG":
				t.Errorf("Origin = %q, want DOCKER_AUTH_CONFIG", login.Origin)
			}
			asked(t, dir, tt.asked)
		})
	}
}

// asked checks what the helpers were asked for, and forgets it. A helper that fails may be asked again.
func asked(t *testing.T, dir, want string) {
	t.Helper()
	notes, err := filepath.Glob(filepath.Join(dir, "*.asked"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, note := range notes {
		text, err := os.ReadFile(note)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		got = append(got, strings.TrimSuffix(filepath.Base(note), ".asked")+": "+first)
		if err := os.Remove(note); err != nil {
			t.Fatal(err)
		}
	}
	if all := strings.Join(got, ", "); all != want {
		t.Errorf("asked %q, want %q", all, want)
	}
}

// TestHelperOnce proves that a helper, which may ask a person or a vault, is started once for a repository.
func TestHelperOnce(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	helper(t, dir, "works", `echo '{"ServerURL": "x", "Username": "helped", "Secret": "word"}'`)
	r := open(t, image, &challenger{}, &registry.Keychain{Files: load(t, `{"credsStore": "works"}`)})
	for range 3 {
		if _, err := r.Resolve(t.Context(), []string{"1", "2"}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "works.asked"))
	if err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("asked %q, %v, want one question", text, err)
	}
}
