// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/transport"
)

// TestAttempts counts how often a request is sent for each outcome that stays the same.
func TestAttempts(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	read := func(err error) error { return &net.OpError{Op: "read", Net: "tcp", Err: err} }
	status := func(code int, header ...string) base {
		return func(req *http.Request) (*http.Response, error) { return answer(req, code, header...), nil }
	}
	fails := func(err error) base { return func(*http.Request) (*http.Response, error) { return nil, err } }
	chunk := func(r *http.Request) { r.Header.Set("Content-Type", "application/octet-stream") }
	upload := func(r *http.Request) { r.URL.Path = "/v2/acme/app/blobs/uploads/" }
	tests := map[string]struct {
		method string
		base   base
		want   int // sent within ten minutes, at most 7
		change func(*http.Request)
	}{
		"200":                           {"GET", status(200), 1, nil},
		"304":                           {"GET", status(304), 1, nil},
		"401":                           {"GET", status(401), 1, nil},
		"403":                           {"GET", status(403), 1, nil},
		"403 with a delay":              {"PUT", status(403, "Retry-After", "1"), 7, nil},
		"404":                           {"GET", status(404), 1, nil},
		"408":                           {"GET", status(408), 1, nil},
		"429":                           {"GET", status(429), 7, nil},
		"429 to POST":                   {"POST", status(429), 7, nil},
		"429 to a chunk":                {"PATCH", status(429), 7, chunk},
		"500":                           {"GET", status(500), 6, nil},
		"500 to PUT":                    {"PUT", status(500), 6, nil},
		"500 to DELETE":                 {"DELETE", status(500), 6, nil},
		"500 to POST":                   {"POST", status(500), 1, nil},
		"500 to an upload's POST":       {"POST", status(500), 6, upload},
		"reset of an upload's POST":     {"POST", fails(read(syscall.ECONNRESET)), 6, upload},
		"500 to PATCH":                  {"PATCH", status(500), 6, nil},
		"500 to a chunk":                {"PATCH", status(500), 1, chunk},
		"501":                           {"GET", status(501), 1, nil},
		"502 with a delay to POST":      {"POST", status(502, "Retry-After", "1"), 1, nil},
		"503 to POST":                   {"POST", status(503), 1, nil},
		"503 with a delay to POST":      {"POST", status(503, "Retry-After", "1"), 6, nil},
		"505":                           {"GET", status(505), 1, nil},
		"522":                           {"GET", status(522), 6, nil},
		"reset":                         {"GET", fails(read(syscall.ECONNRESET)), 6, nil},
		"reset of POST":                 {"POST", fails(read(syscall.ECONNRESET)), 1, nil},
		"EOF":                           {"HEAD", fails(io.EOF), 6, nil},
		"unexpected EOF":                {"PUT", fails(fmt.Errorf("reading: %w", io.ErrUnexpectedEOF)), 6, nil},
		"time-out of the attempt":       {"GET", fails(read(timeoutError{})), 6, nil},
		"dial time-out of POST":         {"POST", fails(dial(timeoutError{})), 6, nil},
		"proxy time-out of POST":        {"POST", fails(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: timeoutError{}}), 6, nil},
		"name server has no answer":     {"GET", fails(dial(&net.DNSError{Err: "server misbehaving", IsTemporary: true})), 6, nil},
		"unknown host":                  {"GET", fails(dial(&net.DNSError{Err: "no such host", IsNotFound: true})), 1, nil},
		"refused by an unknown server":  {"GET", fails(dial(syscall.ECONNREFUSED)), 1, nil},
		"server without TLS":            {"GET", fails(tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}), 1, nil},
		"server without TLS, as client": {"GET", fails(http.ErrSchemeMismatch), 1, nil},
		"certificate":                   {"GET", fails(&tls.CertificateVerificationError{Err: errors.New("expired")}), 1, nil},
		"wrapped certificate":           {"GET", fails(fmt.Errorf("proxy: %w", &tls.CertificateVerificationError{Err: errors.New("expired")})), 1, nil},
		"bad header":                    {"GET", fails(errors.New(`net/http: invalid header field value for "Authorization"`)), 1, nil},
		"canceled below":                {"GET", fails(context.Canceled), 1, nil},
		"body that cannot be replayed":  {"PUT", status(503), 1, func(r *http.Request) { r.Body, r.GetBody = io.NopCloser(strings.NewReader("x")), nil }},
		"no body, by name":              {"PUT", status(503), 6, func(r *http.Request) { r.Body, r.GetBody = http.NoBody, nil }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				got := 0
				rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
					if got++; got == 7 {
						cancel()
					}
					return tt.base(req)
				})})
				req := request(t, tt.method, manifest, strings.NewReader("{}")).WithContext(ctx)
				if tt.change != nil {
					tt.change(req)
				}
				if status, _, err := do(t, rt, req); (status == 0) == (err == nil) {
					t.Errorf("answer = %d, %v, want one of them", status, err)
				}
				if got != tt.want {
					t.Errorf("sent %d times, want %d", got, tt.want)
				}
			})
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string { return "i/o timeout" }
func (timeoutError) Timeout() bool { return true }

