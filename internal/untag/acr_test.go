// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/registrytest"
)

const acrImage = "acme.azurecr.io/team/app"

// azure takes tags off at an API of its own, with the registry's token. Its
// registry takes digests alone, and then takes every tag along.
func azure(w *world, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		tag, isAPI := strings.CutPrefix(req.URL.EscapedPath(), "/acr/v1/team%2Fapp/_tags/")
		_, byTag := w.isTag(req, http.MethodDelete)
		_, byDigest := w.isDigest(req, http.MethodDelete)
		switch {
		case isAPI:
			// The registry behind tells who may.
			req.URL = &url.URL{Path: "/v2/" + w.path() + "/manifests/" + tag}
		case strings.HasPrefix(req.URL.Path, "/acr/"):
			w.t.Errorf("%s %s is not the path of the repository", req.Method, req.URL.EscapedPath())
		case byTag, byDigest:
			w.t.Errorf("%s %s: Azure's registry is not asked to delete", req.Method, req.URL)
		}
		next.ServeHTTP(rw, req)
	})
}

func newAzure(t *testing.T, allow func(_, _, action string) bool) *world {
	t.Helper()
	w := newWorld(t, acrImage, registrytest.Options{Users: map[string]string{"ci": "hunter2"}, Bearer: true, Allow: allow}, azure)
	return w.publish().give("acme.azurecr.io", "ci", "hunter2", "acme.azurecr.io")
}

func TestAzure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newAzure(t, nil)
		w.mustRemove()
		w.mustAsk()
	})
}

func TestAzureRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault registrytest.Fault
		want  []string // nothing: it is removed
	}{
		"403":                  {registrytest.Fault{Status: 403}, []string{"AcrDelete", `the login "ci" came from registry_auth`}},
		"locked":               {registrytest.Fault{Status: 405}, []string{"locked against deletion"}},
		"a page":               {registrytest.Fault{Status: 202, HTML: true}, []string{"a page of HTML"}},
		"a redirect":           {registrytest.Fault{Status: 307, Header: http.Header{"Location": {"https://elsewhere.example/"}}}, []string{"not followed"}},
		"429":                  {registrytest.Fault{Status: 429, Times: 1, Header: http.Header{"Retry-After": {"20"}}}, nil},
		"answer lost":          {registrytest.Fault{Reset: true, Applied: true, Times: 1}, nil},
		"202, but it is there": {registrytest.Fault{Status: 202, Body: "{}"}, []string{"still there"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newAzure(t, nil)
				tt.fault.Match = registrytest.On(http.MethodDelete, "/_tags/"+temporary[1])
				w.front.Inject(tt.fault)
				if tt.want == nil {
					w.mustRemove()
					return
				}
				mustSay(t, w.mustRemove(temporary[1])[temporary[1]], tt.want...)
				w.mustKeep(temporary[1])
			})
		})
	}
}

func TestAzureForbidden(t *testing.T) {
	t.Parallel()
	t.Run("may push, not delete", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newAzure(t, func(_, _, action string) bool { return action != "delete" })
			for _, err := range w.mustRemove(temporary...) {
				mustBeForbidden(t, err, "AcrDelete", `the login "ci" came from registry_auth`)
			}
			w.mustKeep(temporary...)
		})
	})
	t.Run("gets no token", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newAzure(t, nil)
			w.front.Inject(registrytest.Fault{
				Match: func(q registrytest.Request) bool {
					return q.Path == "/token" && strings.HasSuffix(q.Query.Get("scope"), ":delete")
				},
				Status: 401,
			})
			for _, err := range w.mustRemove(temporary...) {
				mustBeForbidden(t, err, "AcrDelete")
			}
			w.mustKeep(temporary...)
		})
	})
}
