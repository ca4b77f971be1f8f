// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/registrytest"
)

// TestHostileStore publishes to registries that accept a push, and do something else. What they have afterwards is read back.
func TestHostileStore(t *testing.T) {
	t.Parallel()
	const another = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`
	change := func(next http.Handler, w http.ResponseWriter, req *http.Request) {
		req.Body = io.NopCloser(strings.NewReader(another))
		next.ServeHTTP(w, req)
	}
	forget := func(_ http.Handler, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }
	const changed = "and the registry says that it stored sha256:"
	const hidden, moving = "verifying " + host + "/" + repo + ":1.2.3: the registry took it, and does not show it", "settling: the same tags keep moving"
	tests := map[string]struct {
		tag  string
		does func(next http.Handler, w http.ResponseWriter, req *http.Request)
		want string
	}{
		"forgets the exact tag":  {"1.2.3", forget, hidden},
		"forgets a floating tag": {"1.2", forget, moving},
		"changes the exact tag":  {"1.2.3", change, changed},
		"changes a floating tag": {"1.2", change, changed},
		"changes floating tags":  {"(1|1.2|latest)", change, changed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := scenario{version: "1.2.3", before: []string{"1.2.2"}}
				r := s.registries(t, s.images(t))[host]
				push := registrytest.On(http.MethodPut, "/manifests/"+tt.tag+"$")
				h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if push(registrytest.Request{Method: req.Method, Path: req.URL.Path}) {
						tt.does(r, w, req)
						return
					}
					r.ServeHTTP(w, req)
				})
				out := run(t.Context(), t, wire{host: h}, s.command())
				if out.status != 1 || !strings.Contains(out.stderr, tt.want) {
					t.Errorf("exit status %d, want 1 and %q\n%s%v", out.status, tt.want, out.stderr, r.Tags(repo))
				}
			})
		})
	}
}
