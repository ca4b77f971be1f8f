// SPDX-License-Identifier: Apache-2.0

package scripts_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// handing is a run of with-docker-login/credentials.sh.
type handing struct {
	config string // config.json
	env    []string
	// helpers are the credential helpers on PATH: scripts by the name behind docker-credential-.
	helpers map[string]string
}

// handed is what became of it.
type handed struct {
	auths map[string]map[string]string
	masks []string
	text  string // all else that was printed
}

// run runs the script by a shell.
func (h handing) run(t *testing.T, shell []string) handed {
	t.Helper()
	dir := t.TempDir()
	outputs := filepath.Join(dir, "outputs")
	write(t, outputs, "", 0o600)
	if h.config != "" {
		write(t, filepath.Join(dir, ".docker", "config.json"), h.config, 0o600)
	}
	for name, text := range h.helpers {
		write(t, filepath.Join(dir, "bin", "docker-credential-"+name), "#!/bin/sh\n"+text, 0o700)
	}
	env := append([]string{"HOME=" + dir, "GITHUB_OUTPUT=" + outputs, "PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH")}, h.env...)
	path := filepath.Join("..", "..", "..", "..", "with-docker-login", "credentials.sh")
	var got handed
	for line := range strings.Lines(output(t, script(t, shell, path, env))) {
		if mask, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "::add-mask::"); ok {
			got.masks = append(got.masks, strings.ReplaceAll(mask, "%25", "%"))
		} else {
			got.text += line
		}
	}
	raw, err := os.ReadFile(outputs)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		switch name {
		case "file":
			if value != outputs {
				t.Errorf("output file = %q, want %q", value, outputs)
			}
		case "config":
			var config struct {
				Auths map[string]map[string]string `json:"auths"`
			}
			if err := json.Unmarshal([]byte(value), &config); err != nil {
				t.Fatalf("%v in %s", err, value)
			}
			got.auths = config.Auths
			got.wantMasked(t, value, base64.StdEncoding.EncodeToString([]byte(value)))
		default:
			t.Errorf("unknown output %q", line)
		}
	}
	return got
}

func (h handed) wantMasked(t *testing.T, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if !slices.Contains(h.masks, secret) {
			t.Errorf("%q is not masked; the masks are %q", secret, h.masks)
		}
		if strings.Contains(h.text, secret) {
			t.Errorf("%q is printed:\n%s", secret, h.text)
		}
	}
}

// basic is what docker login stores.
func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

type auths = map[string]map[string]string

const hub = "https://index.docker.io/v1/"

