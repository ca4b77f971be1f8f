// SPDX-License-Identifier: Apache-2.0

package hubtest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/hubtest"
)

const connectionID = "123e4567-e89b-42d3-a456-426614174000"

func connections() []hubtest.Connection {
	return []hubtest.Connection{{ID: connectionID, Organization: "acme", RequestToken: "request", AccessToken: "exchanged"}}
}

func TestGitHub(t *testing.T) {
	t.Parallel()
	h := hubtest.New(hubtest.Options{Connections: connections()})
	for token, want := range map[string]int{"request": 200, "other": 401, "": 401} {
		if res := do(t, h.GitHub(), "GET", "/x/idtoken?api-version=2.0&audience=a", token, ""); res.status != want {
			t.Errorf("with token %q: %d %s, want %d", token, res.status, res.body, want)
		}
	}
}

func TestExchange(t *testing.T) {
	t.Parallel()
	h := hubtest.New(hubtest.Options{Connections: connections()})
	var fromGitHub struct {
		Value string `json:"value"`
	}
	res := do(t, h.GitHub(), "GET", "/?audience=https%3A%2F%2Fidentity.docker.com", "request", "")
	if err := json.Unmarshal([]byte(res.body), &fromGitHub); err != nil {
		t.Fatal(err)
	}
	good := func() url.Values {
		return url.Values{
			"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
			"subject_token":      {fromGitHub.Value},
			"connection_id":      {connectionID},
			"expires_in":         {"300"},
		}
	}
	tests := []struct {
		name, key, value string
		want             int
	}{
		{"from GitHub", "", "", 200},
		{"from GitLab", "subject_token", h.IDToken("https://identity.docker.com"), 200},
		{"an hour", "expires_in", "3600", 200},
		{"too short", "expires_in", "299", 400},
		{"too long", "expires_in", "3601", 400},
		{"no number", "expires_in", "", 400},
		{"another grant", "grant_type", "password", 400},
		{"another type", "subject_token_type", "urn:ietf:params:oauth:token-type:jwt", 400},
		{"made out to another", "subject_token", h.IDToken("https://example.com"), 401},
		{"no token", "subject_token", "", 401},
		{"another connection", "connection_id", "x", 401},
	}
	for _, tt := range tests {
		form := good()
		if tt.key != "" {
			form.Set(tt.key, tt.value)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://identity.docker.com/oauth/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res := roundTrip(t, h.Identity(), req)
		if res.status != tt.want || (tt.want == 200) != strings.Contains(res.body, `"access_token":"exchanged"`) {
			t.Errorf("%s: %d %s, want %d", tt.name, res.status, res.body, tt.want)
		}
	}
	if res := do(t, h.Identity(), "POST", "/oauth/other", "", ""); res.status != 404 {
		t.Errorf("another path = %d, want 404", res.status)
	}
	if got := len(h.Requests()); got != len(tests)+2 {
		t.Errorf("%d requests were recorded, want %d", got, len(tests)+2)
	}
}

func TestExchangedTokenAtTheAPI(t *testing.T) {
	t.Parallel()
	for _, opens := range []bool{false, true} {
		c := connections()
		c[0].OpensAPI = opens
		h := hubtest.New(hubtest.Options{Connections: c})
		h.Push("acme/app", "x", digest)
		res := do(t, h, "POST", "/v2/auth/token", "", `{"identifier":"acme","secret":"exchanged"}`)
		if (res.status == 200) != opens {
			t.Errorf("OpensAPI %v: signing in = %d %s", opens, res.status, res.body)
		}
		if opens {
			if res := do(t, h, "DELETE", app+"/tags/x", signIn(t, h, "acme", "exchanged"), ""); res.status != 204 {
				t.Errorf("DELETE = %d %s, want 204", res.status, res.body)
			}
		}
	}
}
