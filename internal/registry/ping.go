// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// pings are the first requests to registries, each of which is sent once: how to
// sign in is the same for all repositories. Each connection would ask again.
type pings struct {
	mu   sync.Mutex
	sent map[string]*ping // by URL
}

// ping is one such request, for everybody who waits for its answer.
type ping struct {
	// sending is held by the goroutine that sends it. It guards the rest.
	sending chan struct{}
	answer  *pong
	err     error
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

// send sends a ping, unless it is known what comes of it: an answer that says how
// to sign in, or that there is no TLS. Everything else may be otherwise next time.
func (p *pings) send(req *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	to := p.to(req)
	select {
	case to.sending <- struct{}{}:
		defer func() { <-to.sending }()
	case <-req.Context().Done():
		return nil, fmt.Errorf("waiting to ping %s: %w", req.URL.Host, context.Cause(req.Context()))
	}
	switch {
	case to.answer != nil:
		return to.answer.response(req), nil
	case to.err != nil:
		return nil, to.err
	}
	resp, err := send(req)
	switch {
	case err != nil && lacksTLS(err):
		to.err = err
	case err == nil && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusUnauthorized):
		to.answer = &pong{resp.StatusCode, resp.Header.Clone()}
	}
	return resp, err
}

func (p *pings) to(req *http.Request) *ping {
	p.mu.Lock()
	defer p.mu.Unlock()
	url := req.URL.String()
	if p.sent[url] == nil {
		p.sent[url] = &ping{sending: make(chan struct{}, 1)}
	}
	return p.sent[url]
}

func (p *pong) response(req *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(p.status), StatusCode: p.status, Header: p.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Request: req,
	}
}

// lacksTLS reports whether an error says that a server speaks plain HTTP.
func lacksTLS(err error) bool {
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return record || errors.Is(err, http.ErrSchemeMismatch)
}
