// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Recorder stands in front of a handler, notes what comes in, and makes requests fail. It is safe for concurrent use.
type Recorder struct {
	handler http.Handler
	latency time.Duration

	mu       sync.Mutex // guards all below
	requests []*Request
	writes   []string
	faults   []*armed
}

// Record returns a Recorder in front of h, of any kind: the registry of another maker, or the API of a registry's page.
func Record(h http.Handler) *Recorder { return &Recorder{handler: h} }

// Request is a request as it came in.
type Request struct {
	Method string
	Path   string // without the query
	Query  url.Values
	Repo   string // in a path of the distribution API: acme/app
	// Reference is the tag or digest of a manifest, the digest of a blob, or the session of an upload.
	Reference string
	// Status is what the handler answered, also if a fault kept that from the client; where a fault kept the request from the handler,
	// it is what the fault answered. It is 0 while the request is being served, and if there was no answer.
	Status int
	At     time.Time
}

// String returns the method and the path: "PUT /v2/acme/app/manifests/1.2".
func (q Request) String() string { return q.Method + " " + q.Path }

// Requests returns all requests since the last ResetRequests, in order of arrival.
func (r *Recorder) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Request, len(r.requests))
	for i, q := range r.requests {
		all[i] = *q
	}
	return all
}

// Writes returns the PUTs and DELETEs of manifests that were carried out since the last ResetRequests, in order of completion, as
// "PUT acme/app:1.2" or "DELETE acme/app@sha256:...". It has those whose answer was lost, and not those that were refused.
func (r *Recorder) Writes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.writes)
}

// ResetRequests forgets all requests and writes so far.
func (r *Recorder) ResetRequests() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests, r.writes = nil, nil
}

// ServeHTTP implements [http.Handler].
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	got, fault := r.arrive(req)
	pause(req.Context(), r.latency+fault.Delay)
	switch {
	case fault.Truncate:
		lost := httptest.NewRecorder()
		r.handle(lost, req, got)
		truncate(w, lost)
	case fault.Applied:
		r.handle(httptest.NewRecorder(), req, got)
		fault.answer(w)
	case fault.Reset || fault.Status != 0:
		r.complete(got, fault.Status, false)
		fault.answer(w)
	default:
		r.handle(w, req, got)
	}
}

// arrive notes the request and finds the fault that hits it; every fault counts it.
func (r *Recorder) arrive(req *http.Request) (*Request, Fault) {
	rt := parsePath(req.URL.Path)
	got := &Request{
		Method: req.Method, Path: req.URL.Path, Query: req.URL.Query(), Repo: rt.repo, Reference: rt.ref, At: time.Now(),
	}
	seen := *got
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, got)
	var hit Fault
	for _, f := range slices.Backward(r.faults) {
		if f.hits(seen) {
			hit = f.Fault
		}
	}
	return got, hit
}

func (r *Recorder) handle(w http.ResponseWriter, req *http.Request, got *Request) {
	sw := &statusWriter{ResponseWriter: w}
	defer func() { r.complete(got, sw.status, true) }() // also if the handler aborts
	r.handler.ServeHTTP(sw, req)
	if sw.status == 0 {
		sw.status = http.StatusOK // as net/http answers for a handler that says nothing
	}
}

func (r *Recorder) complete(got *Request, status int, handled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	got.Status = status
	if !handled || status/100 != 2 || parsePath(got.Path).kind != kindManifest {
		return
	}
	if got.Method == http.MethodPut || got.Method == http.MethodDelete {
		sep := ":"
		if isDigest(got.Reference) {
			sep = "@"
		}
		r.writes = append(r.writes, got.Method+" "+got.Repo+sep+got.Reference)
	}
}

// pause waits on the request's clock; if the client goes away meanwhile, so does the request.
func pause(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
