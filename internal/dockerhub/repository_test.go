// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hubtest"
)

func TestRepository(t *testing.T) {
	t.Parallel()
	rules := hubtest.Immutable{Enabled: true, Rules: []string{`^1\.`}}
	tests := []struct {
		user    string
		private bool
		want    dockerhub.Permissions
	}{
		{"owner", true, dockerhub.Permissions{Read: true, Write: true, Admin: true}},
		{"member", true, dockerhub.Permissions{Read: true, Write: true}},
		{"stranger", false, dockerhub.Permissions{Read: true}},
		{"", false, dockerhub.Permissions{Read: true}},
	}
	for _, tt := range tests {
		h := hub(hubtest.Options{})
		h.Create("acme/app", hubtest.Repository{Full: "# App", Short: "An app", Private: tt.private, Immutable: rules})
		password := "password"
		if tt.user == "" {
			password = ""
		}
		got, err := connect(h, tt.user, password).Repository(t.Context(), repository(t))
		if err != nil {
			t.Errorf("as %q: %v", tt.user, err)
		}
		want := dockerhub.Repository{
			Full: "# App", Short: "An app", Private: tt.private, Permissions: tt.want,
			Immutability: dockerhub.Immutability{Enabled: true, Rules: []string{`^1\.`}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("as %q (-want +got):\n%s", tt.user, diff)
		}
	}
}

// TestOldRepository reads answers without the fields that are younger than others.
func TestOldRepository(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"description":null,"full_description":null,"permissions":null,"immutable_tags_settings":null}`} {
		got, err := connect(handler{status: 200, body: body}, "owner", "password").Repository(t.Context(), repository(t))
		if err != nil || got.Immutability.Freezes("latest") {
			t.Errorf("Repository of %s = %+v, %v", body, got, err)
		}
		if diff := cmp.Diff(dockerhub.Repository{}, got); diff != "" {
			t.Errorf("Repository of %s (-want +got):\n%s", body, diff)
		}
	}
}

func TestFreezes(t *testing.T) {
	t.Parallel()
	const semver = `^[0-9]+\.[0-9]+\.[0-9]+$`
	tests := []struct {
		name    string
		enabled bool
		rules   []string
		want    string // of the tags below
	}{
		{"none", false, nil, ""},
		{"none, as it is where nobody set any", false, []string{".*"}, ""},
		{"all", true, []string{".*"}, "1 1.2 1.2.3 v1.2.3 latest 12be34-linux-amd64"},
		{"all, without rules", true, nil, "1 1.2 1.2.3 v1.2.3 latest 12be34-linux-amd64"},
		{"versions", true, []string{semver}, "1.2.3"},
		{"anywhere in the tag", true, []string{`1\.2`}, "1.2 1.2.3 v1.2.3"},
		{"several", true, []string{semver, "^latest$"}, "1.2.3 latest"},
		{"RE2", true, []string{`^\d+$|\pL{6}`}, "1 latest"},
		{"case", true, []string{`(?i)^LATEST$`}, "latest"},
		{"not a rule", true, []string{"(", "^v"}, "v1.2.3"},
		{"look-ahead, which RE2 has not", true, []string{"(?!x)"}, ""},
	}
	for _, tt := range tests {
		i := dockerhub.Immutability{Enabled: tt.enabled, Rules: tt.rules}
		var frozen []string
		for _, tag := range []string{"1", "1.2", "1.2.3", "v1.2.3", "latest", "12be34-linux-amd64"} {
			if i.Freezes(tag) {
				frozen = append(frozen, tag)
			}
		}
		if got := strings.Join(frozen, " "); got != tt.want {
			t.Errorf("%s: it freezes %q, want %q", tt.name, got, tt.want)
		}
	}
}
