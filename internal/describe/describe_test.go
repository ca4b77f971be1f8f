// SPDX-License-Identifier: Apache-2.0

package describe_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/describe"
	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/transport"
)

// hub is the API of Docker Hub, as far as pages go.
type hub struct {
	t           *testing.T
	full, short string
	scope       bool // refuses, as for a token that may read and write
}

func (h *hub) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	repository := func() {
		answer(w, 200, `{"full_description":`+quoted(h.full)+`,"description":`+quoted(h.short)+`,"permissions":{"read":true}}`)
	}
	switch {
	case req.URL.Path == "/v2/auth/token":
		answer(w, 200, `{"access_token":"hub-token"}`)
	case req.URL.Path != "/v2/namespaces/acme/repositories/app" || req.Header.Get("Authorization") != "Bearer hub-token":
		answer(w, 404, `{"message":"object not found","errinfo":{}}`)
	case req.Method == http.MethodGet:
		repository()
	case h.scope:
		answer(w, 403, `{"message":"insufficient scope","errinfo":{}}`)
	default:
		got := fields(h.t, req)
		if full, ok := got["full_description"].(string); ok {
			h.full = full
		}
		if short, ok := got["description"].(string); ok {
			h.short = short
		}
		repository()
	}
}

func TestDockerHub(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := &hub{t: t}
		api := w.serve("hub.docker.com", h)
		w.give("docker.io", "acme", "dckr_pat_acme", "hub.docker.com")
		w.must("acme/app", true)
		if diff := cmp.Diff([]string{shown, short}, []string{h.full, h.short}); diff != "" {
			t.Errorf("page (-want +got):\n%s", diff)
		}
		before := writes(api)
		w.must("acme/app", false)
		if got := writes(api) - before; got != 1 { // the token
			t.Errorf("%d requests to write what is there already", got-1)
		}
		if len(w.notices) > 0 {
			t.Errorf("notices = %q, want none", w.notices)
		}
	})
}

// TestDockerHubLimits cuts, and says so once for all repositories.
func TestDockerHubLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := &hub{t: t}
		w.serve("hub.docker.com", h)
		w.give("docker.io", "acme", "dckr_pat_acme", "hub.docker.com")
		w.input.Markdown = []byte(strings.Repeat("A paragraph of some words.\n\n", 2000))
		w.input.Short = strings.Repeat("word ", 40)
		d := w.describer()
		for range 2 {
			if _, err := d.Describe(t.Context(), repoOf(t, "acme/app")); err != nil {
				t.Fatal(err)
			}
		}
		if len(h.full) > 25_000 || len(h.full) < 24_000 || len(h.short) > 100 {
			t.Errorf("the page has %d bytes, the short description %d", len(h.full), len(h.short))
		}
		if len(w.notices) != 2 || !strings.HasPrefix(w.notices[0], "Docker Hub: ") {
			t.Errorf("notices = %q, want that both were cut, once", w.notices)
		}
	})
}

func TestDockerHubForbidden(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		api := w.serve("hub.docker.com", &hub{t: t, scope: true})
		w.give("docker.io", "acme", "dckr_pat_acme", "hub.docker.com")
		w.mustForbid("acme/app", "insufficient scope", "Read, Write, Delete", `the login "acme" came from registry_auth`)
		if got := writes(api); got != 1 {
			t.Errorf("%d writes", got)
		}
	})
}

func TestNotSupported(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"ghcr.io/acme/app":                                 "GHCR shows the README of the repository",
		"registry.gitlab.com/acme/app":                     "GitLab has no page",
		"europe-docker.pkg.dev/p/r/app":                    "Google's registry has no page",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app": "Amazon ECR has no page",
		"acme.azurecr.io/app":                              "Azure Container Registry has no page",
		"gitea.example/acme/app":                           "Gitea links",
		"registry.example/acme/app":                        "no page of this registry is known",
	} {
		t.Run(image, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				host, _, _ := strings.Cut(image, "/")
				w.give(host, "acme", "hunter2")
				w.serve("gitea.example", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
					rw.Header().Set("WWW-Authenticate", `Bearer realm="https://gitea.example/v2/token",service="container_registry",scope="*"`)
					answer(rw, 401, `{}`)
				}))
				if err := w.mustFail(image, want, "not supported by this registry"); !errors.Is(err, release.ErrUnsupported) {
					t.Errorf("error = %v, want %v", err, release.ErrUnsupported)
				}
				if len(w.notices) > 0 {
					t.Errorf("notices = %q, want none", w.notices)
				}
			})
		})
	}
}

func TestUnreadableReadme(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.input.Markdown = []byte("\xff")
		w.mustFail("acme/app", "not UTF-8")
		if len(w.sent) > 0 {
			t.Errorf("%d requests, want none", len(w.sent))
		}
	})
}

// TestNobodyToNotify leaves Notify out.
func TestNobodyToNotify(t *testing.T) {
	t.Parallel()
	d := describe.New(describe.Options{
		Hosts: hosting.New(hosting.Options{Transport: transport.New(transport.Options{})}), Short: strings.Repeat("word ", 40),
	})
	if _, err := d.Describe(t.Context(), repoOf(t, "quay.io/acme/app")); err != nil {
		t.Errorf("Describe: %v: a short description alone changes nothing at Quay", err)
	}
}
