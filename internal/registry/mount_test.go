// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
)

const base = "acme/base" // a repository to mount from

// mount is a request to mount.
func mount(q registrytest.Request) bool { return q.Query.Has("mount") }

func TestMount(t *testing.T) {
	t.Parallel()
	for _, o := range []registrytest.Options{{}, {Users: withUser()}, {Users: withUser(), Bearer: true}} {
		r := registrytest.New(o)
		repo := open(t, image, r, account())
		for name, content := range blobs() {
			desc := put(t, r, base, content)
			if got, err := repo.Mount(t.Context(), desc.Digest, repoOf(t, host+"/"+base)); !got || err != nil {
				t.Errorf("%s: Mount = %t, %v, want true", name, got, err)
			}
			if _, ok := r.Blob(path, desc.Digest); !ok {
				t.Errorf("%s: it is not there", name)
			}
		}
		want := []string{"GET /v2/"} // the ping, and a token for both repositories
		if o.Bearer {
			want = append(want, "GET /token")
		}
		for range blobs() {
			want = append(want, "POST /v2/acme/app/blobs/uploads/")
		}
		var got []string
		for _, q := range r.Requests() {
			got = append(got, q.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v: requests (-want +got):\n%s", o, diff)
		}
	}
}

// TestMountRefused asks for what a registry does not, or not all, do.
func TestMountRefused(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{400: 2, 401: 1, 403: 1, 404: 2, 405: 1, 409: 2} {
		r := registrytest.New(registrytest.Options{Users: withUser()})
		desc := put(t, r, base, []byte("layer"))
		r.Inject(registrytest.Fault{Match: mount, Status: status})
		repo := open(t, image, r, account())
		for range 2 {
			if got, err := repo.Mount(t.Context(), desc.Digest, repoOf(t, host+"/"+base)); got || err != nil {
				t.Errorf("Mount answered with %d = %t, %v, want false", status, got, err)
			}
		}
		if got := counts(r, http.MethodPost, "/"); got != want {
			t.Errorf("asked %d times although it was answered with %d, want %d", got, status, want)
		}
	}
	for _, fault := range []registrytest.Fault{{Status: 500}, {Status: 503}, {Reset: true}} {
		synctest.Test(t, func(t *testing.T) {
			r := registrytest.New(registrytest.Options{})
			desc := put(t, r, base, []byte("layer"))
			fault.Match = mount
			r.Inject(fault)
			if got, err := open(t, image, r, nil).Mount(t.Context(), desc.Digest, repoOf(t, host+"/"+base)); got || err == nil {
				t.Errorf("Mount answered with %d = %t, %v, want an error", fault.Status, got, err)
			}
		})
	}
}

// TestMountAnonymous mounts where nobody has to sign in, but for that.
func TestMountAnonymous(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	desc := put(t, r, base, []byte("layer"))
	r.Inject(registrytest.Fault{Match: mount, Status: http.StatusUnauthorized})
	repo := open(t, image, r, nil)
	for range 2 {
		if got, err := repo.Mount(t.Context(), desc.Digest, repoOf(t, host+"/"+base)); got || err != nil {
			t.Errorf("Mount = %t, %v, want false", got, err)
		}
	}
	if got := counts(r, http.MethodPost, "/"); got != 1 {
		t.Errorf("asked %d times although it was refused, want once", got)
	}
}

// TestMountElsewhere proves that nothing is asked for where there is nothing to be had.
func TestMountElsewhere(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	desc := put(t, r, path, []byte("layer"))
	for _, from := range []string{image, "other.example/acme/base"} {
		if got, err := open(t, image, r, nil).Mount(t.Context(), desc.Digest, repoOf(t, from)); got || err != nil {
			t.Errorf("Mount from %s = %t, %v, want false", from, got, err)
		}
	}
	if got := r.Requests(); len(got) != 0 {
		t.Errorf("sent %v, want nothing", got)
	}
}

// TestMountSession proves that an upload that the registry begins in the place of a mount is the one that is used.
func TestMountSession(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	content := []byte("layer")
	desc := describe(content)
	repo := open(t, image, r, nil)
	if got, err := repo.Mount(t.Context(), desc.Digest, repoOf(t, host+"/"+base)); got || err != nil {
		t.Fatalf("Mount of what is not there = %t, %v, want false", got, err)
	}
	if err := repo.Upload(t.Context(), desc, bytes.NewReader(content)); err != nil {
		t.Fatalf("Upload: %v", err)
	}
	if n := counts(r, http.MethodPost, "/v2/"); n != 1 || r.OpenUploads() != 0 {
		t.Errorf("%d POSTs and %d uploads that are not finished, want one and none", n, r.OpenUploads())
	}
	if err := repo.Upload(t.Context(), desc, bytes.NewReader(content)); err != nil {
		t.Errorf("the second Upload: %v", err)
	}
}

// TestMountNotAllowed mounts from a repository that the account may not read: by a registry that says so, and by one whose token server
// refuses a scope that it knows.
func TestMountNotAllowed(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		r := registrytest.New(registrytest.Options{
			Users: withUser(), Bearer: true,
			Allow: func(_, repo, _ string) bool { return repo == path },
		})
		contents := [][]byte{[]byte("one"), []byte("two"), []byte("three")}
		h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strict && req.URL.Path == "/token" && strings.Contains(strings.Join(req.URL.Query()["scope"], " "), base) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			r.ServeHTTP(w, req)
		})
		repo := open(t, image, h, &registry.Keychain{Given: []registry.Credential{credential(host, "bot", "secret")}})
		for _, content := range contents {
			desc := put(t, r, base, content)
			if got, err := repo.Mount(t.Context(), desc.Digest, repoOf(t, host+"/"+base)); got || err != nil {
				t.Errorf("strict %t: Mount = %t, %v, want false", strict, got, err)
			}
			if err := repo.Upload(t.Context(), desc, bytes.NewReader(content)); err != nil {
				t.Errorf("strict %t: Upload: %v", strict, err)
			}
		}
		if r.OpenUploads() != 0 {
			t.Errorf("strict %t: %d uploads are left", strict, r.OpenUploads())
		}
	}
}
