// SPDX-License-Identifier: Apache-2.0

package hosting_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/transport"
)

// wire is a network that notes what went over it.
type wire struct {
	registrytest.Net

	mu   sync.Mutex
	sent []sent
}

type sent struct{ Method, URL, Authorization string }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, sent{req.Method, req.URL.String(), req.Header.Get("Authorization")})
	w.mu.Unlock()
	return w.Net.RoundTrip(req)
}

// urls returns the requests so far.
func (w *wire) urls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, s := range w.sent {
		out = append(out, s.Method+" "+s.URL)
	}
	return out
}

// mustBeAnonymous fails the test if a credential was sent anywhere.
func (w *wire) mustBeAnonymous(t *testing.T) {
	t.Helper()
	for _, s := range w.sent {
		if s.Authorization != "" {
			t.Errorf("%s %s was sent with credentials", s.Method, s.URL)
		}
	}
}

// hosts returns hosts on w, through the program's own transport.
func (w *wire) hosts(keychain *registry.Keychain) *hosting.Hosts {
	return hosting.New(hosting.Options{Transport: transport.New(transport.Options{Base: w}), Keychain: keychain})
}

func newWire(net registrytest.Net) *wire { return &wire{Net: net} }

func repoOf(tb testing.TB, text string) name.Repository {
	tb.Helper()
	repo, err := name.NewRepository(text)
	if err != nil {
		tb.Fatal(err)
	}
	return repo
}

func credential(key, user, password string) registry.Credential {
	return registry.Credential{Registry: key, Username: user, Password: secret.New(password), Origin: "registry_auth"}
}

// pages answers with a body for each path, and 404 for all others.
type pages map[string]page

type page struct {
	status      int
	challenge   string
	location    string
	contentType string
	body        string
}

func (p pages) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	it, ok := p[req.URL.Path]
	if !ok {
		if it, ok = p["*"]; !ok {
			it = page{status: http.StatusNotFound, contentType: "text/plain", body: "404 page not found\n"}
		}
	}
	if it.challenge != "" {
		w.Header().Set("WWW-Authenticate", it.challenge)
	}
	if it.location != "" {
		w.Header().Set("Location", it.location)
	}
	if it.contentType == "" {
		it.contentType = "application/json"
	}
	w.Header().Set("Content-Type", it.contentType)
	w.WriteHeader(it.status)
	io.WriteString(w, it.body)
}

func ok(body string) page { return page{status: http.StatusOK, body: body} }

func html(status int) page {
	return page{status: status, contentType: "text/html; charset=utf-8", body: "<!DOCTYPE html>\n<title>Sign in</title>\n"}
}

func challenge(text string) page {
	return page{status: http.StatusUnauthorized, challenge: text, body: `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`}
}
