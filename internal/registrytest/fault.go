// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"cmp"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"time"
)

// Fault says which requests go wrong, and how. Of several that hit a request, the one that was injected first counts.
//
// A client on [net/http.Transport] never sees the first Reset of a GET or HEAD on a kept-alive connection: the transport sends those again
// by itself. [Net] does not.
type Fault struct {
	// Match says which requests are meant. Nil: all. See [On].
	Match func(Request) bool
	// From is the first of them that is hit, counted from 1. 0: the first.
	From int
	// Times is how many are hit from there on. 0: all.
	Times int

	// Delay is waited before anything else, on top of the registry's latency. A Fault with nothing else lets the request pass then.
	Delay time.Duration
	// Applied lets the handler do its work first, and puts the fault in the place of its answer: a write that happened but seems to have
	// failed.
	Applied bool
	// Truncate breaks the connection in the middle of the handler's answer; the request has been carried out. An answer without a body
	// is lost whole.
	Truncate bool
	// Reset breaks the connection without an answer.
	Reset bool
	// Status answers, with Header and Body beside it. An empty Body is an error as registries send it.
	Status int
	Header http.Header
	Body   string
	// HTML makes the Body a page of HTML, as a proxy answers or a portal that one has to sign in to.
	HTML bool
}

// On matches requests by method, any if empty, and path.
func On(method, pathRegexp string) func(Request) bool {
	path := regexp.MustCompile(pathRegexp)
	return func(q Request) bool { return (method == "" || method == q.Method) && path.MatchString(q.Path) }
}

// Inject adds faults, which count requests from now on.
func (r *Recorder) Inject(faults ...Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range faults {
		r.faults = append(r.faults, &armed{Fault: f})
	}
}

// Heal takes all faults away.
func (r *Recorder) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = nil
}

// armed is a fault that counts.
type armed struct {
	Fault

	seen int // requests that matched
}

// hits counts the request and tells whether the fault hits it.
func (f *armed) hits(q Request) bool {
	if f.Match != nil && !f.Match(q) {
		return false
	}
	f.seen++
	from := max(f.From, 1)
	return f.seen >= from && (f.Times == 0 || f.seen < from+f.Times)
}

// answer sends what the fault has in place of the handler's answer; where it has nothing, the connection breaks.
func (f Fault) answer(w http.ResponseWriter) {
	if f.Reset || f.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	contentType, body := cmp.Or(f.Header.Get("Content-Type"), "application/json"), f.Body
	switch {
	case f.HTML:
		contentType, body = "text/html; charset=utf-8", "<!DOCTYPE html>\n<title>"+http.StatusText(f.Status)+"</title>\n"
	case body == "":
		body = string(errorBody(errorCode(f.Status), http.StatusText(f.Status)))
	}
	maps.Copy(w.Header(), f.Header)
	send(w, f.Status, contentType, []byte(body))
}

// errorCode is the code that registries send with a status.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
func errorCode(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "UNAUTHORIZED"
	case http.StatusForbidden:
		return "DENIED"
	case http.StatusNotFound:
		return "MANIFEST_UNKNOWN"
	case http.StatusMethodNotAllowed:
		return "UNSUPPORTED"
	case http.StatusTooManyRequests:
		return "TOOMANYREQUESTS"
	default:
		return "UNKNOWN"
	}
}

// truncate sends half the body under a header that announces all of it.
func truncate(w http.ResponseWriter, whole *httptest.ResponseRecorder) {
	half := whole.Body.Bytes()[:whole.Body.Len()/2]
	if len(half) == 0 {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), whole.Header())
	w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
	send(w, whole.Code, whole.Header().Get("Content-Type"), half)
	if err := http.NewResponseController(w).Flush(); err != nil {
		panic(err) // neither net/http nor Net wraps its writer
	}
	panic(http.ErrAbortHandler)
}
