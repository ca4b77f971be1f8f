// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// journal is what passed through taps, in the order in which it arrived.
type journal struct {
	mu  sync.Mutex
	all []*exchange
}

// exchange is a request and what became of it.
type exchange struct {
	tap          *tap
	method, path string
	query        url.Values
	sent         atomic.Int64 // bytes of the body
	status       atomic.Int64 // 0 while there is no answer
}

// tap stands between the program and a registry. Other than a [proxy] it is not about one repository, and shares its journal
// with the taps of other registries.
type tap struct {
	addr    string
	journal *journal

	mu     sync.Mutex
	refuse func(*http.Request) int // the status instead of an answer; 0 for none
}

// newTap starts a tap on the registry at the given host:port.
func newTap(t *testing.T, j *journal, registry string) *tap {
	t.Helper()
	p := &tap{journal: j}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: registry})
			r.Out.Host = r.In.Host // so that Location leads back here
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	p.addr = local.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := j.begin(p, r)
		r.Body = counted{r.Body, &x.sent}
		if status := p.refusal(r); status != 0 {
			x.status.Store(int64(status))
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			io.WriteString(w, `{"errors":[{"code":"DENIED","message":"`+denied+`"}]}`)
			return
		}
		forward.ServeHTTP(observed{w, x}, r)
	}))
	return p
}

func (p *tap) refusal(r *http.Request) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse == nil {
		return 0
	}
	return p.refuse(r)
}

// refuseAll lets f say from now on with which status a request is refused; 0 passes it on. Nil refuses none.
func (p *tap) refuseAll(f func(*http.Request) int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = f
}

func (j *journal) begin(p *tap, r *http.Request) *exchange {
	x := &exchange{tap: p, method: r.Method, path: r.URL.Path, query: r.URL.Query()}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = append(j.all, x)
	return x
}

// reset forgets everything.
func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all = nil
}

// find returns the places, in order of arrival, of what passed through a tap; through any, if it is nil.
func (j *journal) find(p *tap, is func(*exchange) bool) []int {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []int
	for i, x := range j.all {
		if (p == nil || x.tap == p) && is(x) {
			out = append(out, i)
		}
	}
	return out
}

// blobsRead counts how often each blob was read through a tap.
func (j *journal) blobsRead(p *tap) map[string]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := map[string]int{}
	for _, x := range j.all {
		if x.tap == p && x.method == http.MethodGet && strings.Contains(x.path, "/blobs/sha256:") {
			out[x.path[strings.LastIndex(x.path, "/")+1:]]++
		}
	}
	return out
}

// blobsSent tells which blobs were sent, by the host and the digest.
func (j *journal) blobsSent() map[string]bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := map[string]bool{}
	for _, x := range j.all {
		if isUpload(x) {
			out[x.tap.addr+" "+x.query.Get("digest")] = true
		}
	}
	return out
}

// isTagPut reports whether a tag, and not a digest, is written.
func isTagPut(x *exchange) bool {
	return x.method == http.MethodPut && strings.Contains(x.path, "/manifests/") && !strings.Contains(x.path, "/manifests/sha256")
}

// isStaging reports whether something is written that is no tag.
func isStaging(x *exchange) bool { return isWrite(x) && !isTagPut(x) }

func isWrite(x *exchange) bool {
	return !slices.Contains([]string{http.MethodGet, http.MethodHead}, x.method)
}

// isMount reports whether a blob was taken over from another repository.
func isMount(x *exchange) bool {
	return x.method == http.MethodPost && x.query.Has("mount") && x.status.Load() == http.StatusCreated
}

// isUpload reports whether a blob was sent, whole.
func isUpload(x *exchange) bool {
	return x.method == http.MethodPut && strings.Contains(x.path, "/blobs/uploads/") && x.status.Load() == http.StatusCreated
}

// counted counts the bytes of a body.
type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// observed notes the status of an answer.
type observed struct {
	http.ResponseWriter
	x *exchange
}

func (o observed) WriteHeader(status int) {
	if status >= 200 {
		o.x.status.Store(int64(status))
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }
