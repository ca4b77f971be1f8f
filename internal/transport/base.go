// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"net/http"
	"time"
)

// base sends uploads apart from everything else, because a registry verifies and moves a large blob before it answers,
// which may take longer than any other answer is worth waiting for.
type base struct{ requests, uploads *http.Transport }

// newBase returns a transport that gives up on each step of a request after a while. How long a body takes, and the
// answer to one that is streamed, is limited by the request's context alone: layers are large.
func newBase() base {
	b := base{requests: newHTTP(), uploads: newHTTP()}
	b.requests.ResponseHeaderTimeout = 2 * time.Minute
	return b
}

// RoundTrip implements [http.RoundTripper].
func (b base) RoundTrip(req *http.Request) (*http.Response, error) {
	if replayable(req) {
		return b.requests.RoundTrip(req) //nolint:wrapcheck // it is judged first; transport wraps what is left
	}
	return b.uploads.RoundTrip(req) //nolint:wrapcheck // transport wraps it
}

func newHTTP() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          100,
		// The sources of a release are read side by side from one host; the default of 2 would dial for each of them.
		MaxIdleConnsPerHost: 32,
		// Without a ping, a connection that died silently is noticed by the header time-out only.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}
