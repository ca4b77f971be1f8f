// SPDX-License-Identifier: Apache-2.0

// Package internettest is an internet for tests: hosts with the names of real ones, over TLS. Processes reach them through a proxy, as from
// inside a company, and trust them by [Internet.Env]. Nothing in a program has to know that it is being tested.
package internettest

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Internet is a network of hosts. It is safe for concurrent use, and ends with the test that made it.
type Internet struct {
	authority *authority
	proxy     *httptest.Server

	mu    sync.Mutex // guards all below
	hosts map[string]*httptest.Server
	asked []string
}

// New returns an internet without hosts, with a certificate authority of its own.
func New(tb testing.TB) *Internet {
	tb.Helper()
	n := &Internet{authority: newAuthority(tb), hosts: map[string]*httptest.Server{}}
	n.proxy = httptest.NewServer(n)
	tb.Cleanup(n.proxy.Close)
	return n
}

// Add starts a host that speaks TLS, on every port, or on one alone if the name has it. The certificate is good for its address on loopback, too.
// A host that has the name already can be reached by its address alone.
func (n *Internet) Add(tb testing.TB, name string, h http.Handler) *httptest.Server {
	tb.Helper()
	s := unstarted(tb, h)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{n.authority.certify(tb, name)}}
	s.StartTLS()
	n.know(name, s)
	return s
}

// AddPlain starts a host that speaks no TLS.
func (n *Internet) AddPlain(tb testing.TB, name string, h http.Handler) *httptest.Server {
	tb.Helper()
	s := unstarted(tb, h)
	s.Start()
	n.know(name, s)
	return s
}

func unstarted(tb testing.TB, h http.Handler) *httptest.Server {
	tb.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not speak TLS, or do not trust it, are meant
	tb.Cleanup(s.Close)
	return s
}

func (n *Internet) know(name string, s *httptest.Server) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[name] = s
}

// Env returns the variables, as NAME=value, that make a process use the proxy and trust the authority.
func (n *Internet) Env() []string {
	return []string{"HTTPS_PROXY=" + n.proxy.URL, "HTTP_PROXY=" + n.proxy.URL, n.Trust()}
}

// Trust returns the one of them that makes it trust the authority.
func (n *Internet) Trust() string { return "SSL_CERT_FILE=" + n.authority.file }

// Asked reports whether the proxy was asked for a host, on any port.
func (n *Internet) Asked(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.asked, func(address string) bool { return address == name || bare(address) == name })
}

// find notes that an address was asked for. It returns nil if there is no such host.
func (n *Internet) find(address string) *httptest.Server {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, address)
	if s := n.hosts[address]; s != nil {
		return s
	}
	return n.hosts[bare(address)]
}

// bare returns an address without its port.
func bare(address string) string {
	if name, _, err := net.SplitHostPort(address); err == nil {
		return name
	}
	return address
}
