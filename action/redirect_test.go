// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/polytag/polytag/internal/internettest"
	"github.com/polytag/polytag/internal/registrytest"
)

// storage is a host beside a registry. It notes what it is sent.
type storage struct {
	http.Handler

	mu      sync.Mutex
	headers []http.Header
	status  int // of every answer; 0: the content
}

func (s *storage) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	s.headers = append(s.headers, req.Header.Clone())
	s.mu.Unlock()
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	s.Handler.ServeHTTP(w, req)
}

// redirected sends clients away for blobs and manifests, with a signature, as registries in the clouds do.
func redirected(r http.Handler, where string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet && strings.HasPrefix(req.URL.Path, "/v2/"+repo+"/") && !strings.HasSuffix(req.URL.Path, "/list") {
			http.Redirect(w, req, where+req.URL.Path+"?X-Signature=s1gn", http.StatusTemporaryRedirect)
			return
		}
		r.ServeHTTP(w, req)
	})
}

// testRedirect proves that credentials and tokens stay with the registry that they are for, and that a signature is not printed.
func testRedirect(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	users := map[string]string{"bot": "secret"}
	for _, bearer := range []bool{false, true} {
		for _, status := range []int{0, http.StatusForbidden} {
			o := registrytest.Options{Users: users, Bearer: bearer}
			r, open := newRegistry(t, o), newRegistry(t, registrytest.Options{})
			s := &storage{Handler: open, status: status}
			n.Add(t, host, redirected(r, "https://storage.example"))
			n.Add(t, "storage.example", s)
			run := p.start(t, append(n.Env(), "POLYTAG_PASSWORD=secret"), to(host+"/"+repo, "--username", "bot")...)
			if status == 0 {
				published(t, run, r)
			} else {
				failed(t, run, r, "storage.example")
			}
			if len(s.headers) == 0 {
				t.Error("the redirects were not followed")
			}
			for _, h := range s.headers {
				if h.Get("Authorization") != "" || h.Get("Cookie") != "" {
					t.Errorf("bearer %t: another host was sent %v", bearer, h)
				}
			}
			if text := run.stdout.String() + run.stderr.String(); strings.Contains(text, "s1gn") {
				t.Errorf("the signature is printed:\n%s", text)
			}
		}
	}
}

// testRedirectPlain lets a registry with TLS send the client to a host without.
func testRedirectPlain(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	r := newRegistry(t, registrytest.Options{})
	n.Add(t, host, redirected(r, "http://storage.example"))
	failed(t, p.start(t, n.Env(), to(host+"/"+repo)...), r, "refusing plain HTTP to storage.example", "hint: ", "plain_http")
	if n.Asked("storage.example") {
		t.Error("a host without TLS was asked")
	}
}
