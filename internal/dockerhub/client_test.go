// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/transport"
)

const (
	digest  = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	digest2 = "sha256:aaaac44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

	app    = "/v2/namespaces/acme/repositories/app"
	legacy = "/v2/repositories/acme/app"
)

// repository is acme/app.
func repository(t *testing.T) name.Repository {
	t.Helper()
	repo, err := name.NewRepository("acme/app")
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// hub returns a Docker Hub with acme/app in it, which only its owners see, and one account or more of each kind.
func hub(o hubtest.Options) *hubtest.Hub {
	o.Accounts = []hubtest.Account{
		{
			Name: "acme", Organization: true,
			Tokens: map[string]hubtest.Level{"dckr_oat_edit": hubtest.Admin, "dckr_oat_push": hubtest.Write},
		},
		{
			Name: "owner", Password: "password", Roles: map[string]hubtest.Level{"acme": hubtest.Admin},
			Tokens: map[string]hubtest.Level{"dckr_pat_rwd": hubtest.Admin, "dckr_pat_rw": hubtest.Write, "old-style": hubtest.Write},
		},
		{
			Name: "member", Password: "password", Roles: map[string]hubtest.Level{"acme": hubtest.Write},
			Tokens: map[string]hubtest.Level{"dckr_pat_member": hubtest.Admin},
		},
		{Name: "stranger", Password: "password"},
		{Name: "twofactor", Password: "password", TwoFactor: true},
		{Name: "sso", Password: "password", SSO: true},
	}
	h := hubtest.New(o)
	h.Create("acme/app", hubtest.Repository{Full: "# App\n", Short: "An app", Private: true})
	return h
}

// connect returns a client of a Hub, or of any other handler in its place, through the transport of the program.
func connect(h http.Handler, user, password string) *dockerhub.Client {
	return dockerhub.New(dockerhub.Options{Transport: network(h), Username: user, Secret: secret.New(password)})
}

func network(h http.Handler) http.RoundTripper {
	return transport.New(transport.Options{Base: registrytest.Net{"https://hub.docker.com": h}})
}

// log returns the requests that a Hub got, with their status, but for those to sign in.
func log(h *hubtest.Hub) []string {
	var lines []string
	for _, q := range h.Requests() {
		if q.Path != "/v2/auth/token" {
			lines = append(lines, q.String()+" "+http.StatusText(q.Status))
		}
	}
	return lines
}

// signIns returns how often somebody signed in, or tried to.
func signIns(h *hubtest.Hub) int { return len(h.Requests()) - len(log(h)) }

// wantError checks an error for texts that it has to have.
func wantError(t *testing.T, what string, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want one with %q", what, texts)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v\nwant it to say %q", what, err, text)
		}
	}
}

func TestOwns(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]bool{
		"alpine":                         true,
		"acme/app":                       true,
		"docker.io/acme/app":             true,
		"index.docker.io/acme/app":       true,
		"ghcr.io/acme/app":               false,
		"docker.example/acme/app":        false,
		"registry-1.docker.io/acme/app":  false,
		"hub.docker.com/acme/app":        false,
		"localhost:5000/docker.io/a/app": false,
	} {
		repo, err := name.NewRepository(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got := dockerhub.Owns(repo); got != want {
			t.Errorf("Owns(%s) = %v, want %v", ref, got, want)
		}
	}
}

func TestForeignRepository(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	c := connect(h, "owner", "password")
	repo, err := name.NewRepository("ghcr.io/acme/app")
	if err != nil {
		t.Fatal(err)
	}
	const want = "ghcr.io/acme/app is not a repository of Docker Hub"
	_, err = c.Repository(t.Context(), repo)
	wantError(t, "Repository", err, want)
	wantError(t, "DeleteTag", c.DeleteTag(t.Context(), repo, "x"), want)
	_, _, err = c.TagDigest(t.Context(), repo, "x")
	wantError(t, "TagDigest", err, want)
	_, err = c.Tags(t.Context(), repo)
	wantError(t, "Tags", err, want)
	_, err = c.Describe(t.Context(), repo, "x", "")
	wantError(t, "Describe", err, want)
	if len(h.Requests()) != 0 {
		t.Errorf("requests = %v, want none", h.Requests())
	}
}

func TestOfficialRepository(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	h.Push("library/alpine", "3", digest)
	repo, err := name.NewRepository("alpine")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connect(h, "", "").Repository(t.Context(), repo); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"GET /v2/namespaces/library/repositories/alpine OK"}, log(h)); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// handler answers every request in the same way, after signing in.
type handler struct {
	status int
	header http.Header
	body   string
}

