// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/polytag/polytag/internal/internettest"
)

// network is the internet of one script. Its hosts have the names that the script gives them, so that golden files hold no
// port. The program reaches them over TLS through an HTTP proxy, as it would from inside a company.
type network struct {
	tb       testing.TB
	internet *internettest.Internet
	hosts    map[string]*host
}

// networkKey is where a script keeps its network.
type networkKey struct{}

// newNetwork returns a network without hosts, which ends with the test.
func newNetwork(tb testing.TB) *network {
	tb.Helper()
	return &network{tb: tb, internet: internettest.New(tb), hosts: map[string]*host{}}
}

// add starts the server of a host, and returns its address on this machine.
func (n *network) add(name string, h *host) (address string) {
	start := n.internet.Add
	if h.plain {
		start = n.internet.AddPlain
	}
	server := start(n.tb, name, h)
	n.tb.Cleanup(h.release) // a server waits for its requests
	n.hosts[name] = h
	return server.Listener.Addr().String()
}
