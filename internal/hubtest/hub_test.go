// SPDX-License-Identifier: Apache-2.0

package hubtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/registrytest"
)

const (
	digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	app    = "/v2/namespaces/acme/repositories/app"
	old    = "/v2/repositories/acme/app"
)

// result is an answer.
type result struct {
	status int
	header http.Header
	body   string
}

// do sends a request to a Hub; token is a token of the API, "" for none.
func do(t *testing.T, h http.Handler, method, path, token, body string) result {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://hub.docker.com"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return roundTrip(t, h, req)
}

func roundTrip(t *testing.T, h http.Handler, req *http.Request) result {
	t.Helper()
	res, err := registrytest.Net{req.URL.Host: h}.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return result{res.StatusCode, res.Header, string(got)}
}

// signIn returns a token.
func signIn(t *testing.T, h http.Handler, user, secret string) string {
	t.Helper()
	res := do(t, h, "POST", "/v2/auth/token", "", `{"identifier":"`+user+`","secret":"`+secret+`"}`)
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(res.body), &got); err != nil || got.Token == "" {
		t.Fatalf("signing in as %s: %d %s", user, res.status, res.body)
	}
	return got.Token
}

// accounts are one of each kind.
func accounts() []hubtest.Account {
	return []hubtest.Account{
		{
			Name: "acme", Organization: true,
			Tokens: map[string]hubtest.Level{"dckr_oat_edit": hubtest.Admin, "dckr_oat_push": hubtest.Write},
		},
		{
			Name: "owner", Password: "password", Roles: map[string]hubtest.Level{"acme": hubtest.Admin},
			Tokens: map[string]hubtest.Level{"dckr_pat_rwd": hubtest.Admin, "dckr_pat_rw": hubtest.Write, "dckr_pat_r": hubtest.Read},
		},
		{Name: "member", Password: "password", Roles: map[string]hubtest.Level{"acme/app": hubtest.Write}},
		{Name: "stranger", Password: "password"},
		{Name: "twofactor", Password: "password", TwoFactor: true, Tokens: map[string]hubtest.Level{"dckr_pat_2fa": hubtest.Admin}},
		{Name: "sso", Password: "password", SSO: true},
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	const (
		wrong    = "Incorrect authentication credentials"
		mfa      = "Require secondary authentication on MFA enabled account"
		enforced = "Password sign-in is not allowed, single sign-on is enforced"
		noLogin  = "Cannot log into an organization account"
	)
	tests := []struct{ user, secret, detail, oldDetail string }{ // detail: why not
		{"owner", "password", "", ""},
		{"owner", "dckr_pat_r", "", ""},
		{"owner", "wrong", wrong, wrong},
		{"owner", "", wrong, wrong},
		{"nobody", "password", wrong, wrong},
		{"acme", "dckr_oat_edit", "", noLogin},
		{"acme", "", wrong, noLogin},
		{"owner", "dckr_oat_edit", wrong, wrong},
		{"twofactor", "password", mfa, mfa},
		{"twofactor", "dckr_pat_2fa", "", ""},
		{"sso", "password", enforced, enforced},
	}
	h := hubtest.New(hubtest.Options{Accounts: accounts()})
	for _, tt := range tests {
		for _, way := range []struct{ path, user, secret, token, detail string }{
			{"/v2/auth/token", "identifier", "secret", "access_token", tt.detail},
			{"/v2/users/login/", "username", "password", "token", tt.oldDetail},
		} {
			res := do(t, h, "POST", way.path, "", `{"`+way.user+`":"`+tt.user+`","`+way.secret+`":"`+tt.secret+`"}`)
			var got map[string]any
			if err := json.Unmarshal([]byte(res.body), &got); err != nil {
				t.Fatal(err)
			}
			token, _ := got[way.token].(string)
			detail, _ := got["detail"].(string)
			if detail != way.detail || (token != "") != (way.detail == "") || (res.status == 200) != (way.detail == "") {
				t.Errorf("%s as %s with %q = %d %s, want detail %q", way.path, tt.user, tt.secret, res.status, res.body, way.detail)
			}
		}
	}
	if res := do(t, h, "GET", "/v2/auth/token", "", ""); res.status != 405 {
		t.Errorf("GET /v2/auth/token = %d, want 405", res.status)
	}
	if res := do(t, h, "POST", "/v2/auth/token", "", "user=x"); res.status != 400 {
		t.Errorf("POST of a form to /v2/auth/token = %d, want 400", res.status)
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	const (
		denied   = `403 {"message":"permission denied"}`
		noScope  = `403 {"errinfo":{},"message":"insufficient scope"}`
		noScopeT = `403 {"errinfo":{},"message":"access denied: insufficient scope"}`
		noOAT    = `403 {"errinfo":{},"message":"token issued from organization access token is not allowed"}`
		who      = `401 {"message":"unauthorized","errinfo":null}`
		none     = `404 {"message":"object not found","errinfo":{}}`
	)
	tests := []struct {
		user, secret                       string
		read, patch, remove, oldPatch, del string // 200: it works
	}{
		{"owner", "password", "200", "200", "204", "200", "204"},
		{"owner", "dckr_pat_rwd", "200", "200", "204", "200", "204"},
		{"owner", "dckr_pat_rw", "200", noScope, noScopeT, noScope, noScopeT},
		{"owner", "dckr_pat_r", "200", noScope, noScopeT, noScope, noScopeT},
		{"acme", "dckr_oat_edit", "200", "200", "204", noOAT, noOAT},
		{"acme", "dckr_oat_push", "200", noScope, noScopeT, noOAT, noOAT},
		{"member", "password", "200", denied, denied, denied, denied},
		{"stranger", "password", none, none, none, none, none},
		{"", "", none, none, none, none, none},
		{"expired", "", who, who, who, who, who},
	}
	for _, tt := range tests {
		h := hubtest.New(hubtest.Options{Accounts: accounts()})
		h.Create("acme/app", hubtest.Repository{Private: true})
		h.Push("acme/app", "x", digest)
		h.Push("acme/app", "y", digest)
		token := ""
		switch tt.user {
		case "":
		case "expired":
			token = "expired"
		default:
			token = signIn(t, h, tt.user, tt.secret)
		}
		for _, step := range []struct{ method, path, want string }{
			{"GET", app, tt.read},
			{"PATCH", app, tt.patch},
			{"DELETE", app + "/tags/x", tt.remove},
			{"PATCH", old + "/", tt.oldPatch},
			{"DELETE", old + "/tags/y/", tt.del},
		} {
			res := do(t, h, step.method, step.path, token, "{}")
			got := map[int]string{200: "200", 204: "204"}[res.status]
			if got == "" {
				got = map[int]string{401: "401 ", 403: "403 ", 404: "404 "}[res.status] + res.body
			}
			if got != step.want {
				t.Errorf("as %s with %s: %s %s = %s, want %s", tt.user, tt.secret, step.method, step.path, got, step.want)
			}
		}
	}
}

func TestPublicRepository(t *testing.T) {
	t.Parallel()
	h := hubtest.New(hubtest.Options{})
	h.Push("acme/app", "x", digest)
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{"GET", app, 200},
		{"HEAD", app, 200},
		{"GET", app + "/tags/", 200},
		{"GET", app + "/tags/x", 200},
		{"GET", old + "/tags/x/", 200},
		{"GET", app + "/tags/x/y", 404},
		{"GET", app + "/groups", 404},
		{"GET", "/v2/namespaces/acme/repositories", 404},
		{"GET", "/v2/namespaces/acme/repositories/other", 404},
		{"GET", "/elsewhere", 404},
		{"POST", app, 405},
		{"DELETE", app, 405},
		{"PATCH", app, 401},
		{"DELETE", app + "/tags/x", 401},
	} {
		if res := do(t, h, tt.method, tt.path, "", "{}"); res.status != tt.want {
			t.Errorf("%s %s = %d %s, want %d", tt.method, tt.path, res.status, res.body, tt.want)
		}
	}
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(hubtest.Options{Accounts: accounts()})
		h.Push("acme/app", "x", digest)
		token := signIn(t, h, "owner", "password")
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{10*time.Minute - 1, 200}, {1, 401}} {
			time.Sleep(step.after)
			if res := do(t, h, "GET", app, token, ""); res.status != step.want {
				t.Errorf("%v later: %d %s, want %d", step.after, res.status, res.body, step.want)
			}
		}
	})
}

