// SPDX-License-Identifier: Apache-2.0

package registrytest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/polytag/polytag/internal/registrytest"
)

func as(user, password string) remote.Option {
	return remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: user, Password: password}))
}

func TestAuth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		user, password string // no user: anonymous
		repo           string

		read, write, remove          int // status with Basic; 0: it works
		readTok, writeTok, removeTok int // the same with Bearer
	}{
		{"all rights", "admin", "secret", "acme/app", 0, 0, 0, 0, 0, 0},
		{"pull only", "reader", "secret", "acme/app", 0, 403, 403, 0, 401, 401},
		{"no delete", "writer", "secret", "acme/app", 0, 0, 403, 0, 0, 401},
		{"another repository", "writer", "secret", "acme/other", 403, 403, 403, 401, 401, 401},
		{"wrong password", "admin", "wrong", "acme/app", 401, 401, 401, 401, 401, 401},
		{"no such user", "nobody", "", "acme/app", 401, 401, 401, 401, 401, 401},
		{"anonymous", "", "", "acme/app", 401, 401, 401, 401, 401, 401},
	}
	for _, tt := range tests {
		for _, bearer := range []bool{false, true} {
			want := []int{tt.read, tt.write, tt.remove}
			scheme := "Basic"
			if bearer {
				want, scheme = []int{tt.readTok, tt.writeTok, tt.removeTok}, "Bearer"
			}
			t.Run(tt.name+"/"+scheme, func(t *testing.T) {
				t.Parallel()
				r := registrytest.New(registrytest.Options{
					Users: map[string]string{"admin": "secret", "reader": "secret", "writer": "secret"},
					Allow: func(user, repo, action string) bool {
						return user == "admin" || user == "reader" && action == "pull" ||
							user == "writer" && action != "delete" && repo == "acme/app"
					},
					Bearer: bearer,
				})
				r.PushImage(t, tt.repo+":x", "linux/amd64")
				auth := remote.WithAuth(authn.Anonymous)
				if tt.user != "" {
					auth = as(tt.user, tt.password)
				}
				o := opts(t, r, auth)
				_, read := remote.Get(ref(t, tt.repo+":x"), o...)
				write := remote.Write(ref(t, tt.repo+":y"), registrytest.Image(t, "y", "linux/amd64"), o...)
				remove := remote.Delete(ref(t, tt.repo+":x"), o...)
				got := []int{status(t, read), status(t, write), status(t, remove)}
				if !slices.Equal(got, want) {
					t.Errorf("read, write, delete = %v, want %v", got, want)
				}
			})
		}
	}
}

// status returns the status of a registry's error, 0 for none.
func status(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	terr, ok := errors.AsType[*transport.Error](err)
	if !ok {
		t.Fatalf("%v (%T), want an answer", err, err)
	}
	return terr.StatusCode
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{Users: map[string]string{"u": "p"}, Bearer: true})
	net := registrytest.Net{host: r}
	const realm = `realm="https://registry.example/token",service="registry"`
	tests := []struct{ method, path, token, want string }{
		{"GET", "/v2/", "", "Bearer " + realm},
		{"PUT", "/v2/acme/app/manifests/x", "", "Bearer " + realm + `,scope="repository:acme/app:pull,push"`},
		{"DELETE", "/v2/acme/app/manifests/x", "", "Bearer " + realm + `,scope="repository:acme/app:delete"`},
		{"GET", "/v2/acme/app/tags/list", "stale", "Bearer " + realm + `,scope="repository:acme/app:pull",error="invalid_token"`},
	}
	for _, tt := range tests {
		var header []string
		if tt.token != "" {
			header = []string{"Authorization", "Bearer " + tt.token}
		}
		res := do(t, net, tt.method, tt.path, "", header...)
		if got := res.header.Get("WWW-Authenticate"); res.status != 401 || code(t, res.body) != "UNAUTHORIZED" || got != tt.want {
			t.Errorf("%s %s = %d %s\nwant 401 %s", tt.method, tt.path, res.status, got, tt.want)
		}
	}
	if res := do(t, net, "POST", "/token", "grant_type=password"); res.status != 404 {
		t.Errorf("POST /token = %d, want 404, so that clients fall back to GET", res.status)
	}
}

func TestTokenExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Users: map[string]string{"u": "p"}, Bearer: true, TokenLifetime: time.Minute})
		r.PushImage(t, "acme/app:x", "linux/amd64")
		puller, err := remote.NewPuller(opts(t, r, as("u", "p"))...)
		if err != nil {
			t.Fatal(err)
		}
		tokens := func() (n int) {
			for _, q := range r.Requests() {
				if q.Path == "/token" {
					n++
				}
			}
			return n
		}
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {59 * time.Second, 1}, {2 * time.Second, 2}} {
			time.Sleep(step.after)
			if _, err := puller.Head(t.Context(), ref(t, "acme/app:x")); err != nil {
				t.Fatal(err)
			}
			if got := tokens(); got != step.want {
				t.Errorf("after %v: %d tokens, want %d", step.after, got, step.want)
			}
		}
	})
}

func TestMountNeedsPull(t *testing.T) {
	t.Parallel()
	for _, bearer := range []bool{false, true} {
		r := registrytest.New(registrytest.Options{
			Users:  map[string]string{"u": "p"},
			Allow:  func(_, repo, _ string) bool { return repo != "acme/closed" },
			Bearer: bearer,
		})
		r.PushImage(t, "acme/open:x", "linux/amd64")
		r.PushImage(t, "acme/closed:x", "linux/amd64")
		layer := layerOf(t, registrytest.Image(t, "x", "linux/amd64"))
		dst := ref(t, "acme/dst").Context()
		scopes := []string{dst.Scope("pull,push"), "repository:acme/open:pull", "repository:acme/closed:pull"}
		auth := authn.FromConfig(authn.AuthConfig{Username: "u", Password: "p"})
		rt, err := transport.NewWithContext(t.Context(), dst.Registry, auth, registrytest.Net{host: r}, scopes)
		if err != nil {
			t.Fatal(err)
		}
		for from, want := range map[string]int{"acme/open": http.StatusCreated, "acme/closed": http.StatusAccepted} {
			res := do(t, rt, "POST", "/v2/acme/dst/blobs/uploads/?mount="+layer+"&from="+from, "")
			if res.status != want {
				t.Errorf("bearer %v: mount from %s = %d %s, want %d", bearer, from, res.status, strings.TrimSpace(res.body), want)
			}
		}
	}
}

// layerOf returns the digest of the image's layer.
func layerOf(t *testing.T, img v1.Image) string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}
