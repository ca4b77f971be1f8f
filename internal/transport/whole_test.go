// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/transport"
)

// TestShortBodyThatBreaksOff is a server that closes the connection in the middle of its first answer. A short answer is asked
// for again, a long one breaks off under its reader.
func TestShortBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ size, attempts int }{
		"short":          {1000, 2},
		"at the limit":   {1 << 20, 2},
		"over the limit": {1<<20 + 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := strings.Repeat("x", tt.size)
			var attempts atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(tt.size))
				if attempts.Add(1) == 1 {
					io.WriteString(w, want[:tt.size/2])
					panic(http.ErrAbortHandler)
				}
				io.WriteString(w, want)
			}))
			t.Cleanup(srv.Close)
			resp, err := transport.New(transport.Options{}).RoundTrip(request(t, http.MethodGet, srv.URL, nil))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if broken := err != nil; broken != (tt.attempts == 1) || !broken && string(got) != want {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			if got := int(attempts.Load()); got != tt.attempts {
				t.Errorf("attempts = %d, want %d", got, tt.attempts)
			}
		})
	}
}

// TestShortBodyThatStops is a server whose first answer has no end. It is given up, and asked for again.
func TestShortBodyThatStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
			resp := answer(req, http.StatusOK)
			if attempts++; attempts == 1 {
				resp.ContentLength, resp.Body = 100, io.NopCloser(until(req.Context().Done()))
			}
			return resp, nil
		})})
		if status, body, err := do(t, rt, request(t, http.MethodGet, manifest, nil)); status != http.StatusOK || body != "body of OK" || err != nil {
			t.Errorf("answer = %d, %q, %v, want the second", status, body, err)
		}
		if attempts != 2 {
			t.Errorf("attempts = %d, want 2", attempts)
		}
	})
}

// until blocks a read until a request is cancelled.
type until <-chan struct{}

func (u until) Read([]byte) (int, error) {
	<-u
	return 0, context.Canceled
}
