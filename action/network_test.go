// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/internettest"
	"github.com/polytag/polytag/internal/registrytest"
)

// published proves that a release has come to its end.
func published(t *testing.T, p *process, r *registrytest.Registry) {
	t.Helper()
	if status := p.wait(t); status != 0 {
		t.Errorf("exit status %d\n%s%s", status, &p.stdout, &p.stderr)
	}
	tags := r.Tags(repo)
	for _, tag := range append(floating("1.2.3"), "1.2.3") {
		if tags[tag] == "" || tags[tag] != tags["1.2.3"] {
			t.Errorf("%s is at %q, want the digest of 1.2.3", tag, tags[tag])
		}
	}
}

// failed proves that a release has failed, with nothing written and with these words.
func failed(t *testing.T, p *process, r *registrytest.Registry, words ...string) {
	t.Helper()
	if status := p.wait(t); status != 1 || len(r.Writes()) > 0 {
		t.Errorf("exit status %d after %q, want 1 and nothing written", status, r.Writes())
	}
	for _, word := range words {
		if !strings.Contains(p.stderr.String(), word) {
			t.Errorf("want %q in:\n%s", word, &p.stderr)
		}
	}
}

// newRegistry is a registry with the sources of 1.2.3.
func newRegistry(t *testing.T, o registrytest.Options) *registrytest.Registry {
	t.Helper()
	s := scenario{options: o}
	return s.registries(t, s.images(t))[host]
}

// to is the command line of a release of 1.2.3 to an image.
func to(image string, more ...string) []string {
	return append([]string{"--images", image, "--git-tag", "v1.2.3", "--source-tag", "build", "--platforms", platforms}, more...)
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	p := build(t)
	for name, check := range map[string]func(*testing.T, program, *internettest.Internet){
		"proxy": testProxy, "no proxy": testNoProxy, "authority": testAuthority, "unknown authority": testUnknownAuthority,
		"Docker Hub": testDockerHub, "GHCR": testGHCR, "plain realm": testPlainRealm,
		"redirect": testRedirect, "redirect to plain HTTP": testRedirectPlain, "token renewed for a push": testRenewed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, p, internettest.New(t))
		})
	}
}

func testProxy(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	r := newRegistry(t, registrytest.Options{})
	n.Add(t, host, r)
	published(t, p.start(t, n.Env(), to(host+"/"+repo)...), r)
	if !n.Asked(host) {
		t.Error("the proxy was not used")
	}
}

// testNoProxy leaves the proxy out for a name that nothing else knows.
func testNoProxy(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	const name = "registry.invalid"
	r := newRegistry(t, registrytest.Options{})
	n.Add(t, name, r)
	failed(t, p.start(t, append(n.Env(), "NO_PROXY=.invalid"), to(name+"/"+repo, "--timeout", "20s")...), r, name)
	if n.Asked(name) {
		t.Error("the proxy was used, want it left out")
	}
}

// testAuthority connects to a loopback address over TLS, without a proxy.
func testAuthority(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	r := newRegistry(t, registrytest.Options{})
	s := n.Add(t, host, r)
	published(t, p.start(t, []string{n.Trust()}, to(s.Listener.Addr().String()+"/"+repo)...), r)
}

func testUnknownAuthority(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	r := newRegistry(t, registrytest.Options{})
	n.Add(t, host, r)
	env := append(n.Env(), internettest.New(t).Trust()) // the last one counts
	failed(t, p.start(t, env, to(host+"/"+repo)...), r, "error: ", "certificate", "hint: ", "SSL_CERT_FILE")
	if got := len(r.Requests()); got != 0 {
		t.Errorf("%d requests were sent to a host that is not trusted", got)
	}
}

// dockerHub is the registry of Docker Hub: it sends clients to another host for tokens.
func dockerHub(t *testing.T, n *internettest.Internet, users map[string]string) *registrytest.Registry {
	t.Helper()
	r := newRegistry(t, registrytest.Options{Users: users, Bearer: true})
	api := elsewhere(r, `realm="https://auth.docker.io/token"`)
	n.Add(t, "index.docker.io", api)
	n.Add(t, "registry-1.docker.io", api)
	n.Add(t, "auth.docker.io", r)
	return r
}

// elsewhere changes the realm of a registry's challenges.
func elsewhere(h http.Handler, realm string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h.ServeHTTP(&realmWriter{ResponseWriter: w, realm: realm}, req)
	})
}

