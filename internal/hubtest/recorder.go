// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Request is a request as it came in.
type Request struct {
	Method string
	Host   string
	Path   string // without the query
	Query  url.Values
	Body   string
	// Account is whose token came with it. Empty: nobody's.
	Account string
	// Status is what was answered. It is 0 while the request is being served.
	Status int
	At     time.Time
}

// String returns the method and the path: "PATCH /v2/namespaces/acme/repositories/app".
func (q Request) String() string { return q.Method + " " + q.Path }

// Fault says which requests go wrong, and how.
type Fault struct {
	// Match says which requests are meant. Nil: all.
	Match func(Request) bool
	// Times is how many are hit. 0: all.
	Times int
	// Status answers, with Header and Body beside it.
	Status int
	Header http.Header
	Body   string
	// HTML makes the Body a page of HTML, as a proxy answers.
	HTML bool
}

// recorder notes what comes in, and makes requests fail.
type recorder struct {
	mutex    sync.Mutex // guards all below
	requests []*Request
	faults   []*Fault
}

// Requests returns all requests, to whichever host, since the last ResetRequests, in order of arrival.
func (r *recorder) Requests() []Request {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	all := make([]Request, len(r.requests))
	for i, q := range r.requests {
		all[i] = *q
	}
	return all
}

// ResetRequests forgets all requests so far.
func (r *recorder) ResetRequests() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.requests = nil
}

// Inject adds faults. Of several that hit a request, the one that was injected first counts.
func (r *recorder) Inject(faults ...Fault) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, f := range faults {
		r.faults = append(r.faults, &f)
	}
}

// record notes a request and has it answered, by a fault or by serve, which may fill in the Account; it owns it until it returns.
func (r *recorder) record(w http.ResponseWriter, req *http.Request, serve func(http.ResponseWriter, *http.Request, *Request)) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	got := Request{
		Method: req.Method, Host: req.Host, Path: req.URL.Path, Query: req.URL.Query(), Body: string(body), At: time.Now(),
	}
	kept, fault := r.arrive(got)
	sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	if fault != nil {
		fault.answer(sw)
	} else {
		serve(sw, req, &got)
	}
	got.Status = sw.status
	r.mutex.Lock()
	defer r.mutex.Unlock()
	*kept = got
}

func (r *recorder) arrive(got Request) (*Request, *Fault) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	kept := &got
	r.requests = append(r.requests, kept)
	for i, f := range r.faults {
		if f.Match != nil && !f.Match(got) {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				r.faults = slices.Delete(r.faults, i, i+1)
			}
		}
		return kept, f
	}
	return kept, nil
}

func (f *Fault) answer(w http.ResponseWriter) {
	body := f.Body
	w.Header().Set("Content-Type", "application/json")
	if f.HTML {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		body = "<!DOCTYPE html>\n<title>" + http.StatusText(f.Status) + "</title>\n"
	}
	maps.Copy(w.Header(), f.Header)
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, body) // a client that is gone needs no answer
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
