// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"net/http"
	"sync"
)

// pings remembers how registries asked to be signed in to, which is the same for
// all their repositories. Each connection would ask again.
type pings struct {
	mu    sync.Mutex
	known map[string]pong // by URL
}

// pong is the answer to a ping, without its body.
type pong struct {
	status int
	header http.Header
}

// isPing reports whether a request is the first one to a registry.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
func isPing(req *http.Request) bool {
	return req.Method == http.MethodGet && req.URL.Path == "/v2/" && req.URL.RawQuery == "" && req.Header.Get("Authorization") == ""
}

// answer returns the answer to a ping that was made before, else nil.
func (p *pings) answer(req *http.Request) *http.Response {
	if !isPing(req) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.known[req.URL.String()]
	if !ok {
		return nil
	}
	return &http.Response{
		Status: http.StatusText(known.status), StatusCode: known.status, Header: known.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Request: req,
	}
}

// keep remembers an answer that says how to sign in.
func (p *pings) keep(req *http.Request, resp *http.Response) {
	if !isPing(req) || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnauthorized {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[req.URL.String()] = pong{resp.StatusCode, resp.Header.Clone()}
}
