// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"syscall"
)

// Net is a network without sockets: an [http.RoundTripper] that hands each request to the handler of its host, and works under
// [testing/synctest], whose clock then drives latencies, retries and token lifetimes.
//
// A key is the host as URLs have it ("registry.example", "localhost:5000"), which is served over both http and https, or has one of these
// in front ("http://localhost:5000"), and is served over that alone. A host that is not there is a DNS error. A handler that
// panics with [http.ErrAbortHandler] breaks the connection. Nothing is sent twice.
type Net map[string]http.Handler

// RoundTrip implements [http.RoundTripper]. The answer comes when the handler is done.
func (n Net) RoundTrip(req *http.Request) (*http.Response, error) {
	body := req.Body
	if body == nil {
		body = http.NoBody
	}
	defer body.Close()
	handler, err := n.dial(req)
	if err != nil {
		return nil, err
	}

	in := req.Clone(req.Context())
	in.Body = body
	in.URL = &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery} // what a server sees of it
	in.RequestURI = req.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RemoteAddr = "192.0.2.1:1234"
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if req.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}

	out := httptest.NewRecorder()
	done := make(chan bool, 1)
	go func() { done <- serve(handler, out, in) }()
	select {
	case whole := <-done:
		return answer(req, out, whole)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

func (n Net) dial(req *http.Request) (http.Handler, error) {
	host := req.URL.Host
	if h := n[req.URL.Scheme+"://"+host]; h != nil {
		return h, nil
	}
	if h := n[host]; h != nil {
		return h, nil
	}
	switch {
	case n["http://"+host] != nil:
		return nil, http.ErrSchemeMismatch
	case n["https://"+host] != nil:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
}

// serve tells whether the handler came to its end.
func serve(h http.Handler, w http.ResponseWriter, req *http.Request) (whole bool) {
	defer func() {
		p := recover()
		if err, ok := p.(error); p != nil && (!ok || !errors.Is(err, http.ErrAbortHandler)) {
			panic(p)
		}
	}()
	h.ServeHTTP(w, req)
	return true
}

// answer makes of the handler's output what a client would get: of an aborted one only what it flushed.
func answer(req *http.Request, out *httptest.ResponseRecorder, whole bool) (*http.Response, error) {
	if !whole && !out.Flushed {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	res := out.Result()
	res.Request = req
	switch {
	case req.Method == http.MethodHead:
		res.Body = http.NoBody
	case !whole:
		res.Body = io.NopCloser(io.MultiReader(res.Body, broken{}))
	case res.ContentLength < 0:
		res.ContentLength = int64(out.Body.Len())
		res.Body = io.NopCloser(bytes.NewReader(out.Body.Bytes()))
	}
	return res, nil
}

// broken is where a connection ends too early.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
