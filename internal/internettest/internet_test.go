// SPDX-License-Identifier: Apache-2.0

package internettest_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/internettest"
)

// client makes of the variables what a process would.
func client(t *testing.T, n *internettest.Internet) *http.Client {
	t.Helper()
	env := map[string]string{}
	for _, variable := range n.Env() {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	proxy, err := url.Parse(env["HTTPS_PROXY"])
	if err != nil || env["HTTP_PROXY"] != env["HTTPS_PROXY"] {
		t.Fatalf("Env() = %q, %v, want one proxy", n.Env(), err)
	}
	text, err := os.ReadFile(env["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func TestInternet(t *testing.T) {
	t.Parallel()
	n := internettest.New(t)
	byAddress := n.Add(t, "registry.example", says("TLS"))
	n.AddPlain(t, "plain.example", says("plain"))
	n.Add(t, "ports.example:5000", says("port"))
	c := client(t, n)
	for _, tt := range []struct {
		url, want string // "": no answer of a host
	}{
		{"https://registry.example/", "TLS"},
		{"https://registry.example:8443/", "TLS"},
		{"https://" + byAddress.Listener.Addr().String(), ""}, // the proxy knows names alone
		{"http://registry.example/", ""},
		{"http://plain.example/", "plain"},
		{"https://plain.example/", ""},
		{"https://ports.example:5000/", "port"},
		{"https://ports.example/", ""},
		{"https://nobody.example/", ""},
	} {
		if got := get(t, c, tt.url); got != tt.want {
			t.Errorf("GET %s = %q, want %q", tt.url, got, tt.want)
		}
	}
	for name, want := range map[string]bool{"registry.example": true, "ports.example": true, "nobody.example": true, "example": false} {
		if got := n.Asked(name); got != want {
			t.Errorf("Asked(%s) = %t, want %t", name, got, want)
		}
	}
}

// TestAdd reaches a host by its address, without the proxy, and replaces it.
func TestAdd(t *testing.T) {
	t.Parallel()
	n := internettest.New(t)
	first := n.Add(t, "registry.example", says("first"))
	n.Add(t, "registry.example", says("second"))
	c := client(t, n)
	if got := get(t, c, "https://registry.example/"); got != "second" {
		t.Errorf("the host says %q, want what was added last", got)
	}
	c.Transport.(*http.Transport).Proxy = nil
	if got := get(t, c, "https://"+first.Listener.Addr().String()); got != "first" {
		t.Errorf("the address of the first says %q, want first", got)
	}
}

// TestTrust has a client of another internet.
func TestTrust(t *testing.T) {
	t.Parallel()
	n, other := internettest.New(t), internettest.New(t)
	n.Add(t, "registry.example", says("hello"))
	c := client(t, n)
	c.Transport.(*http.Transport).TLSClientConfig = client(t, other).Transport.(*http.Transport).TLSClientConfig
	if got := get(t, c, "https://registry.example/"); got != "" {
		t.Errorf("a client that does not trust the authority was told %q", got)
	}
}

// get returns what a host says, and "" if none does.
func get(t *testing.T, c *http.Client, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(req)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		return ""
	}
	return string(text)
}
