// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		r := registrytest.New(registrytest.Options{NoDigestHeader: quiet})
		one, two := r.PushImage(t, path+":1", "linux/amd64"), r.PushImage(t, path+":2", "linux/arm64")
		repo := open(t, image, r, nil)
		refs := []string{"1", "2", "none", one.String(), "sha256:" + strings.Repeat("0", 64)}
		for range 2 {
			got, err := repo.Resolve(t.Context(), refs)
			if err != nil || len(got) != 3 || got["1"] != one || got["2"] != two || got[one.String()] != one {
				t.Errorf("quiet %t: Resolve(%q) = %v, %v", quiet, refs, got, err)
			}
			if quiet { // a HEAD is not tried again
				r.Inject(registrytest.Fault{Match: registrytest.On(http.MethodHead, ""), Status: http.StatusTeapot})
			}
		}
		if gets := counts(r, http.MethodGet, "/v2/"+path); !quiet && gets != 0 {
			t.Errorf("%d GETs where a HEAD says the digest, want none", gets)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 405, 501} {
		r := registrytest.New(registrytest.Options{})
		r.PushImage(t, path+":1", "linux/amd64")
		r.Inject(registrytest.Fault{Match: registrytest.On(http.MethodHead, "/manifests/2"), Status: status})
		if got, err := open(t, image, r, nil).Resolve(t.Context(), []string{"1", "2"}); err == nil || got != nil {
			t.Errorf("Resolve where one answer is %d = %v, %v, want an error alone", status, got, err)
		}
	}
}

