// SPDX-License-Identifier: Apache-2.0

package hosting_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
)

func TestKindByHost(t *testing.T) {
	t.Parallel()
	tests := map[string]hosting.Kind{
		"acme/app":                                                     hosting.DockerHub,
		"docker.io/acme/app":                                           hosting.DockerHub,
		"registry-1.docker.io/acme/app":                                hosting.DockerHub,
		"ghcr.io/acme/app":                                             hosting.GHCR,
		"registry.gitlab.com/acme/app":                                 hosting.GitLab,
		"quay.io/acme/app":                                             hosting.Quay,
		"gcr.io/acme/app":                                              hosting.Google,
		"eu.gcr.io/acme/app":                                           hosting.Google,
		"europe-west1-docker.pkg.dev/p/r/app":                          hosting.Google,
		"public.ecr.aws/acme/app":                                      hosting.ECRPublic,
		"ecr-public.aws.com/acme/app":                                  hosting.ECRPublic,
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app":             hosting.ECR,
		"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/app":        hosting.ECR,
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app":         hosting.ECR,
		"123456789012.dkr-ecr.eu-west-1.on.aws/app":                    hosting.ECR,
		"acme.azurecr.io/app":                                          hosting.ACR,
		"acme.azurecr.cn/app":                                          hosting.ACR,
		"ghcr.io.example.com/acme/app":                                 hosting.Generic,
		"notghcr.io/acme/app":                                          hosting.Generic,
		"quay.io:8443/acme/app":                                        hosting.Generic,
		"gcr.io.example.com/acme/app":                                  hosting.Generic,
		"notgcr.io/acme/app":                                           hosting.Generic,
		"azurecr.io.example.com/app":                                   hosting.Generic,
		"1.dkr.ecr.eu-west-1.amazonaws.com/app":                        hosting.Generic,
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com/app": hosting.Generic,
	}
	for image, want := range tests {
		t.Run(image, func(t *testing.T) {
			t.Parallel()
			w := newWire(registrytest.Net{})
			if got := w.hosts(nil).Kind(t.Context(), repoOf(t, image).Registry); got != want {
				t.Errorf("Kind(%s) = %v, want %v", image, got, want)
			}
			if asked := len(w.urls()) > 0; asked != (want == hosting.Generic) {
				t.Errorf("requests = %q; only a host that is nobody's is asked", w.urls())
			}
		})
	}
}

const (
	harborChallenge = `Bearer realm="https://registry.example/service/token",service="harbor-registry"`
	giteaChallenge  = `Bearer realm="https://registry.example/git/v2/token",service="container_registry",scope="*"`
	gitlabChallenge = `Bearer realm="https://gitlab.example/jwt/auth",service="container_registry"`
	quayChallenge   = `Bearer realm="https://registry.example/v2/auth",service="registry.example"`
)

func TestKindByProbe(t *testing.T) {
	t.Parallel()
	harborInfo := ok(`{"auth_mode":"db_auth","banner_message":"","primary_auth_mode":false,"self_registration":false}`)
	tests := map[string]struct {
		host http.Handler
		want hosting.Kind
		asks int
	}{
		"Harbor":                    {pages{"/v2/": challenge(harborChallenge)}, hosting.Harbor, 1},
		"Harbor behind a proxy":     {pages{"/v2/": challenge(`Basic realm="proxy"`), "/api/v2.0/systeminfo": harborInfo}, hosting.Harbor, 2},
		"Gitea":                     {pages{"/v2/": challenge(giteaChallenge)}, hosting.Gitea, 1},
		"Gitea, open":               {pages{"/v2/": ok(`{}`), "/api/v1/version": ok(`{"version":"1.24.6"}`)}, hosting.Gitea, 3},
		"Forgejo, open":             {pages{"/v2/": ok(`{}`), "/api/v1/version": ok(`{"version":"12.0.1+gitea-1.22.0"}`)}, hosting.Gitea, 3},
		"GitLab":                    {pages{"/v2/": challenge(gitlabChallenge)}, hosting.GitLab, 1},
		"Quay without an entry":     {pages{"/v2/": challenge(quayChallenge), "*": html(200)}, hosting.Generic, 3},
		"distribution":              {pages{"/v2/": ok(`{}`)}, hosting.Generic, 3},
		"distribution, Basic":       {pages{"/v2/": challenge(`Basic realm="Registry Realm"`)}, hosting.Generic, 3},
		"Bearer without a realm":    {pages{"/v2/": challenge(`Bearer service="x"`)}, hosting.Generic, 3},
		"realm that is no URL":      {pages{"/v2/": challenge(`Bearer realm="http://[::1",service="container_registry"`)}, hosting.Generic, 3},
		"pages of HTML":             {pages{"*": html(200)}, hosting.Generic, 3},
		"HTML at a version page":    {pages{"/v2/": ok(`{}`), "*": html(200)}, hosting.Generic, 3},
		"401 everywhere":            {pages{"*": challenge(`Bearer realm="https://registry.example/token",service="registry"`)}, hosting.Generic, 3},
		"403 everywhere":            {pages{"*": {status: 403}}, hosting.Generic, 1},
		"404 everywhere":            {pages{}, hosting.Generic, 1},
		"another JSON":              {pages{"/v2/": ok(`{}`), "*": ok(`["version","auth_mode"]`)}, hosting.Generic, 3},
		"another object":            {pages{"/v2/": ok(`{}`), "*": ok(`{"status":"ok"}`)}, hosting.Generic, 3},
		"half a JSON":               {pages{"/v2/": ok(`{}`), "*": ok(`{"version":"1`)}, hosting.Generic, 3},
		"an empty page":             {pages{"/v2/": ok(`{}`), "*": ok(``)}, hosting.Generic, 3},
		"Harbor's API redirects":    {pages{"/v2/": ok(`{}`), "*": {status: 302, location: "https://sso.example/login"}}, hosting.Generic, 3},
		"a challenge that says two": {pages{"/v2/": challenge(harborChallenge + `, Basic realm="x"`)}, hosting.Harbor, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(registrytest.Net{"registry.example": tt.host})
			hosts := w.hosts(&registry.Keychain{Given: []registry.Credential{credential("registry.example", "bot", "hunter2")}})
			for range 2 {
				if got := hosts.Kind(t.Context(), repoOf(t, "registry.example/acme/app").Registry); got != tt.want {
					t.Errorf("Kind = %v, want %v", got, tt.want)
				}
			}
			if got := len(w.urls()); got != tt.asks {
				t.Errorf("requests = %q, want %d, once and for all", w.urls(), tt.asks)
			}
			w.mustBeAnonymous(t)
		})
	}
}

