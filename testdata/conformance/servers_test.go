// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// server is one kind of registry.
type server struct {
	name string
	// start runs the registry until the end of the test, with an empty storage of its own, and returns its host:port.
	start func(t *testing.T) string
	// deletesTags says whether DELETE of a tag removes that tag alone. distribution v2.8 cannot do it at all.
	deletesTags bool
	// login is what it takes to write; zero for nothing.
	login authn.Basic
}

// servers returns the registries of every scenario, all with deletes allowed.
func servers() []server {
	return []server{
		distribution2(true),
		distribution3(true),
		{name: "olareg", start: startOlareg, deletesTags: true},
		{name: "ecr-like", start: startECRLike, deletesTags: true},
	}
}

// serversWithoutDelete returns registries as they come: distribution allows no deletes unless it is told to.
func serversWithoutDelete() []server {
	return []server{distribution2(false), distribution3(false)}
}

// distribution2 is distribution v2.8, Debian's build.
func distribution2(deletes bool) server {
	return server{name: named("distribution-v2.8", deletes), start: func(t *testing.T) string {
		t.Helper()
		return local.NewDistribution(t, lookPath(t, "docker-registry", "docker-registry"), t.TempDir(), deletes).Start(t)
	}}
}

// distribution3 is distribution v3, the version that go.mod pins.
func distribution3(deletes bool) server {
	return server{name: named("distribution-v3", deletes), deletesTags: deletes, start: func(t *testing.T) string {
		t.Helper()
		return local.NewDistribution(t, goTool(t, "registry"), t.TempDir(), deletes).Start(t)
	}}
}

func named(registry string, deletes bool) string {
	if deletes {
		return registry
	}
	return registry + "-without-delete"
}

func startOlareg(t *testing.T) string {
	t.Helper()
	return local.Serve(t, local.Olareg(t))
}

// startECRLike runs a registry with the oddities of Amazon's: no Docker-Content-Digest on reads, no referrers API,
// more than 1000 tags a page refused. Its pages hold three tags, so that every listing takes several.
func startECRLike(t *testing.T) string {
	t.Helper()
	registry := ociserver.New(ocimem.New(), &ociserver.Options{
		OmitDigestFromTagGetResponse: true,
		DisableReferrersAPI:          true,
		MaxListPageSize:              1000,
	})
	return local.Serve(t, withoutDigestOnHead(withPagesOf(3, registry)))
}

// withPagesOf answers a listing with at most n tags and a link to the next page, as a registry may whatever was asked for.
func withPagesOf(n int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		asked, err := strconv.Atoi(query.Get("n"))
		if strings.HasSuffix(r.URL.Path, "/tags/list") && (err != nil || asked > n && asked <= 1000) {
			query.Set("n", strconv.Itoa(n))
			r.URL.RawQuery = query.Encode()
		}
		next.ServeHTTP(w, r)
	})
}

// withoutDigestOnHead drops the digest that ociserver, for all its options, gives with HEAD of a tag.
func withoutDigestOnHead(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && strings.Contains(r.URL.Path, "/manifests/") {
			w = bareHead{w}
		}
		next.ServeHTTP(w, r)
	})
}

type bareHead struct{ http.ResponseWriter }

func (w bareHead) WriteHeader(status int) {
	w.Header().Del("Docker-Content-Digest")
	w.ResponseWriter.WriteHeader(status)
}
