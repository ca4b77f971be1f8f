// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// network is the internet of one script. Its hosts have the names that the script gives them, so that golden files hold no
// port. The program reaches them over TLS through an HTTP proxy, as it would from inside a company: HTTPS_PROXY and
// SSL_CERT_FILE are set for every script.
type network struct {
	tb          testing.TB
	certificate tls.Certificate
	proxy       *httptest.Server

	mu    sync.Mutex
	hosts map[string]*host
}

// networkKey is where a script keeps its network.
type networkKey struct{}

// newNetwork returns a network without hosts, which ends with the test.
func newNetwork(tb testing.TB, certificate tls.Certificate) *network {
	tb.Helper()
	n := &network{tb: tb, certificate: certificate, hosts: map[string]*host{}}
	n.proxy = httptest.NewServer(n)
	tb.Cleanup(n.proxy.Close)
	return n
}

// add starts the server of a host.
func (n *network) add(name string, h *host) {
	h.server = httptest.NewUnstartedServer(h)
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that do not speak TLS are meant
	if h.plain {
		h.server.Start()
	} else {
		h.server.TLS = &tls.Config{Certificates: []tls.Certificate{n.certificate}, MinVersion: tls.VersionTLS12}
		h.server.StartTLS()
	}
	n.tb.Cleanup(func() {
		h.release() // a server waits for its requests
		h.server.Close()
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[name] = h
}

// host returns the host of a name; nil if there is none.
func (n *network) host(name string) *host {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h := n.hosts[name]; h != nil {
		return h
	}
	bare, _, err := net.SplitHostPort(name)
	if err != nil {
		return nil
	}
	return n.hosts[bare]
}

// ServeHTTP is the proxy: a tunnel to a host that speaks TLS, and a relay to one that does not.
func (n *network) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := n.host(req.Host)
	if h == nil {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	if req.Method != http.MethodConnect {
		h.ServeHTTP(w, req)
		return
	}
	var dialer net.Dialer
	server, err := dialer.DialContext(req.Context(), "tcp", h.server.Listener.Addr().String())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer client.Close()
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n") // a client that is gone shows when copying
	done := make(chan struct{}, 2)
	for _, way := range []struct{ dst, src net.Conn }{{server, client}, {client, server}} {
		go func() {
			_, _ = io.Copy(way.dst, way.src)
			done <- struct{}{}
		}()
	}
	<-done // one side has hung up: so does the other
}

// newCertificate makes a certificate for every host of every script, signed by itself, and returns the file that the program
// is to trust.
func newCertificate(tb testing.TB) (file string, certificate tls.Certificate) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotAfter:              time.Now().Add(time.Hour),
		DNSNames:              []string{"*.example", "*.docker.io", "*.docker.com", "ghcr.io", "api.github.com"},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	file = filepath.Join(tb.TempDir(), "ca.pem")
	writeFile(tb, file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return file, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
