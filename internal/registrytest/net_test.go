// SPDX-License-Identifier: Apache-2.0

package registrytest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/registrytest"
)

func get(t *testing.T, n registrytest.Net, target string) (body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := n.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if res.ContentLength != int64(len(b)) {
		t.Errorf("GET %s: ContentLength = %d, want %d", target, res.ContentLength, len(b))
	}
	return string(b), err
}

func TestNetDial(t *testing.T) {
	t.Parallel()
	says := func(s string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			io.WriteString(w, s+" "+req.Host+" "+req.RequestURI+map[bool]string{true: " tls"}[req.TLS != nil])
		})
	}
	n := registrytest.Net{"both.example": says("both"), "http://localhost:5000": says("plain"), "https://tls.example": says("tls")}
	tests := []struct {
		url, want string
		err       error
	}{
		{"http://both.example/a?b=c", "both both.example /a?b=c", nil},
		{"https://both.example/", "both both.example / tls", nil},
		{"http://localhost:5000/", "plain localhost:5000 /", nil},
		{"https://localhost:5000/", "", http.ErrSchemeMismatch},
		{"https://tls.example/", "tls tls.example / tls", nil},
		{"http://tls.example/", "", syscall.ECONNREFUSED},
	}
	for _, tt := range tests {
		body, err := get(t, n, tt.url)
		if body != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("GET %s = %q, %v, want %q, %v", tt.url, body, err, tt.want, tt.err)
		}
	}
	_, err := get(t, n, "https://nowhere.example/")
	if dns, ok := errors.AsType[*net.DNSError](err); !ok || !dns.IsNotFound {
		t.Errorf("GET of an unknown host: %v, want no such host", err)
	}
}

func TestNetCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Latency: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://"+host+"/v2/acme/app/manifests/1", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		res, err := registrytest.Net{host: r}.RoundTrip(req)
		if err == nil {
			res.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("RoundTrip = %v after %v, want %v after 1s", err, time.Since(start), context.DeadlineExceeded)
		}
		synctest.Wait()
		if got := r.Requests()[0].Status; got != 0 {
			t.Errorf("Status = %d, want none", got)
		}
	})
}

func TestNetPanics(t *testing.T) {
	t.Parallel()
	abort := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := get(t, registrytest.Net{host: abort}, "https://"+host+"/"); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("GET = %v, want %v", err, syscall.ECONNRESET)
	}
}
