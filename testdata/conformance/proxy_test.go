// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands between the program and a registry, records the requests, and makes some of them fail.
type proxy struct {
	addr string
	repo string

	mu       sync.Mutex
	requests []request
	refused  map[string]bool // tags whose PUT is answered 403
	lost     map[string]bool // tags whose next PUT is applied, but never answered
}

// request is a request as it came in: a method and what follows the repository's name in the path.
type request struct{ method, what string }

func (r request) String() string { return r.method + " " + r.what }

// newProxy starts a proxy for one repository of the registry at the given host:port.
func newProxy(t *testing.T, registry, repo string) *proxy {
	t.Helper()
	p := &proxy{repo: repo, refused: map[string]bool{}, lost: map[string]bool{}}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: registry})
			r.Out.Host = r.In.Host // so that Location leads back here
		},
		ModifyResponse: p.lose,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	p.addr = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.admit(r) {
			forward.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"errors":[{"code":"DENIED","message":"`+denied+`"}]}`)
	}))
	return p
}

// admit records a request and says whether it may pass.
func (p *proxy) admit(r *http.Request) bool {
	what := strings.TrimPrefix(r.URL.Path, "/v2/"+p.repo+"/")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, request{r.Method, what})
	return r.Method != http.MethodPut || !p.refused[strings.TrimPrefix(what, "manifests/")]
}

// lose drops the answer to a PUT that was to be lost, once.
func (p *proxy) lose(answer *http.Response) error {
	tag := strings.TrimPrefix(answer.Request.URL.Path, "/v2/"+p.repo+"/manifests/")
	p.mu.Lock()
	defer p.mu.Unlock()
	if answer.Request.Method != http.MethodPut || !p.lost[tag] {
		return nil
	}
	delete(p.lost, tag)
	return errors.New("losing the answer on purpose")
}

// refuse makes every PUT of a tag fail from now on.
func (p *proxy) refuse(tag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused[tag] = true
}

// loseAnswer lets the next PUT of a tag be applied and breaks the connection before its answer.
func (p *proxy) loseAnswer(tag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost[tag] = true
}

// reset forgets requests and faults.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
	clear(p.refused)
	clear(p.lost)
}

// writes returns what was recorded of PUT, POST, PATCH and DELETE, in order of arrival.
func (p *proxy) writes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var writes []string
	for _, r := range p.requests {
		if r.method != http.MethodGet && r.method != http.MethodHead {
			writes = append(writes, r.String())
		}
	}
	return writes
}

// waitFor returns when a request has come in.
func (p *proxy) waitFor(t *testing.T, want request) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		seen := slices.Contains(p.requests, want)
		p.mu.Unlock()
		if seen {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no %s came in: %v", want, ctx.Err())
		case <-tick.C:
		}
	}
}
