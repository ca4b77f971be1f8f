// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/transport"
)

const (
	host  = "registry.example"
	path  = "acme/app"
	image = host + "/" + path
)

func repoOf(tb testing.TB, text string) name.Repository {
	tb.Helper()
	repo, err := name.NewRepository(text)
	if err != nil {
		tb.Fatal(err)
	}
	return repo
}

// open returns a repository of a client that goes through the program's own transport to h.
func open(tb testing.TB, text string, h http.Handler, keychain *registry.Keychain) release.Repository {
	tb.Helper()
	return openOn(tb, text, registrytest.Net{repoOf(tb, text).RegistryStr(): h}, keychain)
}

// openOn is open for a network of several hosts. The repository is one that is pushed to.
func openOn(tb testing.TB, text string, base http.RoundTripper, keychain *registry.Keychain) release.Repository {
	tb.Helper()
	repo := repoOf(tb, text)
	client := registry.New(registry.Options{
		Transport: transport.New(transport.Options{Base: wire{base}}),
		Keychain:  keychain,
		Push:      []name.Repository{repo},
	})
	return client.Repository(repo)
}

// wire takes the body of a request that is refused, too, as a real network does.
type wire struct{ base http.RoundTripper }

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.base.RoundTrip(req)
	if err == nil && req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
	return resp, err
}

// credential is an explicit credential.
func credential(key, user, password string) registry.Credential {
	return registry.Credential{Registry: key, Username: user, Password: secret.New(password), Origin: "input"}
}

// account is a keychain that holds the one account of a registry made by withUser.
func account() *registry.Keychain {
	return &registry.Keychain{Given: []registry.Credential{credential(host, "bot", "secret")}}
}

func withUser() map[string]string { return map[string]string{"bot": "secret"} }

// variables is an environment.
func variables(vars map[string]string) func(string) string {
	return func(key string) string { return vars[key] }
}

func basic(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// challenger is a registry that asks for Basic authentication, takes everybody, and knows no manifest. It remembers whom it saw.
type challenger struct {
	mu   sync.Mutex
	seen []string
}

func (c *challenger) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	user, password, ok := req.BasicAuth()
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	c.mu.Lock()
	c.seen = append(c.seen, user+":"+password)
	c.mu.Unlock()
	w.WriteHeader(http.StatusNotFound)
}

// sent returns what a repository signs in with, as "user:password"; empty if it does not.
func sent(t *testing.T, text string, keychain *registry.Keychain) string {
	t.Helper()
	c := &challenger{}
	_, _ = open(t, text, c, keychain).Resolve(t.Context(), []string{"1"})
	return strings.Join(c.seen, " ")
}

// counts is the number of requests with a method and a path that begins with prefix.
func counts(r *registrytest.Registry, method, prefix string) int {
	n := 0
	for _, q := range r.Requests() {
		if q.Method == method && strings.HasPrefix(q.Path, prefix) {
			n++
		}
	}
	return n
}

// connectTo returns a repository of a server on this machine.
func connectTo(tb testing.TB, srv *httptest.Server) release.Repository {
	tb.Helper()
	repo := repoOf(tb, srv.Listener.Addr().String()+"/"+path)
	client := registry.New(registry.Options{Transport: transport.New(transport.Options{}), Push: []name.Repository{repo}})
	return client.Repository(repo)
}
