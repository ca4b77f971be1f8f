// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/transport"
)

// TestSignInOnce proves that many goroutines share one ping and one token, with one scope for reading and writing.
func TestSignInOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true, Latency: 50 * time.Millisecond})
		r.PushImage(t, path+":1", "linux/amd64")
		repo := open(t, image, r, account())
		var group sync.WaitGroup
		for i := range 30 {
			group.Go(func() {
				var err error
				switch i % 3 {
				case 0:
					_, err = repo.Resolve(t.Context(), []string{"1"})
				case 1:
					_, err = repo.List(t.Context())
				default:
					_, err = repo.Manifest(t.Context(), "1")
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		m, err := repo.Manifest(t.Context(), "1")
		if err == nil {
			err = repo.Put(t.Context(), "2", m)
		}
		if err != nil {
			t.Error(err)
		}
		if pings, tokens := counts(r, http.MethodGet, "/v2/")-counts(r, http.MethodGet, "/v2/acme"), counts(r, http.MethodGet, "/token"); pings != 1 || tokens != 1 {
			t.Errorf("%d pings and %d tokens, want one of each", pings, tokens)
		}
		for _, q := range r.Requests() {
			if scope := q.Query.Get("scope"); q.Path == "/token" && scope != "repository:acme/app:push,pull" {
				t.Errorf("the token's scope is %q, want push and pull", scope)
			}
		}
	})
}

// TestSignInCancelled proves that a caller who gives up does not spoil the connection for the others.
func TestSignInCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true, Latency: time.Second})
		r.PushImage(t, path+":1", "linux/amd64")
		repo := open(t, image, r, account())
		hasty, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond) // between ping and token
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := repo.Manifest(hasty, "1"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the hasty caller got %v, want the end of its context", err)
			}
		})
		synctest.Wait()
		for range 3 {
			group.Go(func() {
				if _, err := repo.Manifest(t.Context(), "1"); err != nil {
					t.Errorf("a patient caller got %v", err)
				}
			})
		}
		group.Wait()
	})
}

// TestSignInRefused proves that a wrong password is tried once: some registries lock an account after a few.
func TestSignInRefused(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{Users: map[string]string{"bot": "another"}, Bearer: true})
	repo := open(t, image, r, account())
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			_, err := repo.Resolve(t.Context(), []string{"1"})
			answer, ok := errors.AsType[*registry.Error](err)
			if !ok || answer.Status != http.StatusUnauthorized || !answer.Denied() || answer.Login.Username != "bot" {
				t.Errorf("Resolve = %v, want a denied *registry.Error that knows the login", err)
			}
		})
	}
	group.Wait()
	if got := counts(r, http.MethodGet, "/token"); got != 1 {
		t.Errorf("the password was tried %d times, want once", got)
	}
}

// TestSignInNotFound proves that a 404 of the ping, or of the token server, is not taken for the answer that a tag does not exist.
func TestSignInNotFound(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"^/v2/$", "^/token$"} {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
		r.PushImage(t, path+":1", "linux/amd64")
		r.Inject(registrytest.Fault{Match: registrytest.On("", where), Status: http.StatusNotFound})
		repo := open(t, image, r, account())
		if _, err := repo.Manifest(t.Context(), "1"); err == nil || errors.Is(err, release.ErrNotFound) {
			t.Errorf("404 at %s: Manifest = %v, want an error that is not ErrNotFound", where, err)
		}
		if got, err := repo.Resolve(t.Context(), []string{"1"}); err == nil {
			t.Errorf("404 at %s: Resolve = %v, want an error", where, got)
		}
		if got, err := repo.List(t.Context()); err == nil {
			t.Errorf("404 at %s: List = %v, want an error", where, got)
		}
		if err := repo.Delete(t.Context(), "1"); err == nil {
			t.Errorf("404 at %s: Delete = nil, want an error", where)
		}
	}
}

// TestRenewNotFound is TestSignInNotFound for a token that is renewed in mid-run.
func TestRenewNotFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true, TokenLifetime: time.Minute})
		r.PushImage(t, path+":1", "linux/amd64")
		repo := open(t, image, r, account())
		if _, err := repo.Manifest(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		r.Inject(registrytest.Fault{Match: registrytest.On("", "^/token$"), Status: http.StatusNotFound})
		if got, err := repo.Resolve(t.Context(), []string{"1"}); err == nil {
			t.Errorf("Resolve = %v, want an error", got)
		}
		if err := repo.Delete(t.Context(), "1"); err == nil {
			t.Error("Delete = nil, want an error")
		}
	})
}

// TestRenew lets the token expire before each kind of request.
func TestRenew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true, TokenLifetime: time.Minute})
		digest := r.PushImage(t, path+":1", "linux/amd64")
		repo := open(t, image, r, account())
		m, err := repo.Manifest(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		steps := map[string]func() error{
			"Manifest": func() error { _, err := repo.Manifest(t.Context(), "1"); return err },
			"Resolve":  func() error { _, err := repo.Resolve(t.Context(), []string{"1"}); return err },
			"List":     func() error { _, err := repo.List(t.Context()); return err },
			"Put":      func() error { return repo.Put(t.Context(), "2", m) },
			"Delete":   func() error { return repo.Delete(t.Context(), "1") },
		}
		for _, step := range []string{"Manifest", "Resolve", "List", "Put", "Delete"} {
			time.Sleep(time.Minute)
			if err := steps[step](); err != nil {
				t.Errorf("%s with a token that has expired: %v", step, err)
			}
		}
		if got := r.Tags(path); len(got) != 1 || got["2"] != digest.String() {
			t.Errorf("the tags are %v, want 2 alone", got)
		}
	})
}

