// SPDX-License-Identifier: Apache-2.0

package describe_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/describe"
	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/readme"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/transport"
)

// The README of the tests, and what of it is shown.
const (
	markdown = "# app\r\n\r\nIt says \"hello\" & <b>more</b>, see [the guide](docs/guide.md).\r\n"
	shown    = "# app\n\nIt says \"hello\" & <b>more</b>, see [the guide](https://github.com/acme/app/blob/v1.2.3/docs/guide.md).\n"
	short    = "Says hello."
)

// world is a network of registries and APIs. When a test ends, it is checked
// that no secret went to a host that it is not for.
type world struct {
	t     *testing.T
	net   registrytest.Net
	keys  registry.Keychain
	at    map[string][]string // the hosts of a secret
	input describe.Options

	mu      sync.Mutex
	sent    []*http.Request
	notices []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, net: registrytest.Net{}, at: map[string][]string{}}
	w.input = describe.Options{
		Markdown: []byte(markdown), Short: short,
		Source: readme.Source{Repository: "https://github.com/acme/app", Ref: "v1.2.3", Host: readme.GitHub},
		Notify: func(text string) { w.notices = append(w.notices, text) },
	}
	t.Cleanup(w.check)
	return w
}

// serve puts an API at a host.
func (w *world) serve(host string, h http.Handler) *registrytest.Recorder {
	rec := registrytest.Record(h)
	w.net[host] = rec
	return rec
}

// give adds a credential, and says at which hosts it may show up.
func (w *world) give(key, user, password string, hosts ...string) {
	w.keys.Given = append(w.keys.Given, registry.Credential{Registry: key, Username: user, Password: secret.New(password), Origin: "registry_auth"})
	w.at[password] = append(w.at[password], hosts...)
}

// describer makes what is tested.
func (w *world) describer() *describe.Describer {
	rt := transport.New(transport.Options{Base: w})
	w.input.Hosts = hosting.New(hosting.Options{Transport: rt, Keychain: &w.keys})
	return describe.New(w.input)
}

// describe writes the page of an image.
func (w *world) describe(image string) (changed bool, err error) {
	w.t.Helper()
	return w.describer().Describe(w.t.Context(), repoOf(w.t, image))
}

// must writes the page and fails the test on an error.
func (w *world) must(image string, changed bool) {
	w.t.Helper()
	got, err := w.describe(image)
	if got != changed || err != nil {
		w.t.Errorf("Describe(%s) = %t, %v, want %t", image, got, err, changed)
	}
}

// mustFail wants an error with all of words in it.
func (w *world) mustFail(image string, words ...string) error {
	w.t.Helper()
	changed, err := w.describe(image)
	if changed {
		w.t.Errorf("Describe(%s) reports a change beside the error %v", image, err)
	}
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			w.t.Errorf("Describe(%s): %v, want %q in it", image, err, word)
		}
	}
	return err
}

// mustForbid is mustFail with a *PermissionError.
func (w *world) mustForbid(image string, words ...string) {
	w.t.Helper()
	err := w.mustFail(image, words...)
	if _, ok := errors.AsType[*hosting.PermissionError](err); !ok {
		w.t.Errorf("Describe(%s): %v, want a *PermissionError", image, err)
	}
}

// RoundTrip notes a request on its way.
func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, req.Clone(req.Context()))
	w.mu.Unlock()
	return w.net.RoundTrip(req)
}

// check is what holds after every test.
func (w *world) check() {
	for _, req := range w.sent {
		for password, hosts := range w.at {
			if tells(req, password) && !slices.Contains(hosts, req.URL.Host) {
				w.t.Errorf("%s %s was sent the secret of %q", req.Method, req.URL, hosts)
			}
		}
		if len(req.Cookies()) > 0 {
			w.t.Errorf("%s %s was sent cookies", req.Method, req.URL)
		}
	}
}

// tells reports whether a secret is in a request.
func tells(req *http.Request, password string) bool {
	if strings.Contains(req.URL.String(), password) {
		return true
	}
	for _, values := range req.Header {
		for _, value := range values {
			if raw, ok := strings.CutPrefix(value, "Basic "); ok {
				text, _ := base64.StdEncoding.DecodeString(raw)
				value = string(text)
			}
			if strings.Contains(value, password) {
				return true
			}
		}
	}
	if req.GetBody == nil {
		return false
	}
	body, _ := req.GetBody()
	raw, _ := io.ReadAll(body)
	return bytes.Contains(raw, []byte(password))
}

func repoOf(tb testing.TB, text string) name.Repository {
	tb.Helper()
	repo, err := name.NewRepository(text)
	if err != nil {
		tb.Fatal(err)
	}
	return repo
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// fields reads a body of JSON.
func fields(t *testing.T, req *http.Request) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.NewDecoder(req.Body).Decode(&out); err != nil {
		t.Errorf("%s %s: %v", req.Method, req.URL, err)
	}
	return out
}

// quoted is a text in JSON.
func quoted(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

// writes are the requests that were carried out and are no reads.
func writes(rec *registrytest.Recorder) int {
	n := 0
	for _, q := range rec.Requests() {
		if q.Method != http.MethodGet && q.Status/100 == 2 {
			n++
		}
	}
	return n
}
