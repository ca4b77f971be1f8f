// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
)

// TestRedirectsEnd proves that no request is sent around in circles, whoever follows its redirects.
func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/v2/" {
			return
		}
		if n.Add(1) > 100 {
			panic(http.ErrAbortHandler)
		}
		http.Redirect(w, req, req.URL.Path, http.StatusTemporaryRedirect)
	})
	repo := open(t, image, h, nil)
	_, manifestErr := repo.Manifest(t.Context(), "1")
	_, tagErr := repo.Resolve(t.Context(), []string{"1"})
	_, listErr := repo.List(t.Context())
	_, hasErr := repo.Has(t.Context(), describe(nil).Digest)
	for what, err := range map[string]error{"Manifest": manifestErr, "Resolve": tagErr, "List": listErr, "Has": hasErr, "Delete": repo.Delete(t.Context(), "1")} {
		if err == nil || !strings.Contains(err.Error(), "redirects") {
			t.Errorf("%s: %v, want an error about redirects", what, err)
		}
	}
	if got, most := n.Load(), int64(5*11); got > most {
		t.Errorf("%d requests, want %d at most", got, most)
	}
}

// TestSignInAstray proves that no credential is sent where a registry has no business to send it, or without TLS.
func TestSignInAstray(t *testing.T) {
	t.Parallel()
	challenge := func(w http.ResponseWriter, realm string) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
	tests := map[string]http.HandlerFunc{
		"realm without TLS":   func(w http.ResponseWriter, _ *http.Request) { challenge(w, "http://auth.example/token") },
		"realm on localhost":  func(w http.ResponseWriter, _ *http.Request) { challenge(w, "https://localhost/token") },
		"realm on 127.1":      func(w http.ResponseWriter, _ *http.Request) { challenge(w, "https://127.1/token") },
		"realm on link-local": func(w http.ResponseWriter, _ *http.Request) { challenge(w, "https://169.254.169.254/token") },
		"realm in a private network": func(w http.ResponseWriter, _ *http.Request) {
			challenge(w, "https://10.1.2.3/token")
		},
		"realm of no scheme": func(w http.ResponseWriter, _ *http.Request) { challenge(w, "//auth.example/token") },
		"ping sent to localhost without TLS": func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, "http://localhost/v2/", http.StatusFound)
		},
		"token service sends on to localhost": func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/token" {
				http.Redirect(w, req, "https://localhost/token", http.StatusTemporaryRedirect)
				return
			}
			challenge(w, "https://"+host+"/token")
		},
		"token service sends on to another host": func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/token" {
				http.Redirect(w, req, "https://auth.example/token", http.StatusTemporaryRedirect)
				return
			}
			challenge(w, "https://"+host+"/token")
		},
	}
	back := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_ = req.ParseForm()
		if req.Header.Get("Authorization") != "" || len(req.PostForm) > 0 {
			t.Errorf("%s %s got %v and %v", req.Method, req.Host, req.Header, req.PostForm)
		}
		challenge(w, "http://"+req.Host+"/token")
	})
	for name, h := range tests {
		network := registrytest.Net{host: h}
		for _, where := range []string{"auth.example", "localhost", "127.1", "169.254.169.254", "10.1.2.3"} {
			network[where] = back
		}
		entry := `{"auths": {"` + host + `": {"identitytoken": "refresh"}}}`
		for kind, keychain := range map[string]*registry.Keychain{"password": account(), "identity token": {Files: load(t, entry)}} {
			if _, err := openOn(t, image, network, keychain).Manifest(t.Context(), "1"); err == nil {
				t.Errorf("%s, with a %s: Manifest = nil, want an error", name, kind)
			}
		}
	}
}

// TestSignInAnswers reads what a token service answers that gives no token.
func TestSignInAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ mediaType, body, want string }{
		"page":          {"text/html", "<html>", "page of HTML"},
		"another token": {"application/json", `{"refresh_token": "s3cret"}`, "answered without a token"},
		"nothing":       {"application/json", "", "unexpected end of JSON input"},
		"too much":      {"application/json", `{"token": "` + strings.Repeat("a", 1<<20) + `"}`, "byte limit"},
	}
	for name, tt := range tests {
		h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Host == host {
				w.Header().Set("WWW-Authenticate", `Bearer realm="https://auth.example/token",service="registry"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Content-Type", tt.mediaType)
			_, _ = w.Write([]byte(tt.body))
		})
		_, err := openOn(t, image, registrytest.Net{host: h, "auth.example": h}, account()).Manifest(t.Context(), "1")
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: Manifest: %v, want %q and no secret", name, err, tt.want)
		}
	}
}

// TestErrorsAreShort cuts what a registry has to say.
func TestErrorsAreShort(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(strings.Repeat("ä", 1<<20)))
		}
	})
	_, err := open(t, image, h, nil).Manifest(t.Context(), "1")
	if err == nil || !strings.Contains(err.Error(), "403 Forbidden: ää") || len(err.Error()) > 2100 {
		t.Errorf("Manifest: %v, want the status and the beginning of the body", err)
	}
}