// TestKindOfBrokenHost has server errors and broken connections, which the
// transport repeats.
func TestKindOfBrokenHost(t *testing.T) {
	t.Parallel()
	tests := map[string]http.Handler{
		"500":            pages{"*": {status: 500}},
		"429":            pages{"*": {status: 429}},
		"502 of a proxy": pages{"*": html(502)},
		"broken":         http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"silent":         http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }),
		"silent behind the first answer": http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path != "/v2/" {
				<-req.Context().Done()
			}
			w.WriteHeader(http.StatusOK)
		}),
	}
	for name, host := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWire(registrytest.Net{"registry.example": host})
				start := time.Now()
				if got := w.hosts(nil).Kind(t.Context(), repoOf(t, "registry.example/acme/app").Registry); got != hosting.Generic {
					t.Errorf("Kind = %v, want %v", got, hosting.Generic)
				}
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("it took %v, want 5 s at most", took)
				}
				w.mustBeAnonymous(t)
			})
		})
	}
}

func TestKindOfPlainHost(t *testing.T) {
	t.Parallel()
	host := pages{"/v2/": ok(`{}`), "/api/v1/version": ok(`{"version":"1.24.6"}`)}
	w := newWire(registrytest.Net{"http://localhost:3000": host})
	if got := w.hosts(nil).Kind(t.Context(), repoOf(t, "localhost:3000/acme/app").Registry); got != hosting.Gitea {
		t.Errorf("Kind = %v, want %v", got, hosting.Gitea)
	}
	want := []string{
		"GET https://localhost:3000/v2/", "GET http://localhost:3000/v2/",
		"GET http://localhost:3000/api/v2.0/systeminfo", "GET http://localhost:3000/api/v1/version",
	}
	if diff := cmp.Diff(want, w.urls()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestKindIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := newWire(registrytest.Net{"registry.example": pages{"/v2/": challenge(giteaChallenge)}})
	hosts := w.hosts(nil)
	reg := repoOf(t, "registry.example/acme/app").Registry

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got := hosts.Kind(cancelled, reg); got != hosting.Generic {
		t.Errorf("Kind of a cancelled question = %v, want %v", got, hosting.Generic)
	}
	before := len(w.urls())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := hosts.Kind(t.Context(), reg); got != hosting.Gitea {
				t.Errorf("Kind = %v, want %v", got, hosting.Gitea)
			}
		})
	}
	wg.Wait()
	if got := len(w.urls()) - before; got != 1 {
		t.Errorf("%d requests, want one", got)
	}
}

// TestQuayOfOnesOwn opts in with an entry, so that nothing has to be asked.
func TestQuayOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWire(registrytest.Net{})
	hosts := w.hosts(&registry.Keychain{Given: []registry.Credential{credential("quay.example:8443/api", "", "token")}})
	if got := hosts.Kind(t.Context(), repoOf(t, "quay.example:8443/acme/app").Registry); got != hosting.Quay {
		t.Errorf("Kind = %v, want %v", got, hosting.Quay)
	}
	if got := w.urls(); len(got) > 0 {
		t.Errorf("requests = %q, want none", got)
	}
}

func TestKindString(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := hosting.Generic; k <= hosting.Gitea; k++ {
		if text := k.String(); text == "" || seen[text] {
			t.Errorf("Kind(%d) = %q, want a name of its own", int(k), text)
		}
		seen[k.String()] = true
	}
}
