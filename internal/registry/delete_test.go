// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

func TestDelete(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status int // 0: the registry's own answer
		err    error
		denied bool
		ok     bool
	}{
		{status: 0, ok: true},
		{status: 200, ok: true},
		{status: 202, ok: true},
		{status: 404, ok: true}, // gone already
		{status: 400, err: release.ErrUnsupported},
		{status: 405, err: release.ErrUnsupported},
		{status: 501, err: release.ErrUnsupported},
		{status: 401, err: release.ErrRefused, denied: true},
		{status: 403, err: release.ErrRefused, denied: true},
		{status: 409, err: release.ErrRefused}, // immutable
		{status: 503},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			r := registrytest.New(registrytest.Options{})
			digest := r.PushImage(t, path+":1", "linux/amd64")
			r.Tag(t, path, digest, "2")
			if tt.status != 0 {
				r.Inject(registrytest.Fault{Match: registrytest.On(http.MethodDelete, ""), Status: tt.status})
			}
			err := open(t, image, r, account()).Delete(t.Context(), "1")
			if tt.ok != (err == nil) || tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("Delete answered with %d: %v, want %v", tt.status, err, tt.err)
			}
			if errors.Is(err, release.ErrUnsupported) != (tt.err == release.ErrUnsupported) { //nolint:errorlint // the row's own value
				t.Errorf("Delete answered with %d: %v; is it unsupported?", tt.status, err)
			}
			if answer, ok := errors.AsType[*registry.Error](err); tt.denied && (!ok || !answer.Denied()) {
				t.Errorf("Delete answered with %d: %v, want one that is denied", tt.status, err)
			}
			if got := counts(r, http.MethodDelete, "/v2/"+path+"/manifests/1"); got != counts(r, http.MethodDelete, "/") {
				t.Errorf("something else than the tag was deleted: %v", r.Requests())
			}
			if got := r.Tags(path)["2"]; got != digest.String() {
				t.Errorf("the other tag of the manifest points at %q", got)
			}
		})
	}
}

// TestDeleteKinds goes through the registries that can delete everything, manifests alone, and nothing.
func TestDeleteKinds(t *testing.T) {
	t.Parallel()
	for kind, want := range map[registrytest.Delete]error{
		registrytest.DeleteAll:       nil,
		registrytest.DeleteManifests: release.ErrUnsupported,
		registrytest.DeleteNothing:   release.ErrUnsupported,
	} {
		r := registrytest.New(registrytest.Options{Delete: kind})
		digest := r.PushImage(t, path+":1", "linux/amd64")
		if err := open(t, image, r, nil).Delete(t.Context(), "1"); !errors.Is(err, want) {
			t.Errorf("kind %d: Delete = %v, want %v", kind, err, want)
		}
		if _, _, ok := r.Manifest(path, digest.String()); !ok {
			t.Errorf("kind %d: the manifest is gone with its tag", kind)
		}
		if _, still := r.Tags(path)["1"]; still != (want != nil) {
			t.Errorf("kind %d: the tag is there: %t", kind, still)
		}
	}
}

// TestDeleteScope deletes with a token whose scope was pull and push alone at first.
func TestDeleteScope(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
	r.PushImage(t, path+":1", "linux/amd64")
	if err := open(t, image, r, account()).Delete(t.Context(), "1"); err != nil {
		t.Errorf("Delete = %v", err)
	}
	if got := len(r.Tags(path)); got != 0 {
		t.Errorf("%d tags are left, want none", got)
	}
}

// TestDeleteDockerHub proves that nothing is sent to the registry of Docker Hub, which takes the request and keeps the tag.
func TestDeleteDockerHub(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"acme/app", "docker.io/acme/app", "index.docker.io/acme/app", "registry-1.docker.io/acme/app"} {
		r := registrytest.New(registrytest.Options{})
		if err := open(t, text, r, nil).Delete(t.Context(), "1"); !errors.Is(err, release.ErrUnsupported) {
			t.Errorf("%s: Delete = %v, want ErrUnsupported", text, err)
		}
		if got := len(r.Requests()); got != 0 {
			t.Errorf("%s: %d requests, want none", text, got)
		}
	}
}
