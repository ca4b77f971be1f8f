// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

// withoutAPI are the answers of registries that do not have the referrers API.
func withoutAPI() map[string]http.HandlerFunc {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "404 page not found", code) }
	}
	return map[string]http.HandlerFunc{
		"400": status(400), "404": status(404), "405": status(405), "406": status(406), "501": status(501),
		"JSON": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"referrers": []}`)
		},
		"GHCR": func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, "https://github.example/-"+req.URL.Path, http.StatusSeeOther)
		},
	}
}

// TestFallback puts and lists referrers in registries without an API, which is asked for once.
func TestFallback(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!DOCTYPE html><title>GitHub</title>")
	})
	for name, answer := range withoutAPI() {
		r := registrytest.New(registrytest.Options{})
		asked := 0
		h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.Contains(req.URL.Path, "/referrers/") {
				asked++
				answer(w, req)
				return
			}
			r.ServeHTTP(w, req)
		})
		repo := openOn(t, image, registrytest.Net{host: h, "github.example": page}, nil)
		subject := describe([]byte("subject"))
		for i := range 3 {
			m, entry := referrer(t, r, subject, fmt.Sprintf("example/%d", i))
			if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
				t.Errorf("%s: PutReferrer: %v", name, err)
			}
			if got, err := repo.Referrers(t.Context(), subject.Digest, nil); err != nil || len(got) != i+1 {
				t.Errorf("%s: %d referrers, %v, want %d", name, len(got), err, i+1)
			}
		}
		if asked != 1 {
			t.Errorf("%s: asked %d times for the API, want once", name, asked)
		}
	}
}

// TestFallbackNewRepository proves that a repository that is not there yet does not hide the API.
func TestFallbackNewRepository(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{Referrers: registrytest.ReferrersQuiet})
	repo := open(t, image, r, nil)
	subject := describe([]byte("subject"))
	if got, err := repo.Referrers(t.Context(), subject.Digest, nil); err != nil || len(got) != 0 {
		t.Errorf("Referrers in no repository = %v, %v, want none", got, err)
	}
	m, entry := referrer(t, r, subject, "example/one")
	if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
		t.Errorf("PutReferrer: %v", err)
	}
	if got, err := repo.Referrers(t.Context(), subject.Digest, nil); err != nil || len(got) != 1 {
		t.Errorf("Referrers = %v, %v, want one", got, err)
	}
	if got := r.Tags(path); len(got) != 0 {
		t.Errorf("the tags are %v, want none", got)
	}
}

// TestFallbackConcurrent puts many referrers of one subject side by side.
func TestFallbackConcurrent(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	repo := open(t, image, r, nil)
	subject := describe([]byte("subject"))
	var group sync.WaitGroup
	for i := range 20 {
		m, entry := referrer(t, r, subject, fmt.Sprintf("example/%d", i/2))
		group.Go(func() {
			if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
				t.Errorf("PutReferrer: %v", err)
			}
		})
	}
	group.Wait()
	if got, err := repo.Referrers(t.Context(), subject.Digest, nil); err != nil || len(got) != 10 {
		t.Errorf("%d referrers, %v, want 10", len(got), err)
	}
}

// TestFallbackKeeps adds to an index of somebody else, of which nothing may be lost.
func TestFallbackKeeps(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	repo := open(t, image, r, nil)
	subject := describe([]byte("subject"))
	first, entry := referrer(t, r, subject, "example/one")
	if err := repo.Put(t.Context(), first.Digest.String(), first); err != nil {
		t.Fatal(err)
	}
	tag := "sha256-" + subject.Digest.Hex
	theirs := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"x":{"y":1},"manifests":[{"mediaType":%q,"size":%d,"digest":%q,"future":[1]}],"annotations":{"k":"v"}}`,
		types.OCIImageIndex, entry.MediaType, entry.Size, entry.Digest)
	if err := repo.Put(t.Context(), tag, release.Manifest{Raw: []byte(theirs), MediaType: types.OCIImageIndex, Digest: describe([]byte(theirs)).Digest}); err != nil {
		t.Fatal(err)
	}
	second, entry := referrer(t, r, subject, "example/two")
	if err := repo.PutReferrer(t.Context(), second, entry); err != nil {
		t.Fatal(err)
	}
	raw, _, _ := r.Manifest(path, tag)
	var got struct {
		X         map[string]int `json:"x"`
		Manifests []struct {
			Future []int `json:"future"`
		} `json:"manifests"`
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(raw, &got); err != nil || got.X["y"] != 1 || got.Annotations["k"] != "v" || len(got.Manifests) != 2 || len(got.Manifests[0].Future) != 1 {
		t.Errorf("the index is %s, %v; want all that was there, and one more", raw, err)
	}
}