func TestOlderForms(t *testing.T) {
	t.Parallel()
	h := hubtest.New(hubtest.Options{Accounts: accounts(), NoAuthToken: 404})
	h.Push("acme/app", "x", digest)
	if res := do(t, h, "POST", "/v2/auth/token", "", `{}`); res.status != 404 {
		t.Errorf("/v2/auth/token = %d, want 404", res.status)
	}
	res := do(t, h, "POST", "/v2/users/login", "", `{"username":"owner","password":"password"}`)
	var got struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(res.body), &got); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://hub.docker.com"+old+"/tags/x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "JWT "+got.Token)
	if res := roundTrip(t, h, req); res.status != 204 {
		t.Errorf("DELETE with JWT = %d %s, want 204", res.status, res.body)
	}
}

func TestAppendSlash(t *testing.T) {
	t.Parallel()
	h := hubtest.New(hubtest.Options{Accounts: accounts(), AppendSlash: true})
	h.Push("acme/app", "x", digest)
	token := signIn(t, h, "owner", "password")
	if res := do(t, h, "PATCH", app, token, "{}"); res.status != 301 || res.header.Get("Location") != app+"/" {
		t.Errorf("PATCH without a slash = %d to %s, want 301 to %s/", res.status, res.header.Get("Location"), app)
	}
	if res := do(t, h, "PATCH", app+"/", token, "{}"); res.status != 200 {
		t.Errorf("PATCH with a slash = %d, want 200", res.status)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	for _, unix := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := hubtest.New(hubtest.Options{RateLimit: 2, UnixRetryAfter: unix})
			h.Push("acme/app", "x", digest)
			start := time.Now()
			var statuses []int
			var last result
			for range 3 {
				last = do(t, h, "GET", app, "", "")
				statuses = append(statuses, last.status)
			}
			if diff := cmp.Diff([]int{200, 200, 429}, statuses); diff != "" {
				t.Fatalf("statuses (-want +got):\n%s", diff)
			}
			if want := `{"detail":"Rate limit exceeded","error":false}`; last.body != want {
				t.Errorf("429 %s, want %s", last.body, want)
			}
			if got := last.header.Get("X-RateLimit-Limit") + " " + last.header.Get("X-RateLimit-Remaining"); got != "2 0" {
				t.Errorf("limit and remaining = %s, want 2 0", got)
			}
			name, want := "Retry-After", "61"
			if unix {
				name, want = "X-Retry-After", last.header.Get("X-RateLimit-Reset")
			}
			if got := last.header.Get(name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
			time.Sleep(time.Until(start.Add(61 * time.Second)))
			if res := do(t, h, "GET", app, "", ""); res.status != 200 || res.header.Get("X-RateLimit-Remaining") != "1" {
				t.Errorf("a minute later = %d, %s left, want 200, 1 left", res.status, res.header.Get("X-RateLimit-Remaining"))
			}
		})
	}
}

