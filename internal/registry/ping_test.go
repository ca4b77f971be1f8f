// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

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
