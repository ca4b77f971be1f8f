// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkLatency copies 14 small images between registries that are far away.
func BenchmarkLatency(b *testing.B) {
	server := lookPath(b, "docker-registry")
	all := contenders(b, skipping())
	source, target := startRegistry(b, server), startRegistry(b, server)
	small := shape{images: 14, layers: 2, layer: 16 << 10}
	push(b, small, tagOf(b, source.host, "acme/app", "tested"))
	way := newDistance(b)
	from := tagOf(b, way.to(b, source.host), "acme/app", "tested")
	there := way.to(b, target.host)
	var t table
	for round := 0; b.Loop(); round++ {
		for _, c := range inTurn(all, round) {
			repository := fmt.Sprintf("acme/%s-%d-%d", c.name, b.N, round)
			t.add(c.name, way.measure(b, c.copying(from, tagOf(b, there, repository, "released"))))
			wantSame(b, tagOf(b, target.host, repository, "released"), tagOf(b, source.host, "acme/app", "tested"))
		}
	}
	t.report(b, small.bytes())
}

// distance is between the contenders and the registries.
type distance struct {
	// certificate is the file with what the contenders have to trust.
	certificate string
	requests    atomic.Int64
}

func newDistance(tb testing.TB) *distance {
	tb.Helper()
	return &distance{certificate: filepath.Join(tb.TempDir(), "certificate.pem")}
}

// measure runs a program and counts its requests, too.
func (d *distance) measure(tb testing.TB, command []string) run {
	tb.Helper()
	d.requests.Store(0)
	r := measure(tb, command, "SSL_CERT_FILE="+d.certificate)
	r.requests = int(d.requests.Load())
	return r
}

// ready is the key of a connection's context for when it can be used.
type ready struct{}

// to puts a registry that far away, with TLS and HTTP/2 as those out there, and returns its host:port. A request takes a round trip more,
// and those that come with a new connection wait for two others: of TCP and of TLS.
func (d *distance) to(tb testing.TB, host string) string {
	tb.Helper()
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: host})
			r.SetXForwarded()
			r.Out.Host = r.In.Host // so that Location leads back here
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.requests.Add(1)
		delay := *away + max(0, time.Until(r.Context().Value(ready{}).(time.Time)))
		select {
		case <-time.After(delay):
			forward.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	s.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, ready{}, time.Now().Add(2**away))
	}
	s.EnableHTTP2 = true
	s.StartTLS()
	tb.Cleanup(s.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(d.certificate, block, 0o600); err != nil { // the same for every such server
		tb.Fatal(err)
	}
	return s.Listener.Addr().String()
}
