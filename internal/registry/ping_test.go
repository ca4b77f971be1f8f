// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/transport"
)

// TestOnePing: that a registry has no TLS, and how to sign in there, is found out once for all repositories, however many are opened at
// the same time.
func TestOnePing(t *testing.T) {
	t.Parallel()
	const plain = "localhost:5000"
	r := registrytest.New(registrytest.Options{})
	tap := &schemes{base: registrytest.Net{"http://" + plain: r}, seen: make(chan string, 100)}
	client := registry.New(registry.Options{Transport: transport.New(transport.Options{Base: tap})})
	const repositories = 8
	errs := make(chan error, repositories)
	for i := range repositories {
		repo := repoOf(t, fmt.Sprintf("%s/acme/app%d", plain, i))
		r.Tag(t, repo.RepositoryStr(), r.PushImage(t, repo.RepositoryStr(), "linux/amd64"), "1")
		go func(repo name.Repository) {
			_, err := client.Repository(repo).Manifest(t.Context(), "1")
			errs <- err
		}(repo)
	}
	for range repositories {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	close(tap.seen)
	pings := map[string]int{}
	for scheme := range tap.seen {
		pings[scheme]++
	}
	if pings["https"] != 1 || pings["http"] != 1 {
		t.Errorf("pings by scheme: %v, want one each", pings)
	}
}

// schemes notes the schemes of pings.
type schemes struct {
	base http.RoundTripper
	seen chan string
}

func (s *schemes) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Path == "/v2/" {
		s.seen <- req.URL.Scheme
	}
	return s.base.RoundTrip(req)
}

// TestPingOfOthers: what a registry answered to somebody who reads without credentials is no way in for somebody who is to write.
func TestPingOfOthers(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
	target := repoOf(t, image)
	client := registry.New(registry.Options{
		Transport: transport.New(transport.Options{Base: registrytest.Net{host: r}}),
		Push:      []name.Repository{target},
	})
	_, _ = client.Repository(repoOf(t, host+"/acme/base")).Manifest(t.Context(), "1")
	_, err := client.Repository(target).Manifest(t.Context(), "1")
	if _, ok := errors.AsType[*registry.NoCredentialsError](err); !ok {
		t.Errorf("error = %v, want a %T", err, &registry.NoCredentialsError{})
	}
}

// TestPingEnds: who waits for the ping of somebody who gives up sends one, and can give up, too.
func TestPingEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{})
		r.PushImage(t, "acme/b:1", "linux/amd64")
		pings := 0
		h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v2/" {
				if pings++; pings == 1 {
					<-req.Context().Done()
					return
				}
			}
			r.ServeHTTP(w, req)
		})
		client := registry.New(registry.Options{Transport: transport.New(transport.Options{Base: registrytest.Net{host: h}})})
		read := func(repo string, limit time.Duration) <-chan error {
			done := make(chan error, 1)
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			go func() {
				defer cancel()
				_, err := client.Repository(repoOf(t, host+"/acme/"+repo)).Manifest(ctx, "1")
				done <- err
			}()
			synctest.Wait()
			return done
		}
		first, hasty, patient := read("a", 2*time.Second), read("c", time.Second), read("b", time.Minute)
		for name, done := range map[string]<-chan error{"first": first, "hasty": hasty} {
			if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v, want that its time is over", name, err)
			}
		}
		if err := <-patient; err != nil || pings != 2 {
			t.Errorf("patient: %v after %d pings, want none after two", err, pings)
		}
	})
}

// TestPingFails: those who wait for a ping share its failure, and do not try again one after the other; who comes later does.
func TestPingFails(t *testing.T) {
	t.Parallel()
	for what, answer := range map[string]http.HandlerFunc{
		"unavailable": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"forbidden":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<h1>Welcome</h1>")
		},
		"a broken connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := registrytest.New(registrytest.Options{})
				r.PushImage(t, "acme/later:1", "linux/amd64")
				good, pings := false, 0
				h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if good {
						r.ServeHTTP(w, req)
						return
					}
					pings++
					time.Sleep(time.Second)
					answer(w, req)
				})
				client := registry.New(registry.Options{Transport: transport.New(transport.Options{Base: registrytest.Net{host: h}})})
				errs := make(chan error)
				for i := range 3 {
					repo := repoOf(t, fmt.Sprintf("%s/acme/app%d", host, i))
					go func() {
						_, err := client.Repository(repo).Manifest(t.Context(), "1")
						errs <- err
					}()
				}
				for range 3 {
					if err := <-errs; err == nil {
						t.Error("no error")
					}
				}
				if pings > 6 { // one, with the retries of the transport
					t.Errorf("%d pings", pings)
				}
				good = true
				if _, err := client.Repository(repoOf(t, host+"/acme/later")).Manifest(t.Context(), "1"); err != nil {
					t.Errorf("later: %v", err)
				}
			})
		})
	}
}
