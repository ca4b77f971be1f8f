// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/polytag/polytag/internal/transport"
)

func TestSchemes(t *testing.T) {
	t.Parallel()
	const sent, noPlain, noTLS = "sent", "refused plain HTTP", "refused HTTPS"
	tests := []struct {
		url  string
		want string
	}{
		{"https://registry.example/v2/", sent},
		{"http://registry.example/v2/", noPlain},
		{"http://10.0.0.7:5000/v2/", noPlain},
		{"http://registry.local/v2/", noPlain},
		{"http://localhost.example/v2/", noPlain},
		{"http://notlocalhost/v2/", noPlain},
		{"http://127.0.0.1.example/v2/", noPlain},
		{"http://[::2]/v2/", noPlain},

		{"http://localhost/v2/", sent},
		{"http://LOCALHOST:5000/v2/", sent},
		{"http://localhost.:5000/v2/", sent},
		{"http://registry.localhost:5000/v2/", sent},
		{"http://127.0.0.1:5000/v2/", sent},
		{"http://127.8.9.10/v2/", sent},
		{"http://[::1]:5000/v2/", sent},
		{"http://[::ffff:127.0.0.1]/v2/", sent},
		{"https://localhost:5000/v2/", sent},

		{"http://plain.example/v2/", sent},
		{"http://plain.example:5000/v2/", sent},
		{"http://Plain.Example/v2/", sent},
		{"https://plain.example/v2/", noTLS},
		{"https://plain.example:8443/v2/", noTLS},

		{"http://one.example:5000/v2/", sent},
		{"http://one.example:5001/v2/", noPlain},
		{"http://one.example/v2/", noPlain},
		{"https://one.example:5000/v2/", noTLS},
		{"https://one.example/v2/", sent},

		{"http://eighty.example/v2/", sent},
		{"http://eighty.example:80/v2/", sent},
		{"https://eighty.example/v2/", noTLS},
		{"https://eighty.example:443/v2/", sent},

		{"http://[fd00::1]:5000/v2/", sent},
		{"http://[fd00::2]:5000/v2/", sent},
		{"http://[fd00::2]:5001/v2/", noPlain},
		{"https://127.0.0.5:5000/v2/", noTLS},
	}
	plain := []string{"plain.example", "ONE.example:5000", "eighty.example:80", "[fd00::1]", "[fd00::2]:5000", "127.0.0.5:5000"}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()
			body := &closeRecorder{Reader: strings.NewReader("x")}
			rt := transport.New(transport.Options{Base: answers(http.StatusOK), PlainHTTP: plain})
			req := request(t, http.MethodPut, tt.url, body)
			_, _, err := do(t, rt, req)
			got := sent
			if e, ok := errors.AsType[*transport.PlainHTTPError](err); ok {
				got = noPlain
				if e.Host != req.URL.Host {
					t.Errorf("Host = %q, want %q", e.Host, req.URL.Host)
				}
			} else if e, ok := errors.AsType[*transport.HTTPSError](err); ok {
				got = noTLS
				if e.Host != req.URL.Host {
					t.Errorf("Host = %q, want %q", e.Host, req.URL.Host)
				}
			} else if err != nil {
				t.Fatalf("RoundTrip(%s): %v", tt.url, err)
			}
			if got != tt.want {
				t.Errorf("RoundTrip(%s): %s, want %s", tt.url, got, tt.want)
			}
			if err != nil && !body.closed {
				t.Errorf("RoundTrip(%s) did not close the request's body", tt.url)
			}
		})
	}
}

func TestUnknownScheme(t *testing.T) {
	t.Parallel()
	rt := transport.New(transport.Options{Base: answers(http.StatusOK)})
	_, _, err := do(t, rt, request(t, http.MethodGet, "ftp://registry.example/v2/", nil))
	const want = `GET ftp://registry.example/v2/: unsupported protocol scheme "ftp"`
	if err == nil || err.Error() != want {
		t.Errorf("RoundTrip = %v, want %s", err, want)
	}
}

// TestPing lets go-containerregistry find out the scheme of a plain registry: without a retry of the TLS attempt, and
// without that attempt where the host was named.
func TestPing(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") }))
	t.Cleanup(srv.Close)
	host := strings.TrimPrefix(srv.URL, "http://")
	reg, err := name.NewRegistry(host, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	for title, plain := range map[string][]string{"loopback": nil, "named": {host}} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			rt := transport.New(transport.Options{
				PlainHTTP: plain,
				Notify:    func(w transport.Wait) { t.Errorf("waiting: %+v", w) },
			})
			challenge, err := ggcr.Ping(t.Context(), reg, rt)
			if err != nil {
				t.Fatal(err)
			}
			if !challenge.Insecure {
				t.Error("the registry was reached by TLS")
			}
		})
	}
}
