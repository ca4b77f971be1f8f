// SPDX-License-Identifier: Apache-2.0

package describe_test

import (
	"html/template"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/registrytest"
)

const harborImage = "harbor.example/acme/team/app"

// harbor is Harbor's API. It stores what it gets as HTML.
type harbor struct {
	t    *testing.T
	text string
}

func (h *harbor) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	user, password, _ := req.BasicAuth()
	switch {
	case req.URL.Path == "/v2/":
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://harbor.example/service/token",service="harbor-registry"`)
		answer(w, 401, `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]}`)
	case req.URL.EscapedPath() != "/api/v2.0/projects/acme/repositories/team%252Fapp":
		answer(w, 404, `{"errors":[{"code":"NOT_FOUND","message":"repository not found"}]}`)
	case user != "robot$ci" || password != "hunter2":
		answer(w, 401, `{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]}`)
	case req.Method == http.MethodGet:
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1"})
		answer(w, 200, `{"id":1,"name":"acme/team/app","description":`+quoted(h.text)+`}`)
	default:
		text, _ := fields(h.t, req)["description"].(string)
		h.text = template.HTMLEscapeString(text)
		w.WriteHeader(http.StatusOK)
	}
}

func TestHarbor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := &harbor{t: t}
		api := w.serve("harbor.example", h)
		w.give("harbor.example", "robot$ci", "hunter2", "harbor.example")
		w.must(harborImage, true)
		if want := template.HTMLEscapeString(shown); h.text != want {
			t.Errorf("page = %q, want %q", h.text, want)
		}
		w.must(harborImage, false)
		if got := writes(api); got != 1 {
			t.Errorf("%d writes, want one", got)
		}
		// What is in the README as an entity is no change either.
		w.input.Markdown = []byte("&amp;amp; &lt;b&gt; &#34;")
		w.must(harborImage, true)
		w.must(harborImage, false)
	})
}

func TestHarborRefusals(t *testing.T) {
	t.Parallel()
	put := registrytest.On(http.MethodPut, "")
	tests := map[string]struct {
		fault registrytest.Fault
		want  []string // nothing: it is done
	}{
		"403": {
			registrytest.Fault{Match: put, Status: 403, Body: `{"errors":[{"code":"FORBIDDEN","message":"forbidden"}]}`},
			[]string{"FORBIDDEN forbidden", "a developer of the project", `the login "robot$ci" came from registry_auth`},
		},
		"a page of HTML": {registrytest.Fault{Match: put, Status: 200, HTML: true}, []string{"a page of HTML"}},
		"a redirect":     {registrytest.Fault{Match: put, Status: 302, Header: http.Header{"Location": {"https://sso.example/"}}}, []string{"which is not followed"}},
		"503":            {registrytest.Fault{Match: put, Status: 503, Times: 2}, nil},
		"401 to reading": {registrytest.Fault{Match: registrytest.On(http.MethodGet, "^/api/v2.0/projects"), Status: 401}, []string{"401"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.serve("harbor.example", &harbor{t: t}).Inject(tt.fault)
				w.give("harbor.example", "robot$ci", "hunter2", "harbor.example")
				if tt.want == nil {
					w.must(harborImage, true)
					return
				}
				w.mustFail(harborImage, tt.want...)
			})
		})
	}
	t.Run("nothing given", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.serve("harbor.example", &harbor{t: t})
			w.mustForbid(harborImage, "401")
		})
	})
	t.Run("no project", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.serve("harbor.example", &harbor{t: t})
			w.mustFail("harbor.example/app", "names no project")
		})
	})
}

func TestHarborKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := &harbor{t: t, text: "old"}
		w.serve("harbor.example", h)
		w.give("harbor.example", "robot$ci", "hunter2", "harbor.example")
		w.input.Markdown = nil
		w.must(harborImage, false)
		if h.text != "old" {
			t.Errorf("page = %q, want what was there", h.text)
		}
	})
}
