// SPDX-License-Identifier: Apache-2.0

package hubtest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/registrytest"
)

func TestSlowDeletes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options hubtest.Options
		want    int // DELETEs, a second apart, after which the tag still shows
	}{
		{"at once", hubtest.Options{}, 0},
		{"ignored twice", hubtest.Options{IgnoredDeletes: 2}, 2},
		{"late", hubtest.Options{DeleteDelay: 2 * time.Second}, 1},
		{"ignored, then late", hubtest.Options{IgnoredDeletes: 1, DeleteDelay: time.Second}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt.options.Accounts = accounts()
				h := hubtest.New(tt.options)
				h.Push("acme/app", "kept", digest)
				h.Push("acme/app", "x", digest)
				token := signIn(t, h, "owner", "password")
				got := 0
				for range 3 {
					do(t, h, "DELETE", app+"/tags/x", token, "")
					time.Sleep(time.Second)
					if do(t, h, "GET", app+"/tags/x", token, "").status == 200 {
						got++
					}
				}
				if got != tt.want {
					t.Errorf("it shows after %d DELETEs, want %d", got, tt.want)
				}
				if diff := cmp.Diff([]string{"kept"}, h.TagNames("acme/app")); diff != "" {
					t.Errorf("TagNames (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestPushEndsADelete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(hubtest.Options{Accounts: accounts(), DeleteDelay: time.Second})
		h.Push("acme/app", "x", digest)
		do(t, h, "DELETE", app+"/tags/x", signIn(t, h, "owner", "password"), "")
		h.Push("acme/app", "x", digest)
		time.Sleep(time.Minute)
		if diff := cmp.Diff([]string{"x"}, h.TagNames("acme/app")); diff != "" {
			t.Errorf("TagNames (-want +got):\n%s", diff)
		}
	})
}

// behind makes a registry the one behind a Hub.
type behind struct {
	*registrytest.Registry

	t *testing.T
}

func (b behind) DeleteTag(repo, tag string) {
	put(b.t, b.Registry, "DELETE", "/v2/"+repo+"/manifests/"+tag, nil, "")
}

// put sends a request to a registry, whose answer may get lost.
func put(t *testing.T, h http.Handler, method, path string, body []byte, mediaType string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://registry.example"+path, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	res, err := registrytest.Net{"registry.example": h}.RoundTrip(req)
	if err == nil {
		res.Body.Close()
	}
}

func TestRegistryBehind(t *testing.T) {
	t.Parallel()
	registry := registrytest.New(registrytest.Options{})
	h := hubtest.New(hubtest.Options{Accounts: accounts(), Tags: behind{registry, t}})
	front := h.Observe(registry)
	if res := do(t, h, "GET", app, "", ""); res.status != 404 {
		t.Errorf("an empty repository = %d, want 404", res.status)
	}
	image := registry.PushImage(t, "acme/app:12be34-linux-amd64", "linux/amd64")
	body, mediaType, _ := registry.Manifest("acme/app", image.String())
	push := func(ref string) { put(t, front, "PUT", "/v2/acme/app/manifests/"+ref, body, string(mediaType)) }

	registry.Inject(registrytest.Fault{Match: registrytest.On("PUT", "/latest$"), Times: 1, Applied: true, Reset: true})
	push(image.String())
	push("latest")
	push("1")
	push("1.2")
	push("1.2.3")
	push("no tag")
	if diff := cmp.Diff([]string{"1.2.3", "1.2", "1", "latest", "12be34-linux-amd64"}, h.TagNames("acme/app")); diff != "" {
		t.Errorf("TagNames (-want +got):\n%s", diff)
	}
	push("latest")
	token := signIn(t, h, "owner", "password")
	if res := do(t, h, "DELETE", app+"/tags/12be34-linux-amd64", token, ""); res.status != 204 {
		t.Errorf("DELETE = %d %s, want 204", res.status, res.body)
	}
	if diff := cmp.Diff([]string{"latest", "1.2.3", "1.2", "1"}, h.TagNames("acme/app")); diff != "" {
		t.Errorf("TagNames (-want +got):\n%s", diff)
	}
	if _, _, ok := registry.Manifest("acme/app", image.String()); !ok {
		t.Error("the manifest is gone with its tag")
	}
	if got := registry.Tags("acme/app"); len(got) != 4 {
		t.Errorf("Tags = %v, want 4", got)
	}
	if !slices.Contains(registry.Writes(), "DELETE acme/app:12be34-linux-amd64") {
		t.Errorf("Writes = %q, want the DELETE among them", registry.Writes())
	}
	defer func() {
		if recover() == nil {
			t.Error("Push to a Hub with a registry behind it did not panic")
		}
	}()
	h.Push("acme/app", "x", digest)
}
