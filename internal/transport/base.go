// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"net/http"
	"time"
)

// newBase returns a transport that gives up on each step of a request after a while. How long a body takes is limited
// by the request's context alone: layers are large.
func newBase() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 10 * time.Second,
		// Registries verify a large blob before they answer its last request, which takes them minutes.
		ResponseHeaderTimeout: 2 * time.Minute,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          100,
		// The sources of a release are read side by side from one host; the default of 2 would dial for each of them.
		MaxIdleConnsPerHost: 32,
		// Without a ping, a connection that died silently is noticed by the header time-out only.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}