type realmWriter struct {
	http.ResponseWriter

	realm string
}

func (w *realmWriter) WriteHeader(status int) {
	if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
		_, rest, _ := strings.Cut(challenge, ",")
		w.Header().Set("WWW-Authenticate", "Bearer "+w.realm+","+rest)
	}
	w.ResponseWriter.WriteHeader(status)
}

// testDockerHub signs in with what "docker login" keeps, under each name that an image on Docker Hub can have.
func testDockerHub(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	const config = `{"auths": {"https://index.docker.io/v1/": {"auth": "YWNtZTpwYXQ="}}}` // acme:pat
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	api := &storage{status: http.StatusNotFound}
	n.Add(t, "hub.docker.com", api)
	for _, image := range []string{"acme/app", "docker.io/acme/app", "index.docker.io/acme/app", "registry-1.docker.io/acme/app"} {
		r := dockerHub(t, n, map[string]string{"acme": "pat"})
		published(t, p.start(t, append(n.Env(), "DOCKER_CONFIG="+dir), to(image)...), r)
	}
	if !n.Asked("auth.docker.io") {
		t.Error("auth.docker.io was not asked for a token")
	}
	for _, h := range api.headers {
		if h.Get("Authorization") != "" {
			t.Error("the API of Docker Hub was sent what is for its registry")
		}
	}
}

func testGHCR(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	r := newRegistry(t, registrytest.Options{Users: map[string]string{"octocat": "ghs_secret"}, Bearer: true})
	n.Add(t, "ghcr.io", r)
	run := p.start(t, append(n.Env(), "GITHUB_TOKEN=ghs_secret", "GITHUB_ACTOR=octocat"), to("ghcr.io/"+repo)...)
	published(t, run, r)
	if text := run.stdout.String() + run.stderr.String(); strings.Contains(text, "ghs_secret") {
		t.Errorf("the token is printed:\n%s", text)
	}
}

// testPlainRealm lets a registry with TLS send the client to a token server without.
func testPlainRealm(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	r := newRegistry(t, registrytest.Options{Users: map[string]string{"bot": "secret"}, Bearer: true})
	n.Add(t, host, elsewhere(r, `realm="http://auth.example/token"`))
	run := p.start(t, append(n.Env(), "POLYTAG_PASSWORD=secret"), to(host+"/"+repo, "--username", "bot")...)
	failed(t, run, r, "realm", "https")
	if n.Asked("auth.example") {
		t.Error("the password went out without TLS")
	}
}

// testRenewed refuses the token at each push, whose body is then sent again.
func testRenewed(t *testing.T, p program, n *internettest.Internet) {
	t.Helper()
	r := newRegistry(t, registrytest.Options{Users: map[string]string{"bot": "secret"}, Bearer: true})
	n.Add(t, host, r)
	challenge := fmt.Sprintf(`Bearer realm="https://%s/token",service="registry",error="invalid_token"`, host)
	for _, tag := range append(floating("1.2.3"), "1.2.3") {
		r.Inject(registrytest.Fault{
			Match: registrytest.On(http.MethodPut, "/manifests/"+tag+"$"), Times: 1,
			Status: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {challenge}},
		})
	}
	published(t, p.start(t, append(n.Env(), "POLYTAG_PASSWORD=secret"), to(host+"/"+repo, "--username", "bot")...), r)
}

// TestTokenLifetime releases with tokens that are good for two requests.
func TestTokenLifetime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := scenario{version: "1.2.3", before: []string{"1.2.2"}, options: registrytest.Options{
			Users: map[string]string{"bot": "secret"}, Bearer: true, TokenLifetime: time.Second, Latency: 400 * time.Millisecond,
		}}
		registries := s.registries(t, s.images(t))
		out := run(t.Context(), t, network(registries), s.command())
		tags := registries[host].Tags(repo)
		if out.status != 0 || tags["latest"] != tags["1.2.3"] || tags["1.2.3"] == "" {
			t.Errorf("exit status %d with %v\n%s", out.status, tags, out.stderr)
		}
		tokens := 0
		for _, q := range registries[host].Requests() {
			if q.Path == "/token" {
				tokens++
			}
		}
		if tokens < 4 {
			t.Errorf("%d tokens, want some to have been renewed", tokens)
		}
	})
}
