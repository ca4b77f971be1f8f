// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// roundTrip is how far away the registries are.
const roundTrip = 50 * time.Millisecond

// BenchmarkLatency copies 14 small images between registries that are far away.
func BenchmarkLatency(b *testing.B) {
	server := lookPath(b, "docker-registry")
	all := contenders(b)
	var requests atomic.Int64
	source := distant(b, startRegistry(b, server).host, &requests)
	target := distant(b, startRegistry(b, server).host, &requests)
	from := tagOf(b, source, "acme/app", "tested")
	small := shape{images: 14, layers: 2, layer: 16 << 10}
	push(b, small, from)
	var t table
	for round := 0; b.Loop(); round++ {
		for _, c := range inTurn(all, round) {
			to := tagOf(b, target, fmt.Sprintf("acme/%s-%d", c.name, round), "released")
			requests.Store(0)
			r := measure(b, c.copying(from, to))
			r.requests = int(requests.Load())
			t.add(c.name, r)
			wantSame(b, to, from)
		}
	}
	t.report(b, small.bytes())
}

// fresh is the key of a connection's context for whether it was not used yet.
type fresh struct{}

// distant stands before a registry as if that were a round trip away: each request takes one more, and the first of a connection
// another one. It counts them.
func distant(tb testing.TB, host string, requests *atomic.Int64) string {
	tb.Helper()
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: host})
			r.Out.Host = r.In.Host // so that Location leads back here
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		delay := roundTrip
		if r.Context().Value(fresh{}).(*atomic.Bool).Swap(false) {
			delay += roundTrip
		}
		select {
		case <-time.After(delay):
			forward.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	s.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		unused := new(atomic.Bool)
		unused.Store(true)
		return context.WithValue(ctx, fresh{}, unused)
	}
	s.Start()
	tb.Cleanup(s.Close)
	return s.Listener.Addr().String()
}
