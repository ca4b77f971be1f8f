// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/secret"
)

// bodies are errors of Docker Hub, from its documents and from transcripts, of proxies, and broken ones.
var bodies = []struct{ body, want string }{
	{`{"message":"object not found","errinfo":{}}`, "object not found"},
	{`{"message":"httperror 404: object not found","errinfo":{"namespace":"..","repository":".."}}`, "httperror 404: object not found"},
	{
		`{"message":"httperror 404: tag '1.277' not found","errinfo":{"namespace":"library","repository":"nginx","tag":"1.277"}}`,
		"httperror 404: tag '1.277' not found",
	},
	{`{"message":"unauthorized","errinfo":null}`, "unauthorized"},
	{`{"message":"permission denied"}`, "permission denied"},
	{`{"errinfo":{},"message":"access to the resource is forbidden with personal access token"}`, "access to the resource is forbidden with personal access token"},
	{
		`{"detail":"access is forbidden with a JWT issued from a personal access token"}`,
		"access is forbidden with a JWT issued from a personal access token",
	},
	{`{"detail":"Incorrect authentication credentials","login_2fa_token":null}`, "Incorrect authentication credentials"},
	{`{"errinfo":{},"detail":"exact","message":"vague"}`, "exact"},
	{`{"detail":"Rate limit exceeded","error":false}`, "Rate limit exceeded"},
	{
		`{"message":"Delete \"https://registry.example/api/internal\": http: non-successful response (status=401 body=\"\")","errinfo":{}}`,
		`Delete "https://registry.example/api/internal": http: non-successful response (status=401 body="")`,
	},
	{`{"error":"invalid_grant","error_description":"expired"}`, "expired"},
	{`{"error":"invalid_grant"}`, "invalid_grant"},
	{`{"detail":{"a":1},"message":["x"],"error":"this"}`, "this"},
	{`{"detail":"","message":"  "}`, ""},
	{`{"message":null}`, ""},
	{`{"message":"two\r\nlines\tand\u0000more \u001b[31mred"}`, "two lines andmore [31mred"},
	{`{"message":"::error::x"}`, "::error::x"},
	{`{"message":"the secret is hunter2, really hunter2"}`, "the secret is ***, really ***"},
	{`{"message":"split: hun\u0000ter2"}`, "split: ***"},
	{`{"message":"escaped: hunter\u0032"}`, "escaped: ***"},
	{`{"message":"` + strings.Repeat("é", 301) + `"}`, strings.Repeat("é", 299) + "…"},
	{`{"message":"` + strings.Repeat("x", 296) + `hunter2"}`, strings.Repeat("x", 296) + "***"},
	{`{"message":"cut`, ""},
	{`[{"message":"x"}]`, ""},
	{`"x"`, ""},
	{`null`, ""},
	{"", ""},
	{"<html><body>502", ""},
	{"\xff\xfe", ""},
}

func TestParseMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range bodies {
		if got := dockerhub.ParseMessage([]byte(tt.body), secret.New("hunter2"), secret.String{}); got != tt.want {
			t.Errorf("parseMessage(%s) = %q, want %q", tt.body, got, tt.want)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.body), "hunter2")
	}
	f.Fuzz(func(t *testing.T, body []byte, password string) {
		got := dockerhub.ParseMessage(body, secret.New(password))
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 300 || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("parseMessage(%q) = %q: not a printable line of 300 characters at most", body, got)
		}
		if got != strings.TrimSpace(got) {
			t.Errorf("parseMessage(%q) = %q: white space at its ends", body, got)
		}
		if got != "" && !json.Valid(body) {
			t.Errorf("parseMessage(%q) = %q: out of something that is not JSON", body, got)
		}
		// A secret of some length, none of whose bytes are white space or unprintable, or asterisks.
		plain := !strings.ContainsFunc(password, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '*' })
		if len(password) > 3 && utf8.ValidString(password) && plain && strings.Contains(got, password) {
			t.Errorf("parseMessage(%q) = %q: it has the secret %q", body, got, password)
		}
	})
}

func TestError(t *testing.T) {
	t.Parallel()
	const prefix = "reading index.docker.io/acme/app: GET hub.docker.com/v2/namespaces/acme/repositories/app: "
	html := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	tests := []struct {
		h        handler
		want     string
		denied   bool
		notFound bool
	}{
		{handler{status: 404, body: `{"message":"object not found","errinfo":{}}`}, "404 Not Found: object not found (it needs an account that may see the repository, if there is one)", false, true},
		{handler{status: 403, body: `{"message":"insufficient scope","errinfo":{}}`}, `403 Forbidden: insufficient scope (it needs a personal access token with "Read, Write, Delete")`, true, false},
		{handler{status: 403, header: html, body: "<html>password the token"}, "403 Forbidden: the answer is a page of HTML, as a proxy sends", true, false},
		{handler{status: 404, header: html, body: "<html>"}, "404 Not Found: the answer is a page of HTML, as a proxy sends", false, true},
		{handler{status: 418, body: `{}`}, "418 I'm a teapot", false, false},
		{handler{status: 400, body: `{"message":"you sent password with the token"}`}, "400 Bad Request: you sent *** with ***", false, false},
		{handler{status: 400, body: `{"message":"` + strings.Repeat("x", 65<<10) + `"}`}, "400 Bad Request", false, false},
		{handler{status: 429, header: http.Header{"Retry-After": {"100"}}, body: `{"detail":"Rate limit exceeded","error":false}`}, "429 Too Many Requests: Rate limit exceeded", false, false},
	}
	for _, tt := range tests {
		ctx, cancel := withTimeout(t)
		_, err := connect(tt.h, "owner", "password").Repository(ctx, repository(t))
		cancel()
		e, ok := errors.AsType[*dockerhub.Error](err)
		if !ok || err.Error() != prefix+tt.want {
			t.Errorf("%d %.60s:\n got %v\nwant %s", tt.h.status, tt.h.body, err, prefix+tt.want)
			continue
		}
		if e.Denied() != tt.denied || e.NotFound() != tt.notFound || e.Status != tt.h.status {
			t.Errorf("%v: status %d, denied %v, not found %v", err, e.Status, e.Denied(), e.NotFound())
		}
	}
}
