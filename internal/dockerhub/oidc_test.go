// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/transport"
)

const (
	connectionID = "123e4567-e89b-42d3-a456-426614174000"
	requestURL   = "https://actions.example/x/idtoken?api-version=2.0"
)

// oidcHub returns a Docker Hub with an OpenID connection, and options that use it.
func oidcHub() (*hubtest.Hub, dockerhub.OIDCOptions) {
	h := hubtest.New(hubtest.Options{Connections: []hubtest.Connection{
		{ID: connectionID, Organization: "acme", RequestToken: "request", AccessToken: "exchanged"},
	}})
	return h, dockerhub.OIDCOptions{
		Transport:    oidcNetwork(h.GitHub(), h.Identity()),
		ConnectionID: connectionID,
		RequestURL:   requestURL,
		RequestToken: secret.New("request"),
	}
}

func oidcNetwork(gitHub, identity http.Handler) http.RoundTripper {
	return transport.New(transport.Options{Base: registrytest.Net{
		"https://actions.example": gitHub, "https://identity.docker.com": identity,
	}})
}

func TestExchangeOIDC(t *testing.T) {
	t.Parallel()
	h, o := oidcHub()
	o.ExpiresIn = time.Hour
	got, err := dockerhub.ExchangeOIDC(t.Context(), o)
	if err != nil || got != secret.New("exchanged") {
		t.Errorf("ExchangeOIDC = %q, %v, want the token", got.Reveal(), err)
	}
	requests := h.Requests()
	if len(requests) != 2 || requests[0].Query.Encode() != "api-version=2.0&audience=https%3A%2F%2Fidentity.docker.com" ||
		!strings.Contains(requests[1].Body, "expires_in=3600") {
		t.Errorf("requests = %+v", requests)
	}
}

func TestExchangeOIDCOfGitLab(t *testing.T) {
	t.Parallel()
	h, o := oidcHub()
	o.RequestURL, o.RequestToken, o.IDToken = "", secret.String{}, secret.New(h.IDToken("https://identity.docker.com"))
	o.ConnectionID = strings.ToUpper(o.ConnectionID)
	_, err := dockerhub.ExchangeOIDC(t.Context(), o)
	wantError(t, "a connection of another name", err, "POST identity.docker.com/oauth/token: 401 Unauthorized: no ruleset of the connection matches the token "+
		"(it needs an OpenID connection with this ID, and a ruleset in it that this job's subject matches)")
	o.ConnectionID = connectionID
	got, err := dockerhub.ExchangeOIDC(t.Context(), o)
	if err != nil || got.Reveal() != "exchanged" {
		t.Errorf("ExchangeOIDC = %q, %v, want the token", got.Reveal(), err)
	}
	var lines []string
	for _, q := range h.Requests() {
		lines = append(lines, q.Host+" "+q.Query.Encode())
	}
	if diff := cmp.Diff([]string{"identity.docker.com ", "identity.docker.com "}, lines); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if !strings.Contains(h.Requests()[1].Body, "expires_in=300") {
		t.Errorf("sent %s, want 300 s by default", h.Requests()[1].Body)
	}
}

func TestExchangeOIDCErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(o *dockerhub.OIDCOptions)
		want   string
	}{
		{"no permission", func(o *dockerhub.OIDCOptions) { o.RequestURL = "" }, "asking the CI for an identity token: the CI offers this job no identity token"},
		{"no request token", func(o *dockerhub.OIDCOptions) { o.RequestToken = secret.String{} }, "the CI offers this job no identity token"},
		{"no ID", func(o *dockerhub.OIDCOptions) { o.ConnectionID = "" }, `parsing the ID "" of an OpenID connection: it is not a UUID`},
		{"an ID with more", func(o *dockerhub.OIDCOptions) { o.ConnectionID += "\n" }, "it is not a UUID"},
		{"too short", func(o *dockerhub.OIDCOptions) { o.ExpiresIn = time.Minute }, "asking for a token for 1m0s: from 5m0s to 1h0m0s is possible"},
		{"too long", func(o *dockerhub.OIDCOptions) { o.ExpiresIn = time.Hour + 1 }, "from 5m0s to 1h0m0s is possible"},
		{"no URL", func(o *dockerhub.OIDCOptions) { o.RequestURL = "https://%" }, "parsing the address to ask at: it is no URL"},
		{"plain HTTP", func(o *dockerhub.OIDCOptions) { o.RequestURL = "http://actions.example/" }, "refusing plain HTTP to actions.example"},
		{"another token", func(o *dockerhub.OIDCOptions) { o.RequestToken = secret.New("other") }, "asking the CI for an identity token: GET actions.example/x/idtoken: 401 Unauthorized: unauthorized"},
		{"a job that no ruleset matches", func(o *dockerhub.OIDCOptions) { o.IDToken = secret.New("x") }, "exchanging the CI's identity token for one of Docker Hub: POST identity.docker.com/oauth/token: 401"},
	}
	for _, tt := range tests {
		_, o := oidcHub()
		tt.change(&o)
		got, err := dockerhub.ExchangeOIDC(t.Context(), o)
		wantError(t, tt.name, err, tt.want)
		if !got.IsEmpty() {
			t.Errorf("%s: a token beside the error", tt.name)
		}
		if missing := strings.HasPrefix(tt.name, "no permission") || tt.name == "no request token"; errors.Is(err, dockerhub.ErrNoIDToken) != missing {
			t.Errorf("%s: %v is ErrNoIDToken: %v", tt.name, err, !missing)
		}
	}
}

func TestExchangeOIDCOfStrangeServers(t *testing.T) {
	t.Parallel()
	good := handler{status: 200, body: `{"value":"IDTOKEN"}`}
	echo := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		handler{status: 400, body: `{"error_description":"I got ` + req.Header.Get("Authorization") + " " + string(body) + `"}`}.ServeHTTP(w, req)
	})
	moved := handler{status: 307, header: http.Header{"Location": {"https://evil.example/"}}}
	tests := []struct {
		name             string
		gitHub, identity http.Handler
		want             string
	}{
		{"no value", handler{status: 200, body: `{"count":0}`}, good, `GET actions.example/x/idtoken: parsing the answer (200, 11 bytes of "application/json"): it has no token`},
		{"a page", handler{status: 200, body: `<html>`, header: http.Header{"Content-Type": {"text/html"}}}, good, "it has no token"},
		{"no access token", good, handler{status: 200, body: `{"access_token":""}`}, "POST identity.docker.com/oauth/token: parsing the answer"},
		{"GitHub's double repeats the token", echo, good, "I got Bearer ***"},
		{"Docker repeats the token", good, echo, "subject_token=***"},
		{"GitHub's double redirects", moved, good, "GET actions.example/x/idtoken: 307 Temporary Redirect: it redirects to https://evil.example/, which is not followed"},
		{"Docker redirects", good, moved, "POST identity.docker.com/oauth/token: 307 Temporary Redirect: it redirects to https://evil.example/"},
	}
	for _, tt := range tests {
		_, o := oidcHub()
		o.Transport = oidcNetwork(tt.gitHub, tt.identity)
		o.RequestToken = secret.New("REQUEST")
		_, err := dockerhub.ExchangeOIDC(t.Context(), o)
		wantError(t, tt.name, err, tt.want)
		if strings.Contains(err.Error(), "IDTOKEN") || strings.Contains(err.Error(), "REQUEST") {
			t.Errorf("%s: %v: it has a secret", tt.name, err)
		}
	}
}

func TestExchangeOIDCWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, o := oidcHub()
		limited := func(host string) hubtest.Fault {
			return hubtest.Fault{
				Match: func(q hubtest.Request) bool { return q.Host == host }, Times: 2,
				Status: 429, Header: http.Header{"Retry-After": {"7"}}, Body: `{}`,
			}
		}
		h.Inject(limited("actions.example"), limited("identity.docker.com"))
		start := time.Now()
		if _, err := dockerhub.ExchangeOIDC(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 28*time.Second {
			t.Errorf("it took %v, want four times the 7s that were asked for", took)
		}
	})
}
