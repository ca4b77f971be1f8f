// SPDX-License-Identifier: Apache-2.0

// Package transport holds the one [http.RoundTripper] through which every request of the program goes. It adds what a
// release needs from the network and nothing else: a second try where one is worth it and allowed, the delay that the
// server asks for, no plain HTTP to a host that was not named for it, the user agent, and a debug log without secrets.
//
// It is the only layer that retries; a client that brings a retry of its own (go-containerregistry does) has to switch
// it off, or the two multiply.
package transport

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options says how requests are sent. The zero value works.
type Options struct {
	// Base sends a single request. Nil means an [http.Transport] of its own: proxy from the environment, the system's
	// roots (crypto/x509 honours SSL_CERT_FILE and SSL_CERT_DIR), HTTP/2, time limits for each step of a request.
	Base http.RoundTripper
	// UserAgent replaces the User-Agent header of every request. Empty leaves it as the caller set it.
	UserAgent string
	// PlainHTTP are the hosts, besides loopback, that are spoken to without TLS, and never with it: "host" stands for
	// every port of that host, "host:port" for the one.
	PlainHTTP []string
	// Notify is called before each wait, from the goroutine that waits, so possibly from several at once.
	Notify func(Wait)
	// Log gets one debug line for each request on the wire: method, URL without secrets, status, duration. Nil: none.
	Log *slog.Logger
}

// Wait is a pause before a request is sent again. None of its fields holds a query, a credential or a token.
type Wait struct {
	Method, Host, Path string
	Status             int           // of the answer; 0: there was none
	Err                error         // why there was no answer; nil: there was one
	Delay              time.Duration // until the next attempt
	Attempt            int           // how many attempts were made so far, from 1
}

type transport struct {
	base      http.RoundTripper
	userAgent string
	plain     plainHosts
	notify    func(Wait)
	log       *slog.Logger
	met       sync.Map // URL host → struct{}: hosts that have answered before
}

// New returns the round tripper that o describes. It is safe for use by several goroutines.
//
// A request whose answer is 429, or says the same in another way, is repeated for as long as its context leaves time,
// one that met a server error or a broken connection at most five times. An answer is handed over at once where the
// wait would outlast the context's deadline, so that the caller sees the 429 and not the deadline. Only a request
// without a body, or with a GetBody, can be repeated. POST, but for the one that begins a blob upload, and a chunk of such
// an upload are repeated only if the server cannot have acted on them.
//
// A refused scheme is a [*PlainHTTPError] or a [*HTTPSError]. Every error names method and URL, without user info and
// values of the query, and wraps its cause. The body of an answer to a GET that says to be short is read before it is handed
// over, and counts as part of the attempt; all others are streamed, and errors in them are the reader's. An answer has to
// begin within two minutes, but for that to a request that cannot be repeated, an upload: its context has to end it.
func New(o Options) http.RoundTripper {
	t := &transport{
		base:      o.Base,
		userAgent: o.UserAgent,
		plain:     newPlainHosts(o.PlainHTTP),
		notify:    o.Notify,
		log:       o.Log,
	}
	if t.base == nil {
		t.base = newBase()
	}
	if t.notify == nil {
		t.notify = func(Wait) {}
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	return t
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{t: t, req: t.stamp(req)}
	if err := t.plain.check(req.URL); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper closes the body, also when it sends nothing
		}
		return nil, x.explain(err)
	}
	resp, err := x.run()
	if err != nil {
		return nil, x.explain(err)
	}
	return resp, nil
}

// stamp returns a copy of req with the user agent: a RoundTripper may not change the caller's request.
func (t *transport) stamp(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	if t.userAgent != "" {
		req.Header.Set("User-Agent", t.userAgent)
	}
	return req
}

// send puts one request on the wire.
func (t *transport) send(req *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.attempt(req)
	attrs := []slog.Attr{slog.String("method", req.Method), slog.String("url", redact(req.URL))}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	} else {
		t.met.Store(req.URL.Host, struct{}{})
		attrs = append(attrs, slog.Int("status", resp.StatusCode))
	}
	attrs = append(attrs, slog.Duration("duration", time.Since(start)))
	t.log.LogAttrs(req.Context(), slog.LevelDebug, "http request", attrs...)
	return resp, err
}

// attempt sends one request and reads as much of the answer as belongs to that.
func (t *transport) attempt(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = whole(req, resp, cancel)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = ending{resp.Body, cancel}
	return resp, nil
}

// roundTripperFunc is a function as an [http.RoundTripper].
type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