// TestFallbackForeign proves that a tag that is no index is neither taken for a list of referrers nor overwritten.
func TestFallbackForeign(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	repo := open(t, image, r, nil)
	subject := describe([]byte("subject"))
	tag := "sha256-" + subject.Digest.Hex
	want := r.PushImage(t, path+":"+tag, "linux/amd64")
	if got, err := repo.Referrers(t.Context(), subject.Digest, nil); err != nil || len(got) != 0 {
		t.Errorf("Referrers = %v, %v, want none", got, err)
	}
	m, entry := referrer(t, r, subject, "example/one")
	if err := repo.PutReferrer(t.Context(), m, entry); !errors.Is(err, release.ErrUnsupported) {
		t.Errorf("PutReferrer: %v, want ErrUnsupported", err)
	}
	if got := r.Tags(path)[tag]; got != want.String() {
		t.Errorf("the tag points at %s, want %s", got, want)
	}
}

// TestFallbackIsDigest is a registry that finds the subject itself under the name of the fallback tag: GitLab's.
func TestFallbackIsDigest(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.URL.Path = strings.Replace(req.URL.Path, "/sha256-", "/sha256:", 1)
		r.ServeHTTP(w, req)
	})
	digest := r.PushImage(t, path+":1", "linux/amd64")
	raw, mediaType, _ := r.Manifest(path, "1")
	subject := v1.Descriptor{MediaType: mediaType, Size: int64(len(raw)), Digest: digest}
	repo := open(t, image, h, nil)
	if got, err := repo.Referrers(t.Context(), digest, nil); err != nil || len(got) != 0 {
		t.Errorf("Referrers = %v, %v, want none", got, err)
	}
	m, entry := referrer(t, r, subject, "example/one")
	if err := repo.PutReferrer(t.Context(), m, entry); !errors.Is(err, release.ErrUnsupported) {
		t.Errorf("PutReferrer = %v, want ErrUnsupported", err)
	}
	if err := repo.Put(t.Context(), "2", m); err != nil {
		t.Errorf("Put: %v", err)
	}
	if got := r.Tags(path); len(got) != 2 || got["1"] != digest.String() || got["2"] != m.Digest.String() {
		t.Errorf("the tags are %v", got)
	}
}

// TestFallbackHeader is a registry that says to have processed a subject, and has no API that would show it.
func TestFallbackHeader(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{Referrers: registrytest.ReferrersAPI})
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.URL.Path, "/referrers/") {
			http.NotFound(w, req)
			return
		}
		r.ServeHTTP(w, req)
	})
	repo := open(t, image, h, nil)
	subject := describe([]byte("subject"))
	for want := range 2 {
		if got, err := repo.Referrers(t.Context(), subject.Digest, nil); err != nil || len(got) != want {
			t.Errorf("%d referrers, %v, want %d", len(got), err, want)
		}
		m, entry := referrer(t, r, subject, "example/one")
		if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
			t.Errorf("PutReferrer: %v", err)
		}
	}
}

// TestReferrersHostile lists what has no end, or leads elsewhere.
func TestReferrersHostile(t *testing.T) {
	t.Parallel()
	entries := func(n, pad int) string {
		var all []v1.Descriptor
		for i := range n {
			d := describe(fmt.Append(nil, i))
			d.Annotations = map[string]string{"pad": strings.Repeat("x", pad)}
			all = append(all, d)
		}
		raw, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: all})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	tests := map[string]struct{ body, next string }{
		"too many":               {entries(1001, 0), ""},
		"the same page for ever": {entries(1, 0), "?page=1"},
		"large pages for ever":   {entries(1, 1<<20), "?page=1"},
		"too large":              {entries(1, 5<<20), ""},
		"another host":           {entries(1, 0), "https://other.example/v2/"},
		"no URL":                 {entries(1, 0), "https://other.example:port/"},
		"no digest":              {`{"manifests": [{"digest": "sha256:../../etc/passwd"}]}`, ""},
		"broken":                 {`{"manifests": [`, ""},
	}
	for name, tt := range tests {
		h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v2/" {
				return
			}
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			if tt.next != "" {
				w.Header().Set("Link", "<"+tt.next+`>; rel="next"`)
			}
			io.WriteString(w, tt.body)
		})
		r := registrytest.Record(h)
		if got, err := open(t, image, r, nil).Referrers(t.Context(), describe(nil).Digest, nil); err == nil {
			t.Errorf("%s: Referrers = %d entries, want an error", name, len(got))
		}
		if n := len(r.Requests()); n > 102 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}
