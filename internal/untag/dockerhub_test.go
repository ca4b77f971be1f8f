// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
)

// hub is Docker Hub: a registry that is not asked to delete, and an API that
// lists and deletes what is in it.
type hub struct {
	*world

	api *registrytest.Recorder
	// user and password are what is accepted at the API.
	user, password string
	// scope refuses to delete, as for a token that may read and write.
	scope bool
	// ignores are how many deletes of the third tag have no effect.
	ignores atomic.Int64
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{user: "acme", password: "dckr_pat_hub"}
	h.world = newWorld(t, "acme/app", registrytest.Options{Users: map[string]string{"acme": "dckr_pat_hub", "runner": "pull-only"}, Bearer: true},
		func(w *world, next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
				if req.Method == http.MethodDelete || req.Method == http.MethodPut {
					w.t.Errorf("%s %s: the registry is not asked to write", req.Method, req.URL)
				}
				next.ServeHTTP(rw, req)
			})
		})
	h.publish()
	h.api = registrytest.Record(http.HandlerFunc(h.serve))
	h.net["hub.docker.com"] = h.api
	return h
}

func (h *hub) serve(rw http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/v2/auth/token" {
		if body := readBody(req); !strings.Contains(body, `"`+h.user+`"`) || !strings.Contains(body, `"`+h.password+`"`) {
			answer(rw, 401, `{"errinfo":{},"detail":"incorrect username or password","message":"unauthorized"}`)
			return
		}
		answer(rw, 200, `{"access_token":"hub-token"}`)
		return
	}
	tag, ok := strings.CutPrefix(req.URL.Path, "/v2/namespaces/acme/repositories/app/tags/")
	if !ok {
		answer(rw, 404, `{"message":"object not found","errinfo":{}}`)
		return
	}
	if req.Header.Get("Authorization") != "Bearer hub-token" {
		answer(rw, 401, `{"message":"unauthorized","errinfo":null}`)
		return
	}
	digest := h.reg.Tags("acme/app")[tag]
	switch {
	case digest == "":
		answer(rw, 404, `{"message":"httperror 404: tag '`+tag+`' not found","errinfo":{}}`)
	case req.Method == http.MethodGet:
		answer(rw, 200, `{"name":"`+tag+`","digest":"`+digest+`","images":[]}`)
	case h.scope:
		answer(rw, 403, `{"message":"access denied: insufficient scope","errinfo":{}}`)
	default:
		if tag != temporary[2] || h.ignores.Add(-1) < 0 {
			h.deleteTag(tag)
		}
		rw.WriteHeader(http.StatusNoContent)
	}
}

func TestDockerHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t)
		h.give("docker.io", "acme", "dckr_pat_hub", "index.docker.io", "hub.docker.com")
		h.ignores.Store(2)
		h.mustRemove()
		h.mustAsk()
		signIns := 0
		for _, q := range h.api.Requests() {
			if q.Path == "/v2/auth/token" {
				signIns++
			}
		}
		if signIns != 1 {
			t.Errorf("signed in %d times, want once", signIns)
		}
	})
}

func TestDockerHubMovedAndGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t)
		h.give("docker.io", "acme", "dckr_pat_hub", "index.docker.io", "hub.docker.com")
		h.reg.Tag(t, h.path(), h.index, temporary[0])
		h.deleteTag(temporary[1])
		mustBeMoved(t, h.mustRemove(temporary[0])[temporary[0]])
	})
}

// TestDockerHubOwnToken has a token of its own for the API.
func TestDockerHubOwnToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t)
		h.user, h.password = "admin", "dckr_pat_admin"
		h.give("docker.io", "acme", "dckr_pat_hub", "index.docker.io")
		h.give("hub.docker.com", "admin", "dckr_pat_admin", "hub.docker.com")
		h.mustRemove()
	})
}

func TestDockerHubForbidden(t *testing.T) {
	t.Parallel()
	t.Run("a token that may not delete", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := newHub(t)
			h.give("docker.io", "acme", "dckr_pat_hub", "index.docker.io", "hub.docker.com")
			h.scope = true
			for _, err := range h.mustRemove(temporary...) {
				mustBeForbidden(t, err, "insufficient scope", "Read, Write, Delete", `the login "acme" came from registry_auth`)
			}
			h.mustKeep(temporary...)
		})
	})
	t.Run("a login that the runner brought", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := newHub(t)
			files, err := registry.LoadFiles(func(key string) string {
				return map[string]string{"DOCKER_AUTH_CONFIG": `{"auths":{"https://index.docker.io/v1/":{"username":"runner","password":"pull-only"}}}`}[key]
			})
			if err != nil {
				t.Fatal(err)
			}
			h.keys.Files = files
			h.at["pull-only"] = []string{"index.docker.io", "hub.docker.com"}
			for _, err := range h.mustRemove(temporary...) {
				mustBeForbidden(t, err, `the login "runner" came from DOCKER_AUTH_CONFIG`)
			}
			h.mustKeep(temporary...)
		})
	})
}

func TestDockerHubPartialRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t)
		h.give("docker.io", "acme", "dckr_pat_hub", "index.docker.io", "hub.docker.com")
		h.api.Inject(registrytest.Fault{Match: registrytest.On(http.MethodDelete, temporary[1]), Status: 403, Body: `{"message":"tag is immutable"}`})
		mustSay(t, h.mustRemove(temporary[1])[temporary[1]], "tag is immutable")
		h.mustKeep(temporary[1])
	})
}