func TestCredentials(t *testing.T) {
	t.Parallel()
	const found = `read host; printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}\n' "$host" `
	const missing = `echo "credentials not found in native keychain"; exit 1`
	stored := map[string]string{"stored": found + `bot 'pass word\"100%\\'`}
	tests := map[string]struct {
		handing

		want   auths
		masked []string
		text   string // a part of what is printed
	}{
		"nothing": {text: "::notice title=polytag::docker login has left no credentials in "},
		"docker login": {
			handing: handing{config: "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"" + basic("bot", "hunter2:100%") + "\"\n\t\t}\n\t}\n}"},
			want:    auths{"ghcr.io": {"auth": basic("bot", "hunter2:100%")}},
			masked:  []string{basic("bot", "hunter2:100%"), "hunter2:100%"},
			text:    `polytag gets the credentials for "ghcr.io"`,
		},
		"two registries, and what else is in the file": {
			handing: handing{config: `{"HttpHeaders":{"User-Agent":"Docker {\"auths\": no}"},"auths":{"` + hub + `":{"auth":"` + basic("a", "secret1") +
				`","email":""},"127.0.0.1:5000":{"auth":"` + basic("b", "secret2") + `"},"quay.io":{}},"plugins":[{"auths":{"x":{"auth":"y"}}}],"psFormat":"{{.ID}}"}`},
			want:   auths{hub: {"auth": basic("a", "secret1")}, "127.0.0.1:5000": {"auth": basic("b", "secret2")}},
			masked: []string{"secret1", "secret2"},
		},
		"escaped slashes": {
			handing: handing{config: `{"auths":{"ghcr.io":{"auth":"` + strings.ReplaceAll(basic("a", "???>>>"), "/", `\/`) + `"}}}`},
			want:    auths{"ghcr.io": {"auth": basic("a", "???>>>")}},
			masked:  []string{basic("a", "???>>>"), "???>>>"},
		},
		"an identity token": {
			handing: handing{config: `{"auths":{"acme.azurecr.io":{"auth":"` + basic("00000000-0000-0000-0000-000000000000", "") + `","identitytoken":"eyJ.abc"}}}`},
			want:    auths{"acme.azurecr.io": {"auth": basic("00000000-0000-0000-0000-000000000000", ""), "identitytoken": "eyJ.abc"}},
			masked:  []string{"eyJ.abc"},
		},
		"a key file as the password": {
			handing: handing{config: `{"auths":{"europe-docker.pkg.dev":{"auth":"` + basic("_json_key", "{\n  \"private_key\": \"-----BEGIN\"\n}\n") + `"}}}`},
			want:    auths{"europe-docker.pkg.dev": {"auth": basic("_json_key", "{\n  \"private_key\": \"-----BEGIN\"\n}\n")}},
			masked:  []string{`"private_key": "-----BEGIN"`},
		},
		"DOCKER_AUTH_CONFIG before the file": {
			handing: handing{
				config: `{"auths":{"ghcr.io":{"auth":"` + basic("file", "secret1") + `"},"quay.io":{"auth":"` + basic("file", "secret2") + `"}}}`,
				env:    []string{`DOCKER_AUTH_CONFIG={"auths":{"ghcr.io":{"auth":"` + basic("variable", "secret3") + `"}}}`},
			},
			want:   auths{"ghcr.io": {"auth": basic("variable", "secret3")}, "quay.io": {"auth": basic("file", "secret2")}},
			masked: []string{"secret1", "secret2", "secret3"},
		},
		"a store": {
			handing: handing{
				config: `{"auths":{"ghcr.io":{}},"credsStore":"stored"}`, helpers: stored,
				env: []string{"IMAGES=GHCR.io/x/y\n# not.this/one\nghcr.io/acme/app, acme/app\n docker.io/acme/app", "SOURCES=12be34,sha256:abc\nlinux/arm/v6=quay.io/acme/x@sha256:0,oci:out/dir"},
			},
			want: auths{
				hub:       {"username": "bot", "password": `pass word"100%\`},
				"ghcr.io": {"username": "bot", "password": `pass word"100%\`},
				"quay.io": {"username": "bot", "password": `pass word"100%\`},
			},
			masked: []string{`pass word"100%\`},
		},
		"a helper for one registry": {
			handing: handing{
				config:  `{"auths":{"quay.io":{"auth":"` + basic("a", "secret1") + `"}},"credHelpers":{"1.dkr.ecr.eu-west-1.amazonaws.com":"ecr-login","gcr.io":"gcloud"}}`,
				env:     []string{"IMAGES=1.dkr.ecr.eu-west-1.amazonaws.com/app\nquay.io/acme/app"},
				helpers: map[string]string{"ecr-login": found + "AWS token-of-aws", "gcloud": "echo asked >&2; exit 1"},
			},
			want:   auths{"1.dkr.ecr.eu-west-1.amazonaws.com": {"username": "AWS", "password": "token-of-aws"}, "quay.io": {"auth": basic("a", "secret1")}},
			masked: []string{"token-of-aws", "secret1"},
		},
		"a helper with an identity token": {
			handing: handing{
				config: `{"credHelpers":{"acme.azurecr.io":"acr"}}`, env: []string{"IMAGES=acme.azurecr.io/app"},
				helpers: map[string]string{"acr": found + `'\u003ctoken\u003e' eyJ.abc`},
			},
			want: auths{"acme.azurecr.io": {"identitytoken": "eyJ.abc"}}, masked: []string{"eyJ.abc"},
		},
		"a helper that has nothing": {
			handing: handing{config: `{"credsStore":"stored"}`, env: []string{"IMAGES=ghcr.io/acme/app"}, helpers: map[string]string{"stored": missing}},
			text:    "has left no credentials",
		},
		"a helper that fails": {
			handing: handing{config: `{"credsStore":"stored"}`, env: []string{"IMAGES=ghcr.io/acme/app"}, helpers: map[string]string{"stored": "echo locked; exit 1"}},
			text:    "::warning title=polytag::docker-credential-stored failed for ghcr.io",
		},
		"a helper that is not there": {
			handing: handing{config: `{"credsStore":"nowhere"}`, env: []string{"IMAGES=ghcr.io/acme/app"}},
			text:    "::warning title=polytag::docker-credential-nowhere, which holds the credentials for ghcr.io, is not on PATH",
		},
		"a file that is no JSON": {handing: handing{config: "auths: none"}, text: "has left no credentials"},
	}
	for name, tt := range tests {
		for shell, words := range shells() {
			t.Run(name+" by "+shell, func(t *testing.T) {
				t.Parallel()
				got := tt.run(t, words)
				if diff := cmp.Diff(tt.want, got.auths); diff != "" {
					t.Errorf("auths (-want +got):\n%s", diff)
				}
				got.wantMasked(t, tt.masked...)
				if !strings.Contains(got.text, tt.text) {
					t.Errorf("it printed %q, want %q in it", got.text, tt.text)
				}
			})
		}
	}
}

// TestCredentialsOfSpec reads the registries of a spec from the file.
func TestCredentialsOfSpec(t *testing.T) {
	t.Parallel()
	spec := filepath.Join(t.TempDir(), "spec.yml")
	write(t, spec, "image: ghcr.io/acme/app:1.2.3\nmanifests:\n  - image: \"quay.io/acme/app:amd64\"\n    platform: {os: linux, architecture: amd64}\n", 0o600)
	h := handing{config: `{"credsStore":"stored"}`, env: []string{"SPEC=" + spec}, helpers: map[string]string{
		"stored": `read host; echo '{"Username":"bot","Secret":"secret"}'`,
	}}
	for _, shell := range shells() {
		bot := map[string]string{"username": "bot", "password": "secret"}
		if diff := cmp.Diff(auths{"ghcr.io": bot, "quay.io": bot}, h.run(t, shell).auths); diff != "" {
			t.Errorf("auths (-want +got):\n%s", diff)
		}
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
