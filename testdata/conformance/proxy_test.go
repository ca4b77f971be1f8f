// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
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

	"github.com/polytag/polytag/testdata/conformance/local"
)

// proxy stands between the program and a registry, records the requests, and makes some of them fail.
type proxy struct {
	addr string
	repo string

	mu       sync.Mutex
	requests []request
	puts     []put
	refused  map[request]bool   // what is answered 403
	anchored map[string]bool    // tags whose manifest, as it was put last, cannot be deleted by its digest: 403
	lost     map[string]bool    // tags whose next PUT is applied, but never answered
	before   map[request]func() // what is done once, just before a request is passed on
}

// put is a manifest that the program sent, whatever came of it.
type put struct {
	ref    string // a tag or a digest
	digest string
	body   []byte
}

// request is a request as it came in: a method and what follows the repository's name in the path.
type request struct{ method, what string }

func (r request) String() string { return r.method + " " + r.what }

// newProxy starts a proxy for one repository of the registry at the given host:port.
func newProxy(t *testing.T, registry, repo string) *proxy {
	t.Helper()
	p := &proxy{
		repo: repo, refused: map[request]bool{}, anchored: map[string]bool{},
		lost: map[string]bool{}, before: map[request]func(){},
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: registry})
			r.Out.Host = r.In.Host // so that Location leads back here
		},
		ModifyResponse: p.lose,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	p.addr = local.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	is := request{r.Method, strings.TrimPrefix(r.URL.Path, "/v2/"+p.repo+"/")}
	ref, isManifest := strings.CutPrefix(is.what, "manifests/")
	var body []byte
	if isManifest && is.method == http.MethodPut {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	allowed, before := p.record(is, ref, body)
	if before != nil {
		before()
	}
	return allowed
}

// record returns whether a request may pass, and what is to be done before; nil for nothing.
func (p *proxy) record(r request, ref string, body []byte) (allowed bool, before func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r)
	if body != nil {
		p.puts = append(p.puts, put{ref: ref, digest: digestOf(body), body: body})
	}
	before = p.before[r]
	delete(p.before, r)
	isAnchored := r.method == http.MethodDelete && slices.ContainsFunc(p.puts, func(m put) bool { return m.digest == ref && p.anchored[m.ref] })
	return !p.refused[r] && !isAnchored, before
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
	p.refused[request{http.MethodPut, "manifests/" + tag}] = true
}

// refuseDelete makes every DELETE of a tag fail from now on.
func (p *proxy) refuseDelete(tag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused[request{http.MethodDelete, "manifests/" + tag}] = true
}

// anchor makes every DELETE, by digest, of what was put to a tag fail from now on.
func (p *proxy) anchor(tag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.anchored[tag] = true
}

// interject does something once, just before a request is passed on.
func (p *proxy) interject(before request, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before[before] = do
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
	p.requests, p.puts = nil, nil
	clear(p.refused)
	clear(p.anchored)
	clear(p.lost)
	clear(p.before)
}

// seen returns what was recorded: all requests, and the manifests that were put, each in order of arrival.
func (p *proxy) seen() ([]request, []put) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests), slices.Clone(p.puts)
}

// writes returns what was recorded of PUT, POST, PATCH and DELETE, in order of arrival.
func (p *proxy) writes() []string {
	requests, _ := p.seen()
	var writes []string
	for _, r := range requests {
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
