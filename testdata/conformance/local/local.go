// SPDX-License-Identifier: Apache-2.0

// Package local runs registries on loopback.
package local

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/olareg/olareg"
	"github.com/olareg/olareg/config"
)

// Serve runs a handler until the end of the test and returns its host:port.
func Serve(tb testing.TB, h http.Handler) string {
	tb.Helper()
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// Olareg returns a registry that keeps all in memory until the end of the test, and deletes what it is told to.
func Olareg(tb testing.TB) http.Handler {
	tb.Helper()
	yes := true
	registry := olareg.New(config.Config{
		Storage: config.ConfigStorage{StoreType: config.StoreMem},
		API:     config.ConfigAPI{DeleteEnabled: &yes},
	})
	tb.Cleanup(func() { registry.Close() })
	return registry
}

// WithPassword serves nobody without the login. If that is zero, it serves everybody.
func WithPassword(login authn.Basic, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		username, password, _ := req.BasicAuth()
		if login != (authn.Basic{}) && login != (authn.Basic{Username: username, Password: password}) {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, req)
	})
}