func TestNoCredentials(t *testing.T) {
	t.Parallel()
	for _, bearer := range []bool{false, true} {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: bearer})
		_, err := open(t, image, r, nil).List(t.Context())
		if e, ok := errors.AsType[*registry.NoCredentialsError](err); !ok || e.Repository.Name() != image {
			t.Errorf("bearer %t: a push without credentials: %v, want a *NoCredentialsError", bearer, err)
		}
		if got := len(r.Requests()); got != 1 {
			t.Errorf("bearer %t: %d requests, want the ping alone: %v", bearer, got, r.Requests())
		}
	}
}

// TestAnonymous proves that reading is tried without credentials: a source may live in a public repository.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	asked := false
	public := registrytest.New(registrytest.Options{})
	digest := public.PushImage(t, path+":1", "linux/amd64")
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.URL.Path == "/token":
			asked = true
			if _, _, ok := req.BasicAuth(); ok || req.URL.Query().Get("scope") != "repository:acme/app:pull" {
				t.Errorf("asked for a token with %v and scope %q, want none and pull", req.Header, req.URL.Query().Get("scope"))
			}
			fmt.Fprint(w, `{"token": "anybody"}`)
		case req.Header.Get("Authorization") != "Bearer anybody":
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.example/token",service="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			public.ServeHTTP(w, req)
		}
	})
	client := registry.New(registry.Options{Transport: transport.New(transport.Options{Base: registrytest.Net{host: h}})})
	got, err := client.Repository(repoOf(t, image)).Resolve(t.Context(), []string{"1"})
	if err != nil || got["1"] != digest || !asked {
		t.Errorf("Resolve = %v, %v, want %s with a token for nobody", got, err, digest)
	}
}

// TestIdentityToken signs in with what "docker login" keeps for Azure: a token in place of a password.
// https://distribution.github.io/distribution/spec/auth/oauth/
func TestIdentityToken(t *testing.T) {
	t.Parallel()
	for _, oauth := range []bool{true, false} {
		var forms []string
		h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			switch {
			case req.URL.Path == "/token" && req.Method == http.MethodPost && !oauth:
				w.WriteHeader(http.StatusNotFound)
			case req.URL.Path == "/token":
				forms = append(forms, req.Method+" "+req.FormValue("grant_type")+" "+req.FormValue("refresh_token"))
				fmt.Fprint(w, `{"access_token": "good"}`)
			case req.Header.Get("Authorization") != "Bearer good":
				w.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.example/token",service="registry"`)
				w.WriteHeader(http.StatusUnauthorized)
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		})
		entry := `{"auths": {"registry.example": {"auth": "` + basic("00000000-0000-0000-0000-000000000000", "") + `", "identitytoken": "refresh"}}}`
		if _, err := open(t, image, h, &registry.Keychain{Files: load(t, entry)}).Resolve(t.Context(), []string{"1"}); err != nil {
			t.Errorf("Resolve: %v", err)
		}
		want := "POST refresh_token refresh"
		if !oauth {
			want = "GET  "
		}
		if got := strings.Join(forms, ", "); got != want {
			t.Errorf("asked for a token with %q, want %q", got, want)
		}
	}
}

// TestRegistryToken sends a token that needs no exchange as it is.
func TestRegistryToken(t *testing.T) {
	t.Parallel()
	good := false
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "Bearer ready" {
			w.Header().Set("WWW-Authenticate", `Bearer realm="https://registry.example/token",service="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		good = true
		w.WriteHeader(http.StatusNotFound)
	})
	k := &registry.Keychain{Files: load(t, `{"auths": {"registry.example": {"registrytoken": "ready"}}}`)}
	if _, err := open(t, image, h, k).Resolve(t.Context(), []string{"1"}); err != nil || !good {
		t.Errorf("Resolve: %v, with the token: %t", err, good)
	}
}

// TestTwoAccounts pushes to two repositories of one host, each with its own account and token.
func TestTwoAccounts(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{
		Users: map[string]string{"a": "1", "b": "2"}, Bearer: true,
		Allow: func(user, repo, _ string) bool { return strings.HasPrefix(repo, user+"/") },
	})
	repos := []name.Repository{repoOf(t, host+"/a/app"), repoOf(t, host+"/b/app")}
	client := registry.New(registry.Options{
		Transport: transport.New(transport.Options{Base: registrytest.Net{host: r}}),
		Keychain:  &registry.Keychain{Given: []registry.Credential{credential(host+"/a", "a", "1"), credential(host+"/b", "b", "2")}},
		Push:      repos,
	})
	for _, repo := range repos {
		r.PushImage(t, repo.RepositoryStr()+":1", "linux/amd64")
		m, err := client.Repository(repo).Manifest(t.Context(), "1")
		if err == nil {
			err = client.Repository(repo).Put(t.Context(), "2", m)
		}
		if err != nil {
			t.Errorf("%s: %v", repo, err)
		}
	}
	if client.Repository(repos[0]) != client.Repository(repos[0]) {
		t.Error("a repository has two connections, want one")
	}
	if pings, tokens := counts(r, http.MethodGet, "/v2/")-counts(r, http.MethodGet, "/v2/a/")-counts(r, http.MethodGet, "/v2/b/"), counts(r, http.MethodGet, "/token"); pings != 1 || tokens != 2 {
		t.Errorf("%d pings and %d tokens, want one and two", pings, tokens)
	}
}
