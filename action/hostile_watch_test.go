// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// watch notes what the hosts are sent.
type watch struct {
	mu     sync.Mutex
	seen   map[string][]string // all that may hold a secret, by host
	writes []string            // to the target
	n      int
}

func (w *watch) on(name string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		w.mu.Lock()
		w.n++
		w.seen[name] = append(w.seen[name], fmt.Sprint(req.URL, req.Header))
		if user, password, ok := req.BasicAuth(); ok {
			w.seen[name] = append(w.seen[name], user+":"+password)
		}
		if name == host && !slices.Contains([]string{http.MethodGet, http.MethodHead}, req.Method) {
			w.writes = append(w.writes, req.Method+" "+req.URL.Path)
		}
		w.mu.Unlock()
		h.ServeHTTP(rw, req)
	})
}

// check proves that nothing was written, that credentials and tokens stayed where they belong, and that it did not take a flood of
// requests.
func (w *watch) check(t *testing.T, h hostility) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, write := range w.writes {
		if upload := strings.Contains(write, "/blobs/uploads/"); !h.written && !h.published && (!upload || !h.uploads) {
			t.Errorf("the target was sent %s", write)
		}
	}
	if most := cmp.Or(h.requests, maxRequests); w.n > most {
		t.Errorf("%d requests, want %d at most", w.n, most)
	}
	for _, name := range slices.Sorted(maps.Keys(w.seen)) {
		sent := strings.Join(w.seen[name], "\n")
		if strings.Contains(sent, "s0urce-pw") && name != sourceHost && !slices.Contains(h.trusted, name) {
			t.Errorf("%s has seen the password for %s", name, sourceHost)
		}
		if strings.Contains(sent, "t4rget-pw") && name != host {
			t.Errorf("%s has seen the password for %s", name, host)
		}
		if name != sourceHost && name != host && strings.Contains(sent, "Bearer") {
			t.Errorf("%s has seen a token", name)
		}
	}
}