func (h handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if req.URL.Path == "/v2/auth/token" {
		w.Write([]byte(`{"access_token":"the token"}`))
		return
	}
	for key := range h.header {
		w.Header().Set(key, h.header.Get(key))
	}
	w.WriteHeader(h.status)
	w.Write([]byte(h.body))
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	const target = "https://hub.docker.com/elsewhere?token=x"
	tests := []struct {
		name, to string
		status   int
		get      string // what the error of a GET says; empty: it is followed
	}{
		{"same host", "/elsewhere?token=x", 302, ""},
		{"same host, in full", target, 301, ""},
		{"same host, another method kept", target, 307, ""},
		{"another host", "https://evil.example/elsewhere?token=x", 302, "302 Found: it redirects to https://evil.example/elsewhere, which is not followed"},
		{"below the host", "https://a.hub.docker.com/elsewhere", 302, "it redirects to https://a.hub.docker.com/elsewhere, which"},
		{"without TLS", "http://hub.docker.com/elsewhere", 302, "it redirects to http://hub.docker.com/elsewhere, which"},
		{"round and round", "https://hub.docker.com" + app, 302, "it redirects to https://hub.docker.com" + app + ", which"},
		{"nowhere", "", 302, "302 Found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var elsewhere []string
			moved := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path == "/elsewhere" {
					elsewhere = append(elsewhere, req.Method+" "+req.Host+" "+req.Header.Get("Authorization"))
					w.Write([]byte(`{"description":"found"}`))
					return
				}
				handler{status: tt.status, header: http.Header{"Location": {tt.to}}}.ServeHTTP(w, req)
			})
			rt := transport.New(transport.Options{Base: registrytest.Net{
				"hub.docker.com": moved, "evil.example": moved, "a.hub.docker.com": moved,
			}, PlainHTTP: []string{"plain.example"}})
			c := dockerhub.New(dockerhub.Options{Transport: rt, Username: "owner", Secret: secret.New("password")})

			got, err := c.Repository(t.Context(), repository(t))
			if tt.get == "" {
				if err != nil || got.Short != "found" {
					t.Errorf("Repository = %+v, %v, want the one at the other address", got, err)
				}
				if diff := cmp.Diff([]string{"GET hub.docker.com Bearer the token"}, elsewhere); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
			} else {
				wantError(t, "Repository", err, tt.get)
				if strings.Contains(err.Error(), "token=") {
					t.Errorf("%v: it has a query", err)
				}
			}
			elsewhere = nil
			wantError(t, "DeleteTag", c.DeleteTag(t.Context(), repository(t), "x"), http.StatusText(tt.status))
			if len(elsewhere) != 0 {
				t.Errorf("a redirect of DELETE was followed: %q", elsewhere)
			}
		})
	}
}

func TestRateLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, unix := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := hub(hubtest.Options{RateLimit: 2, UnixRetryAfter: unix})
			c := connect(h, "owner", "password")
			for range 4 {
				if _, err := c.Repository(t.Context(), repository(t)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestBadAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		h    handler
		want string
	}{
		{
			"a portal",
			handler{status: 200, header: http.Header{"Content-Type": {"text/html"}}, body: "<html>sign in"},
			`parsing the answer (200, 13 bytes of "text/html")`,
		},
		{"nothing", handler{status: 200}, "parsing the answer (200, 0 bytes"},
		{"a list", handler{status: 200, body: "[]"}, "parsing the answer"},
		{"cut", handler{status: 200, body: `{"description":"a`}, "parsing the answer"},
		{"endless", handler{status: 200, body: strings.Repeat(" ", 9<<20) + "{}"}, "parsing the answer (200, 8388608 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := connect(tt.h, "owner", "password")
			_, err := c.Repository(t.Context(), repository(t))
			wantError(t, "Repository", err, "reading index.docker.io/acme/app: GET hub.docker.com"+app+": ", tt.want)
			if _, ok := errors.AsType[*dockerhub.Error](err); ok {
				t.Errorf("%v is an *Error, want none for a success that cannot be read", err)
			}
		})
	}
}

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault registrytest.Fault
		want  error
	}{
		{"no answer", registrytest.Fault{Reset: true}, syscall.ECONNRESET},
		{"half an answer", registrytest.Fault{Truncate: true}, io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		for _, path := range []string{"/v2/auth/token", app} {
			synctest.Test(t, func(t *testing.T) {
				h := registrytest.Record(hub(hubtest.Options{}))
				tt.fault.Match = registrytest.On("", path)
				h.Inject(tt.fault)
				_, err := connect(h, "owner", "password").Repository(t.Context(), repository(t))
				if !errors.Is(err, tt.want) {
					t.Errorf("%s from %s: %v, want %v", tt.name, path, err, tt.want)
				}
				wantError(t, tt.name, err, "reading index.docker.io/acme/app: ", "hub.docker.com"+path+": ")
			})
		}
	}
}