func TestFaultsAndRequests(t *testing.T) {
	t.Parallel()
	h := hubtest.New(hubtest.Options{Accounts: accounts()})
	h.Push("acme/app", "x", digest)
	token := signIn(t, h, "owner", "password")
	h.ResetRequests()
	h.Inject(
		hubtest.Fault{Match: func(q hubtest.Request) bool { return q.Method == http.MethodPatch }, Times: 1, Status: 502, HTML: true},
		hubtest.Fault{Times: 1, Status: 400, Body: "{}", Header: http.Header{"X-Fault": {"1"}}},
	)
	bad := do(t, h, "PATCH", app, token, `{"description":"a"}`)
	if bad.status != 502 || bad.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(bad.body, "Bad Gateway") {
		t.Errorf("first PATCH = %d %s", bad.status, bad.body)
	}
	if res := do(t, h, "PATCH", app, token, `{"description":"b"}`); res.status != 400 || res.header.Get("X-Fault") != "1" {
		t.Errorf("second PATCH = %d %v", res.status, res.header)
	}
	do(t, h, "PATCH", app, token, `{"description":"c"}`)
	do(t, h, "GET", app+"/tags?page=1", "", "")
	type row struct {
		Line, Body, Account, Page string
		Status                    int
	}
	var got []row
	for _, q := range h.Requests() {
		got = append(got, row{q.String(), q.Body, q.Account, q.Query.Get("page"), q.Status})
		if q.At.IsZero() || q.Host != "hub.docker.com" {
			t.Errorf("%v: at %v, to %q", q, q.At, q.Host)
		}
	}
	want := []row{
		{"PATCH " + app, `{"description":"a"}`, "", "", 502},
		{"PATCH " + app, `{"description":"b"}`, "", "", 400},
		{"PATCH " + app, `{"description":"c"}`, "owner", "", 200},
		{"GET " + app + "/tags", "", "", "1", 200},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Requests (-want +got):\n%s", diff)
	}
	if got := h.Repository("acme/app").Short; got != "c" {
		t.Errorf("description = %q, want c", got)
	}
}
