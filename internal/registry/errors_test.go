// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status                    int
		notFound, refused, denied bool
	}{
		{400, false, true, false},
		{401, false, true, true},
		{403, false, true, true},
		{404, true, true, false},
		{405, false, true, false},
		{408, false, false, false},
		{409, false, true, false},
		{429, false, false, false},
		{500, false, false, false},
		{503, false, false, false},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // 429 is tried again for as long as there is time
			defer cancel()
			r := registrytest.New(registrytest.Options{Users: withUser()})
			r.Inject(registrytest.Fault{Match: registrytest.On(http.MethodPut, ""), Status: tt.status})
			err := open(t, image, r, account()).Put(ctx, "1", release.Manifest{Raw: []byte("{}"), MediaType: types.OCIImageIndex})
			answer, ok := errors.AsType[*registry.Error](err)
			if !ok || answer.Status != tt.status || answer.Denied() != tt.denied {
				t.Fatalf("%d: %v, want a *registry.Error", tt.status, err)
			}
			if errors.Is(err, release.ErrNotFound) != tt.notFound || errors.Is(err, release.ErrRefused) != tt.refused {
				t.Errorf("%d: not found %t, refused %t, want %t, %t", tt.status,
					errors.Is(err, release.ErrNotFound), errors.Is(err, release.ErrRefused), tt.notFound, tt.refused)
			}
			if answer.Login.Username != "bot" || answer.Login.Origin != "input" {
				t.Errorf("%d: the login is %q from %q, want bot from input", tt.status, answer.Login.Username, answer.Login.Origin)
			}
			if text := err.Error(); !strings.Contains(text, "/v2/acme/app/manifests/1") || strings.Contains(text, "secret") {
				t.Errorf("%d: %q; want it to say the request, and no secret", tt.status, text)
			}
		})
	}
}

// TestBroken proves that no connection is no answer: neither "not found" nor "refused".
func TestBroken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{})
		r.Inject(registrytest.Fault{Match: registrytest.On("", "/manifests/"), Reset: true})
		_, err := open(t, image, r, nil).Manifest(t.Context(), "1")
		if _, ok := errors.AsType[*registry.Error](err); err == nil || ok || errors.Is(err, release.ErrNotFound) || errors.Is(err, release.ErrRefused) {
			t.Errorf("Manifest over a broken connection: %v, want an error of neither kind", err)
		}
	})
}

// TestErrorsNameNoSecret goes through the errors of signing in.
func TestErrorsNameNoSecret(t *testing.T) {
	t.Parallel()
	for _, fault := range []registrytest.Fault{
		{Match: registrytest.On("", "/token"), Status: http.StatusForbidden},
		{Match: registrytest.On("", "/token"), Status: http.StatusOK, HTML: true},
		{Match: registrytest.On("", "/token"), Reset: true},
		{Match: registrytest.On("", "^/v2/$"), Status: http.StatusForbidden},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
			r.Inject(fault)
			_, err := open(t, image, r, account()).Manifest(t.Context(), "1")
			if err == nil || !strings.HasPrefix(err.Error(), "signing in to registry.example: ") {
				t.Errorf("Manifest = %v, want an error about signing in", err)
				return
			}
			for _, secret := range []string{"secret", basic("bot", "secret")} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q names a secret", err)
				}
			}
		})
	}
}
