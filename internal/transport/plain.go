// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// PlainHTTPError says that an http:// request was not sent, since its host is neither loopback nor in
// [Options.PlainHTTP].
type PlainHTTPError struct {
	Host string // as in the URL, with the port if it has one
}

func (e *PlainHTTPError) Error() string {
	return fmt.Sprintf("refusing plain HTTP to %s", e.Host)
}

// HTTPSError says that an https:// request was not sent, since its host is in [Options.PlainHTTP]. It makes clients
// that try HTTPS first go on to plain HTTP at once.
type HTTPSError struct {
	Host string // as in the URL, with the port if it has one
}

func (e *HTTPSError) Error() string {
	return fmt.Sprintf("refusing HTTPS to %s, which is named for plain HTTP", e.Host)
}

// plainHosts are the hosts that are spoken to without TLS: keys are "host" for every port, or "host:port".
type plainHosts map[string]struct{}

func newPlainHosts(hosts []string) plainHosts {
	p := make(plainHosts, len(hosts))
	for _, h := range hosts {
		h = strings.ToLower(h)
		if host, port, err := net.SplitHostPort(h); err == nil {
			h = net.JoinHostPort(host, port)
		} else {
			h = strings.Trim(h, "[]")
		}
		p[h] = struct{}{}
	}
	return p
}

// check returns an error if u may not be asked for.
func (p plainHosts) check(u *url.URL) error {
	switch u.Scheme {
	case "https":
		if p.contains(u) {
			return &HTTPSError{Host: u.Host}
		}
		return nil
	case "http":
		if !p.contains(u) && !isLoopback(u.Hostname()) {
			return &PlainHTTPError{Host: u.Host}
		}
		return nil
	}
	return fmt.Errorf("unsupported protocol scheme %q", u.Scheme)
}

func (p plainHosts) contains(u *url.URL) bool {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" {
		port = "80"
	}
	_, anyPort := p[host]
	_, thisPort := p[net.JoinHostPort(host, port)]
	return anyPort || thisPort
}

// isLoopback reports whether host can only be this machine. Names below localhost are, by RFC 6761, section 6.3.
func isLoopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
