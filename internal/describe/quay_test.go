// SPDX-License-Identifier: Apache-2.0

package describe_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/registrytest"
)

// quay is the API of a Quay.
type quay struct {
	t    *testing.T
	text *string // nil: there is none
}

func (q *quay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.URL.Path != "/api/v1/repository/acme/app":
		answer(w, 404, `{"detail":"Not Found","error_message":"Not Found","error_type":"not_found","status":404}`)
	case req.Header.Get("Authorization") != "Bearer oauth":
		answer(w, 403, `{"error":"CSRF token was invalid or missing."}`)
	case req.Method == http.MethodGet && q.text == nil:
		answer(w, 200, `{"namespace":"acme","name":"app","description":null,"can_write":true}`)
	case req.Method == http.MethodGet:
		answer(w, 200, `{"namespace":"acme","name":"app","description":`+quoted(*q.text)+`,"can_write":true}`)
	default:
		got := fields(q.t, req)
		text, _ := got["description"].(string)
		if req.Method != http.MethodPut || len(got) != 1 {
			q.t.Errorf("%s %v", req.Method, got)
		}
		q.text = &text
		answer(w, 200, `{"success":true}`)
	}
}

func TestQuay(t *testing.T) {
	t.Parallel()
	for name, host := range map[string]string{"quay.io": "quay.io", "one's own": "quay.example:8443"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				q := &quay{t: t}
				api := w.serve(host, q)
				w.give(host, "acme+robot", "robot") // never at the API
				w.give(host+"/api", "$oauthtoken", "oauth", host)
				w.must(host+"/acme/app", true)
				if q.text == nil || *q.text != shown {
					t.Errorf("page = %v, want %q", q.text, shown)
				}
				w.must(host+"/acme/app", false)
				if got := writes(api); got != 1 {
					t.Errorf("%d writes, want one", got)
				}
				want := []string{"Quay: there is no place for the short description", "Quay: there is no place for the short description"}
				if diff := cmp.Diff(want, w.notices); diff != "" { // of two runs
					t.Errorf("notices (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestQuayForbidden(t *testing.T) {
	t.Parallel()
	t.Run("no token", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.serve("quay.io", &quay{t: t})
			w.give("quay.io", "acme+robot", "robot")
			w.mustForbid("quay.io/acme/app", "credentials are missing", `the scope "repo:write"`, "registry_auth for quay.io/api")
			if len(w.sent) > 0 {
				t.Errorf("%d requests, want none", len(w.sent))
			}
		})
	})
	t.Run("another token", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.serve("quay.io", &quay{t: t})
			w.give("quay.io/api", "", "other", "quay.io")
			w.mustForbid("quay.io/acme/app", "CSRF token was invalid", `the scope "repo:write"`, "the token came from registry_auth")
		})
	})
}

func TestQuayRefusals(t *testing.T) {
	t.Parallel()
	put := registrytest.On(http.MethodPut, "")
	tests := map[string]struct {
		fault registrytest.Fault
		want  string // nothing: it is done
	}{
		"403":              {registrytest.Fault{Match: put, Status: 403, Body: `{"error_message":"insufficient_scope"}`}, "insufficient_scope"},
		"spam":             {registrytest.Fault{Match: put, Status: 400, Body: `{"error_message":"Image repository looks like spam"}`}, "looks like spam"},
		"no success":       {registrytest.Fault{Match: put, Status: 200, Body: `{}`}, "does not say that it took the text"},
		"a page of HTML":   {registrytest.Fault{Match: put, Status: 200, HTML: true}, "a page of HTML"},
		"no JSON":          {registrytest.Fault{Match: put, Status: 200, Body: "ok"}, "parsing the answer"},
		"a redirect":       {registrytest.Fault{Match: put, Status: 301, Header: http.Header{"Location": {"https://quay.io/elsewhere"}}}, "which is not followed"},
		"429":              {registrytest.Fault{Match: put, Status: 429, Times: 1, Header: http.Header{"Retry-After": {"40"}}}, ""},
		"500":              {registrytest.Fault{Match: put, Status: 500, Times: 1}, ""},
		"answer lost":      {registrytest.Fault{Match: put, Reset: true, Applied: true, Times: 1}, ""},
		"no repository":    {registrytest.Fault{Match: registrytest.On(http.MethodGet, ""), Status: 404, Body: `{"error_message":"Not Found"}`}, "404 Not Found: Not Found"},
		"HTML for reading": {registrytest.Fault{Match: registrytest.On(http.MethodGet, ""), Status: 502, HTML: true}, "a page of HTML"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.serve("quay.io", &quay{t: t}).Inject(tt.fault)
				w.give("quay.io/api", "", "oauth", "quay.io")
				if tt.want == "" {
					w.must("quay.io/acme/app", true)
					return
				}
				w.mustFail("quay.io/acme/app", tt.want)
			})
		})
	}
}
