// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/olareg/olareg"
	"github.com/olareg/olareg/config"
)

// login is what every request to the registry needs. Its password is one that a shell must not take apart.
var login = authn.Basic{Username: "releaser", Password: `s3 cr"et$HOME'%s\n`}

// newRegistry runs a registry until the end of the test and returns its repository acme/app.
func newRegistry(t *testing.T) name.Repository {
	t.Helper()
	yes := true
	registry := olareg.New(config.Config{
		Storage: config.ConfigStorage{StoreType: config.StoreMem},
		API:     config.ConfigAPI{DeleteEnabled: &yes},
	})
	t.Cleanup(func() { registry.Close() })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		username, password, _ := r.BasicAuth()
		if username != login.Username || password != login.Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		registry.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	repository, err := name.NewRepository(server.Listener.Addr().String() + "/acme/app")
	if err != nil {
		t.Fatal(err)
	}
	return repository
}

// published is what a repository holds.
type published struct {
	tags      []string // sorted
	digest    string   // of latest
	platforms []string // of latest, in its order
}

func read(t *testing.T, repository name.Repository) published {
	t.Helper()
	tags, err := remote.List(repository, remote.WithAuth(&login), remote.WithContext(t.Context()))
	if err != nil {
		t.Fatalf("listing tags: %v", err)
	}
	slices.Sort(tags)
	p := published{tags: tags}
	for _, tag := range tags {
		index, err := remote.Index(repository.Tag(tag), remote.WithAuth(&login), remote.WithContext(t.Context()))
		if err != nil {
			t.Fatalf("reading tag %s: %v", tag, err)
		}
		digest, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if p.digest != "" && p.digest != digest.String() {
			t.Errorf("tag %s = %s, want %s as the tags before it", tag, digest, p.digest)
		}
		p.digest, p.platforms = digest.String(), platforms(t, index)
	}
	return p
}

func platforms(t *testing.T, index v1.ImageIndex) []string {
	t.Helper()
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list.Manifests {
		out = append(out, d.Platform.String())
	}
	return out
}
