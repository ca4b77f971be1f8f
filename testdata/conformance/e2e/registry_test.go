// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"io"
	"log"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// registry is a registry on loopback which may ask for a password, and whose answers a test may hold or replace.
type registry struct {
	host  string
	login authn.Basic // zero: nobody is asked
	// repository is the one that is released to.
	repository name.Repository
	next       http.Handler

	mu sync.Mutex
	// before, if not nil, sees every request first and tells whether it has answered it.
	before func(w http.ResponseWriter, r *http.Request) bool
}

// newRegistry runs a registry until the end of the test. Its repository acme/app holds BuildKit's images of seven platforms.
func newRegistry(t *testing.T, login authn.Basic) *registry {
	t.Helper()
	r := &registry{login: login, next: ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)))}
	r.host = local.Serve(t, local.WithPassword(login, r))
	var err error
	if r.repository, err = name.NewRepository(r.host + "/acme/app"); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(filepath.Join(root, "testdata", "fixtures", "attested"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	images := map[name.Reference]remote.Taggable{}
	for _, d := range list.Manifests {
		tag := d.Annotations["org.opencontainers.image.ref.name"]
		if tag == "" {
			continue // a child of another
		}
		child, err := index.ImageIndex(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		images[r.repository.Tag(tag)] = child
	}
	if err := remote.MultiWrite(images, remote.WithContext(t.Context()), remote.WithAuth(&r.login)); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *registry) image() string { return r.repository.Name() }

// digest returns what a tag points at, or "" if there is no such tag.
func (r *registry) digest(t *testing.T, tag string) string {
	t.Helper()
	got, err := remote.Head(r.repository.Tag(tag), remote.WithContext(t.Context()), remote.WithAuth(&r.login))
	if err != nil {
		return ""
	}
	return got.Digest.String()
}

// wantTags checks that the tags of v1.2.3 are there, and returns the digest that they share.
func (r *registry) wantTags(t *testing.T) string {
	t.Helper()
	digest := r.digest(t, "1.2.3")
	for _, tag := range versionTags() {
		if got := r.digest(t, tag); got != digest || digest == "" {
			t.Errorf("%s = %q, want %q", tag, got, digest)
		}
	}
	return digest
}

// duration is how long a release took.
var duration = regexp.MustCompile(`platforms, [0-9.]+m?s\b`)

// anonymous takes out of a text what differs between two runs.
func (r *registry) anonymous(text string) string {
	return duration.ReplaceAllString(strings.ReplaceAll(text, r.host, "REGISTRY"), "platforms, TIME")
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	before := r.before
	r.mu.Unlock()
	if before == nil || !before(w, req) {
		r.next.ServeHTTP(w, req)
	}
}

// intercept sets what sees every request from now on.
func (r *registry) intercept(before func(w http.ResponseWriter, r *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = before
}

// instead answers the writing of a tag.
func (r *registry) instead(tag string, answer http.HandlerFunc) {
	r.intercept(func(w http.ResponseWriter, req *http.Request) bool {
		if !puts(req, tag) {
			return false
		}
		answer(w, req)
		return true
	})
}

// puts reports whether a request is the first writing of a tag.
func puts(r *http.Request, tag string) bool {
	return r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/manifests/"+tag)
}
