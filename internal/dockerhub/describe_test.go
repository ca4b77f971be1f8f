// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/hubtest"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	const get, patch = "GET " + app + " OK", "PATCH " + app + " OK"
	tests := []struct {
		name        string
		options     hubtest.Options
		full, short string
		sent        string // empty: nothing
		requests    []string
	}{
		{"both", hubtest.Options{}, "new", "short", `{"full_description":"new","description":"short"}`, []string{get, patch}},
		{"page alone", hubtest.Options{}, "new", "", `{"full_description":"new"}`, []string{get, patch}},
		{"page differs", hubtest.Options{}, "new", "An app", `{"full_description":"new"}`, []string{get, patch}},
		{"short description differs", hubtest.Options{}, "# App\n", "new", `{"description":"new"}`, []string{get, patch}},
		{"unchanged", hubtest.Options{}, "# App\n", "An app", "", []string{get}},
		{"white space and line breaks", hubtest.Options{}, "\r\n# App\r\n\r\n", " An app ", "", []string{get}},
		{"nothing", hubtest.Options{}, "", "", "", []string{get}},
		{"all of Unicode", hubtest.Options{}, "é\u2028<b>&\"\\\n\u0001", "", `{"full_description":"é\u2028\u003cb\u003e\u0026\"\\\n\u0001"}`, []string{get, patch}},
		{"the longest", hubtest.Options{}, strings.Repeat("x", 25000), strings.Repeat("y", 100), `{"full_description":"` + strings.Repeat("x", 25000) + `","description":"` + strings.Repeat("y", 100) + `"}`, []string{get, patch}},
		{"no route, 404", hubtest.Options{NoNamespaceRoutes: 404}, "new", "", `{"full_description":"new"}`, []string{get, "PATCH " + app + " Not Found", "PATCH " + legacy + "/ OK"}},
		{"no route, 405", hubtest.Options{NoNamespaceRoutes: 405}, "new", "", `{"full_description":"new"}`, []string{get, "PATCH " + app + " Method Not Allowed", "PATCH " + legacy + "/ OK"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := hub(tt.options)
			changed, err := connect(h, "owner", "password").Describe(t.Context(), repository(t), tt.full, tt.short)
			if err != nil || changed != (tt.sent != "") {
				t.Errorf("Describe = %v, %v, want %v", changed, err, tt.sent != "")
			}
			if diff := cmp.Diff(tt.requests, log(h)); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			sent := h.Requests()[len(h.Requests())-1].Body
			if sent != tt.sent {
				t.Errorf("sent %s, want %s", sent, tt.sent)
			}
			want := hubtest.Repository{Full: "# App\n", Short: "An app", Private: true}
			if strings.Contains(tt.sent, "full_description") {
				want.Full = tt.full
			}
			if strings.Contains(tt.sent, `"description"`) {
				want.Short = tt.short
			}
			if diff := cmp.Diff(want, h.Repository("acme/app")); diff != "" {
				t.Errorf("the page (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDescribeIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		options            hubtest.Options
		user, secret, full string
		want               string
	}{
		{
			"Read & Write",
			hubtest.Options{},
			"owner", "dckr_pat_rw", "new",
			"describing index.docker.io/acme/app: PATCH hub.docker.com" + app + `: 403 Forbidden: insufficient scope (it needs a personal access token with "Read, Write, Delete")`,
		},
		{"too long", hubtest.Options{}, "owner", "password", strings.Repeat("x", 25001), "400 Bad Request: httperror 400: validation error"},
		{
			"a repository that does not show",
			hubtest.Options{},
			"stranger", "password", "new",
			"reading index.docker.io/acme/app: GET hub.docker.com" + app + ": 404 Not Found",
		},
		{
			"a redirect that would make a GET of it",
			hubtest.Options{AppendSlash: true},
			"owner", "password", "new",
			"PATCH hub.docker.com" + app + ": 301 Moved Permanently: it redirects to https://hub.docker.com" + app + "/, which is not followed",
		},
		{
			"an organization token at the old route",
			hubtest.Options{NoNamespaceRoutes: 404},
			"acme", "dckr_oat_edit", "new",
			"PATCH hub.docker.com" + legacy + "/: 403 Forbidden: token issued from organization access token is not allowed",
		},
	}
	for _, tt := range tests {
		h := hub(tt.options)
		changed, err := connect(h, tt.user, tt.secret).Describe(t.Context(), repository(t), tt.full, "")
		wantError(t, tt.name, err, tt.want)
		if changed || h.Repository("acme/app").Full != "# App\n" {
			t.Errorf("%s: changed %v, page %q", tt.name, changed, h.Repository("acme/app").Full)
		}
	}
}

// TestDescribeLooksAtTheAnswer has a server between that changes what is sent, or what is answered.
func TestDescribeLooksAtTheAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		send     func(body string) string
		answer   string // in place of that to a PATCH; empty: none
		requests int    // but for signing in
		want     string // error; empty: none
	}{
		{"answers little", nil, `{"status":1}`, 3, ""},
		{"answers another text", nil, `{"full_description":"old"}`, 3, ""},
		{"trims", func(s string) string { return strings.ReplaceAll(s, `text\n`, "text") }, "", 2, ""},
		{
			"cuts", func(s string) string { return strings.ReplaceAll(s, `a long text`, "a lo") }, "", 3,
			"describing index.docker.io/acme/app: Docker Hub took the text and has another: page of 5 bytes (sent 12), short description of 6 (sent 0)",
		},
		{"forgets", func(string) string { return "{}" }, "", 3, "page of 6 bytes (sent 12)"},
		{"answers a page", nil, "<html>", 2, "parsing the answer"},
	}
	for _, tt := range tests {
		h := hub(hubtest.Options{})
		between := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method != http.MethodPatch {
				h.ServeHTTP(w, req)
				return
			}
			body, _ := io.ReadAll(req.Body)
			if tt.send != nil {
				body = []byte(tt.send(string(body)))
			}
			req.Body = io.NopCloser(strings.NewReader(string(body)))
			if tt.answer != "" {
				h.ServeHTTP(discard{}, req)
				handler{status: 200, body: tt.answer}.ServeHTTP(w, req)
				return
			}
			h.ServeHTTP(w, req)
		})
		changed, err := connect(between, "owner", "password").Describe(t.Context(), repository(t), "a long text\n", "")
		if tt.want != "" {
			wantError(t, tt.name, err, tt.want)
		} else if err != nil || !changed {
			t.Errorf("%s: Describe = %v, %v, want a change", tt.name, changed, err)
		}
		if got := len(log(h)); got != tt.requests {
			t.Errorf("%s: %d requests, want %d", tt.name, got, tt.requests)
		}
	}
}

// discard takes an answer that nobody gets.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