// Is makes it what package net returns: its time-outs of one dial are deadline errors, too.
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

func TestRefusedByKnownServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
			if n++; n == 2 || n == 3 {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			}
			return answer(req, http.StatusAccepted), nil
		})})
		for range 2 {
			if _, _, err := do(t, rt, request(t, http.MethodPost, manifest, nil)); err != nil {
				t.Fatal(err)
			}
		}
		if n != 4 {
			t.Errorf("sent %d times, want 4", n)
		}
	})
}

func TestGitHubLimits(t *testing.T) {
	t.Parallel()
	const secondary = `{"message":"You have exceeded a Secondary Rate Limit. Please wait a few minutes before you try again."}`
	tests := map[string]struct {
		url, body string
		header    []string
		want      int
	}{
		"secondary limit of the registry":   {"https://ghcr.io/v2/acme/app/manifests/1", secondary, nil, 2},
		"secondary limit of the API":        {"https://api.github.com/orgs/acme/packages", secondary, nil, 2},
		"primary limit":                     {"https://api.github.com/user", "{}", []string{"X-RateLimit-Remaining", "0"}, 2},
		"not used up":                       {"https://api.github.com/user", "{}", []string{"X-RateLimit-Remaining", "10"}, 1},
		"no permission":                     {"https://ghcr.io/v2/acme/app/manifests/1", `{"errors":[{"code":"DENIED"}]}`, nil, 1},
		"the words of another registry":     {"https://registry.example/v2/acme/app/manifests/1", secondary, nil, 1},
		"the header of another registry":    {"https://registry.example/v2/", "{}", []string{"X-RateLimit-Remaining", "0"}, 1},
		"too far down in a body to be read": {"https://ghcr.io/v2/", strings.Repeat(" ", 4096) + secondary, nil, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := 0
				body := &closeRecorder{Reader: strings.NewReader(tt.body)}
				rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
					if got++; got == 2 {
						return answer(req, http.StatusOK), nil
					}
					resp := answer(req, http.StatusForbidden, tt.header...)
					resp.Body = body
					return resp, nil
				})})
				start := time.Now()
				status, text, err := do(t, rt, request(t, http.MethodGet, tt.url, nil))
				if err != nil {
					t.Fatal(err)
				}
				if got != tt.want {
					t.Errorf("sent %d times, want %d", got, tt.want)
				}
				if d := time.Since(start); got == 2 && (d < time.Minute || d > 66*time.Second) {
					t.Errorf("waited %v, want a minute", d)
				}
				if status == http.StatusForbidden && text != tt.body {
					t.Errorf("body = %q, want %q", text, tt.body)
				}
				if !body.closed {
					t.Error("the body of the 403 was not closed")
				}
			})
		})
	}
}
