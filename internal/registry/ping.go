// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
)

// pings are the first requests to registries, each of which is sent once: how to
// sign in is the same for all repositories. Each connection would ask again.
type pings struct {
	mu   sync.Mutex
	sent map[string]*ping // by URL
}

// ping is one such request, for everybody who waits for its answer.
type ping struct {
	// rounds is how often it came to an end that was not the caller's own.
	rounds atomic.Int64
	// sending is held by the goroutine that sends it. It guards the rest.
	sending chan struct{}
	last    outcome
	// lasting: the last outcome is what will always come of it.
	lasting bool
}

// outcome is the answer to a ping, without its body, or why there was none.
type outcome struct {
	status int
	header http.Header
	err    error
}

// isPing reports whether a request is the first one to a registry.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
func isPing(req *http.Request) bool {
	return req.Method == http.MethodGet && req.URL.Path == "/v2/" && req.URL.RawQuery == "" && req.Header.Get("Authorization") == ""
}

// send sends a ping, unless it is known what comes of it: an answer that says how
// to sign in, or that there is no TLS. Everything else may be otherwise next time,
// and is only told to those who were waiting for it.
func (p *pings) send(req *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	to := p.to(req)
	before := to.rounds.Load()
	select {
	case to.sending <- struct{}{}:
		defer func() { <-to.sending }()
	case <-req.Context().Done():
		return nil, fmt.Errorf("waiting to ping %s: %w", req.URL.Host, context.Cause(req.Context()))
	}
	if to.lasting || to.rounds.Load() != before {
		return to.last.tell(req)
	}
	resp, err := send(req)
	if err != nil && req.Context().Err() != nil {
		return nil, err
	}
	to.last = outcome{err: err}
	if err == nil {
		to.last = outcome{status: resp.StatusCode, header: resp.Header.Clone()}
	}
	to.lasting = to.last.status == http.StatusOK || to.last.status == http.StatusUnauthorized || err != nil && lacksTLS(err)
	to.rounds.Add(1)
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

// tell hands the outcome to another caller.
func (o outcome) tell(req *http.Request) (*http.Response, error) {
	if o.err != nil {
		return nil, o.err
	}
	return &http.Response{
		Status: http.StatusText(o.status), StatusCode: o.status, Header: o.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Request: req,
	}, nil
}

// lacksTLS reports whether an error says that a server speaks plain HTTP.
func lacksTLS(err error) bool {
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return record || errors.Is(err, http.ErrSchemeMismatch)
}
