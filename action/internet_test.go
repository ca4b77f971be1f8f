// SPDX-License-Identifier: Apache-2.0

package action_test

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
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// internet is a network of hosts with real names, which processes reach through a proxy, over TLS with certificates of an authority of its
// own. Nothing in the program knows that it is being tested.
type internet struct {
	ca    *x509.Certificate
	key   *ecdsa.PrivateKey
	file  string // the certificate of the authority
	proxy *httptest.Server

	mu    sync.Mutex
	hosts map[string]*httptest.Server
	asked []string // of the proxy
}

func newInternet(t *testing.T) *internet {
	t.Helper()
	n := &internet{hosts: map[string]*httptest.Server{}}
	var err error
	if n.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	n.ca = &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := n.sign(t, n.ca)
	n.file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(n.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	n.proxy = httptest.NewServer(n)
	t.Cleanup(n.proxy.Close)
	return n
}

// sign makes a certificate for the one key that all hosts have.
func (n *internet) sign(t *testing.T, template *x509.Certificate) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, n.ca, n.key.Public(), n.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// add starts a host.
func (n *internet) add(t *testing.T, name string, h http.Handler) *httptest.Server {
	t.Helper()
	der := n.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that does not trust it is meant
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: n.key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[name+":443"] = s
	return s
}

// env makes a process use the proxy and trust the authority.
func (n *internet) env(more ...string) []string {
	return append([]string{"HTTPS_PROXY=" + n.proxy.URL, "HTTP_PROXY=" + n.proxy.URL, "SSL_CERT_FILE=" + n.file}, more...)
}

// saw reports whether the proxy was asked for a host.
func (n *internet) saw(host string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.asked, host)
}

// ServeHTTP is the proxy. It has tunnels to the hosts, and nothing else.
func (n *internet) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	n.mu.Lock()
	n.asked = append(n.asked, req.Host)
	s := n.hosts[req.Host]
	n.mu.Unlock()
	if s == nil || req.Method != http.MethodConnect {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	var dialer net.Dialer
	server, err := dialer.DialContext(req.Context(), "tcp", s.Listener.Addr().String())
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
	_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	done := make(chan struct{}, 2)
	for _, way := range []struct{ to, from net.Conn }{{server, client}, {client, server}} {
		go func() {
			_, _ = io.Copy(way.to, way.from)
			done <- struct{}{}
		}()
	}
	<-done // one side has hung up, and so does the other
}