// TestNoManifest proves that what is no manifest is not taken for one, nor for the answer where a tag points.
func TestNoManifest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ contentType, body string }{
		"HTML":             {"text/html; charset=utf-8", "<!DOCTYPE html><title>Sign in</title>"},
		"HTML as manifest": {string(types.OCIImageIndex), "<!DOCTYPE html><title>Sign in</title>"},
		"nothing":          {string(types.OCIImageIndex), ""},
		"half":             {string(types.OCIImageIndex), `{"schemaVersion": 2, "manif`},
		"a list":           {string(types.OCIImageIndex), `["schemaVersion"]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path != "/v2/" {
					w.Header().Set("Content-Type", tt.contentType)
					w.Header().Set("Content-Length", strconv.Itoa(len(tt.body)))
					io.WriteString(w, tt.body)
				}
			})
			repo := open(t, image, page, nil)
			if got, err := repo.Manifest(t.Context(), "1"); err == nil || errors.Is(err, release.ErrNotFound) {
				t.Errorf("Manifest = %s %s, %v, want an error", got.MediaType, got.Raw, err)
			}
			if got, err := repo.Resolve(t.Context(), []string{"1"}); err == nil {
				t.Errorf("Resolve = %v, want an error", got)
			}
		})
	}
}

// TestPage lets a portal answer in the place of the registry. Nothing that it says is a success.
func TestPage(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"^/v2/$", "^/token$", "^/v2/acme/"} {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
		r.PushImage(t, path+":1", "linux/amd64")
		r.Inject(registrytest.Fault{Match: registrytest.On("", where), Status: http.StatusOK, HTML: true})
		repo := open(t, image, r, account())
		if got, err := repo.Resolve(t.Context(), []string{"1"}); err == nil {
			t.Errorf("a page at %s: Resolve = %v, want an error", where, got)
		}
		if got, err := repo.List(t.Context()); err == nil {
			t.Errorf("a page at %s: List = %v, want an error", where, got)
		}
		if err := repo.Put(t.Context(), "2", release.Manifest{Raw: []byte("{}"), MediaType: types.OCIImageIndex}); err == nil || errors.Is(err, release.ErrRefused) {
			t.Errorf("a page at %s: Put = %v, want an error", where, err)
		}
		if err := repo.Delete(t.Context(), "1"); err == nil {
			t.Errorf("a page at %s: Delete = nil, want an error", where)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		r := registrytest.New(registrytest.Options{NoDigestHeader: quiet})
		digest := r.PushImage(t, path+":1", "linux/amd64")
		repo := open(t, image, r, nil)
		want, mediaType, _ := r.Manifest(path, "1")
		for _, ref := range []string{"1", digest.String()} {
			got, err := repo.Manifest(t.Context(), ref)
			if err != nil || got.Digest != digest || got.MediaType != mediaType || !bytes.Equal(got.Raw, want) {
				t.Errorf("Manifest(%q) = %s %s, %v, want %s", ref, got.Digest, got.MediaType, err, digest)
			}
		}
		if _, err := repo.Manifest(t.Context(), "none"); !errors.Is(err, release.ErrNotFound) {
			t.Errorf("Manifest of no tag: %v, want ErrNotFound", err)
		}
	}
}

func TestManifestBounds(t *testing.T) {
	t.Parallel()
	wrong := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
		text := `{"schemaVersion": 2}`
		if strings.HasSuffix(req.URL.Path, "/large") {
			text = `{"pad": "` + strings.Repeat("x", 4<<20) + `"}`
		}
		io.WriteString(w, text)
	})
	repo := open(t, image, wrong, nil)
	if _, err := repo.Manifest(t.Context(), "large"); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Manifest of more than 4 MiB: %v, want an error", err)
	}
	if _, err := repo.Manifest(t.Context(), "sha256:"+strings.Repeat("0", 64)); err == nil || errors.Is(err, release.ErrNotFound) {
		t.Errorf("Manifest with another digest than asked for: %v, want an error", err)
	}
}

func TestBlob(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	r.PushImage(t, path+":1", "linux/amd64")
	raw, _, _ := r.Manifest(path, "1")
	var manifest v1.Manifest
	if err := json.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	repo := open(t, image, r, nil)
	got, err := repo.Blob(t.Context(), manifest.Config)
	if err != nil || !bytes.Contains(got, []byte(`"architecture":"amd64"`)) {
		t.Errorf("Blob = %s, %v, want the config", got, err)
	}
	if n := counts(r, http.MethodHead, "/v2/"+path+"/blobs"); n != 0 {
		t.Errorf("%d HEADs before the GET of a blob, want none", n)
	}
	absent := manifest.Config
	absent.Digest.Hex = strings.Repeat("0", 64)
	if _, err := repo.Blob(t.Context(), absent); !errors.Is(err, release.ErrNotFound) {
		t.Errorf("Blob of what is not there: %v, want ErrNotFound", err)
	}
	r.ResetRequests()
	large := manifest.Config
	large.Size = 4<<20 + 1
	if _, err := repo.Blob(t.Context(), large); err == nil || len(r.Requests()) != 0 {
		t.Errorf("Blob of more than 4 MiB: %v and %d requests, want an error and none", err, len(r.Requests()))
	}
}

func TestBlobVerifies(t *testing.T) {
	t.Parallel()
	other := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "something else") })
	digest := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}
	if got, err := open(t, image, other, nil).Blob(t.Context(), v1.Descriptor{Digest: digest, Size: 14}); err == nil {
		t.Errorf("Blob with another digest = %s, want an error", got)
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	digest := r.PushImage(t, path+":1", "linux/amd64")
	repo := open(t, image, r, nil)
	m, err := repo.Manifest(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	r.ResetRequests()
	for _, ref := range []string{"2", "2", digest.String()} {
		if err := repo.Put(t.Context(), ref, m); err != nil {
			t.Errorf("Put(%q): %v", ref, err)
		}
	}
	if got := r.Tags(path)["2"]; got != digest.String() {
		t.Errorf("the tag points at %s, want %s", got, digest)
	}
	raw, mediaType, _ := r.Manifest(path, "2")
	if mediaType != m.MediaType || !bytes.Equal(raw, m.Raw) {
		t.Errorf("put %s %s, want %s %s", mediaType, raw, m.MediaType, m.Raw)
	}
	if got := len(r.Requests()); got != 3 {
		t.Errorf("3 Puts took %d requests: %v", got, r.Requests())
	}
}

// TestPutStoresSomethingElse: a registry that converts what it is given has not taken it.
func TestPutStoresSomethingElse(t *testing.T) {
	t.Parallel()
	other := "sha256:" + strings.Repeat("0", 64)
	repo := open(t, image, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPut {
			w.Header().Set("Docker-Content-Digest", other)
			w.WriteHeader(http.StatusCreated)
		}
	}), account())
	digest, _, err := v1.SHA256(strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	m := release.Manifest{Raw: []byte("{}"), MediaType: types.OCIImageIndex, Digest: digest}
	if err := repo.Put(t.Context(), "1", m); err == nil || !strings.Contains(err.Error(), "says that it stored "+other) {
		t.Errorf("Put = %v, want an error that names %s", err, other)
	}
}

// TestOneRetry proves that internal/transport alone tries again: go-containerregistry's own loop would multiply its attempts.
func TestOneRetry(t *testing.T) {
	t.Parallel()
	const attempts = 6 // the first, and transport's five retries
	tests := map[string]func(ctx context.Context, repo release.Repository) error{
		"PUT": func(ctx context.Context, repo release.Repository) error {
			return repo.Put(ctx, "1", release.Manifest{Raw: []byte("{}"), MediaType: types.OCIImageIndex})
		},
		"GET": func(ctx context.Context, repo release.Repository) error {
			_, err := repo.Manifest(ctx, "1")
			return err
		},
		"HEAD": func(ctx context.Context, repo release.Repository) error {
			_, err := repo.Resolve(ctx, []string{"1"})
			return err
		},
		"DELETE": func(ctx context.Context, repo release.Repository) error { return repo.Delete(ctx, "1") },
	}
	for method, ask := range tests {
		for _, fault := range []registrytest.Fault{{Status: http.StatusServiceUnavailable}, {Reset: true}} {
			synctest.Test(t, func(t *testing.T) {
				r := registrytest.New(registrytest.Options{})
				fault.Match = registrytest.On(method, "/manifests/")
				r.Inject(fault)
				if err := ask(t.Context(), open(t, image, r, nil)); err == nil {
					t.Errorf("%s of a registry that is down: no error", method)
				}
				if got := counts(r, method, "/v2/"+path+"/manifests/"); got != attempts {
					t.Errorf("%s with status %d was sent %d times, want %d", method, fault.Status, got, attempts)
				}
			})
		}
	}
}
