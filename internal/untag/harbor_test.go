// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/registrytest"
)

const harborImage = "harbor.example/acme/team/app"

// harbor deletes tags at its API alone. Its registry takes a digest, and refuses
// one that an index lists.
func harbor(w *world, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		const artifacts = "/api/v2.0/projects/acme/repositories/team%252Fapp/artifacts/"
		rest, isAPI := strings.CutPrefix(req.URL.EscapedPath(), artifacts)
		user, password, _ := req.BasicAuth()
		switch {
		case req.URL.Path == "/v2/" && req.Header.Get("Authorization") == "":
			rw.Header().Set("WWW-Authenticate", `Bearer realm="https://harbor.example/token",service="harbor-registry"`)
			refuse(rw, 401, "UNAUTHORIZED", "unauthorized: unauthorized")
		case !isAPI && strings.HasPrefix(req.URL.Path, "/api/"):
			w.t.Errorf("%s %s is not the path of the repository", req.Method, req.URL.EscapedPath())
			refuse(rw, 404, "NOT_FOUND", "not found")
		case isAPI && (user != "robot$acme+ci" || password != "hunter2"):
			refuse(rw, 401, "UNAUTHORIZED", "unauthorized")
		case isAPI && len(req.Cookies()) > 0:
			refuse(rw, 403, "FORBIDDEN", "CSRF token not found in request")
		case isAPI:
			digest, tag, ok := strings.Cut(rest, "/tags/")
			if !ok || req.Method != http.MethodDelete {
				w.t.Errorf("%s %s deletes more than a tag", req.Method, req.URL)
			}
			http.SetCookie(rw, &http.Cookie{Name: "sid", Value: "1"})
			if w.reg.Tags(w.path())[tag] != digest {
				refuse(rw, 404, "NOT_FOUND", "tag "+tag+" attached to artifact not found")
				return
			}
			w.deleteTag(tag)
			rw.WriteHeader(http.StatusOK)
		case req.Method == http.MethodDelete:
			refuse(rw, 400, "UNSUPPORTED", "the reference must be a digest")
		default:
			next.ServeHTTP(rw, req)
		}
	})
}

func newHarbor(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, harborImage, registrytest.Options{Users: map[string]string{"robot$acme+ci": "hunter2"}, Bearer: true}, harbor)
	return w.publish().give("harbor.example", "robot$acme+ci", "hunter2", "harbor.example")
}

func TestHarbor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newHarbor(t)
		w.mustRemove()
		w.mustAsk()
	})
}

func TestHarborRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault registrytest.Fault
		want  []string // nothing: it is removed
	}{
		"401":                  {registrytest.Fault{Status: 401}, []string{"401", "a maintainer of the project", `the login "robot$acme+ci" came from registry_auth`}},
		"403":                  {registrytest.Fault{Status: 403, Body: `{"errors":[{"code":"FORBIDDEN","message":"forbidden"}]}`}, []string{"FORBIDDEN forbidden", "a maintainer of the project"}},
		"immutable":            {registrytest.Fault{Status: 412, Body: `{"errors":[{"code":"PRECONDITION","message":"the tag is configured as immutable"}]}`}, []string{"412", "configured as immutable"}},
		"a redirect":           {registrytest.Fault{Status: 302, Header: http.Header{"Location": {"https://sso.example/login"}}}, []string{"sso.example", "not followed"}},
		"a page":               {registrytest.Fault{Status: 200, HTML: true}, []string{"a page of HTML"}},
		"500":                  {registrytest.Fault{Status: 500, Times: 1}, nil},
		"answer lost":          {registrytest.Fault{Reset: true, Applied: true, Times: 1}, nil},
		"404, but it is there": {registrytest.Fault{Status: 404}, []string{"still there"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newHarbor(t)
				tt.fault.Match = registrytest.On(http.MethodDelete, "/tags/"+temporary[1])
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

// TestHarborMoves moves a tag in the moment in which it is to be deleted: it is
// deleted of the artifact that was read alone.
func TestHarborMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, harborImage, registrytest.Options{Users: map[string]string{"robot$acme+ci": "hunter2"}, Bearer: true},
			func(w *world, next http.Handler) http.Handler {
				inner := harbor(w, next)
				return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
					if req.Method == http.MethodDelete && strings.HasSuffix(req.URL.Path, temporary[1]) {
						w.reg.Tag(t, w.path(), w.index, temporary[1])
					}
					inner.ServeHTTP(rw, req)
				})
			})
		w.publish().give("harbor.example", "robot$acme+ci", "hunter2", "harbor.example")
		mustBeMoved(t, w.mustRemove(temporary[1])[temporary[1]])
		if got := w.reg.Tags(w.path())[temporary[1]]; got != w.index.String() {
			t.Errorf("the tag points at %q, want %s", got, w.index)
		}
	})
}

func TestHarborWithoutProject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "harbor.example/app", registrytest.Options{Users: map[string]string{}, Bearer: true}, harbor)
		w.temporary("1-linux", w.reg.PushImage(t, "app:1-linux", "linux/amd64"))
		mustSay(t, w.mustRemove("1-linux")["1-linux"], "names no project")
	})
}
