// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/transport"
	"github.com/polytag/polytag/internal/untag"
)

// The temporary tags of the release that every world holds.
var temporary = []string{"12be34-linux-amd64", "12be34-linux-arm-v6", "12be34-linux-arm64"}

var platforms = []string{"linux/amd64", "linux/arm/v6", "linux/arm64"}

// world is a registry with a release, published from temporary tags, and
// whatever API stands beside it. When a test ends, it is checked that the
// release is whole, that nothing was deleted by digest but dummies, that no tag
// points at one, and that no secret went where it does not belong.
type world struct {
	t *testing.T
	// reg holds what is there. Requests to it are not the program's: it stands
	// behind the front.
	reg *registrytest.Registry
	// front is the registry as the program meets it.
	front *registrytest.Recorder
	net   registrytest.Net
	repo  name.Repository
	users map[string]string // of the registry, which are asked for tokens
	keys  registry.Keychain
	// at are the hosts that a secret is for.
	at map[string][]string

	index  v1.Hash
	needed []v1.Hash
	tags   []release.TemporaryTag

	mu sync.Mutex
	// log is what the program asked for, as "DELETE acme/app:tag".
	log  []string
	sent []*http.Request
	// dummies are the digests of all that were pushed, with what they are for.
	dummies map[string]string
	// strays are tags that may point at a dummy when the test ends.
	strays []string
}

// newWorld makes the repository of an image. Front, if it is not nil, is put in
// front of the registry.
func newWorld(t *testing.T, image string, o registrytest.Options, front func(w *world, next http.Handler) http.Handler) *world {
	t.Helper()
	repo, err := name.NewRepository(image)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, reg: registrytest.New(o), repo: repo, users: o.Users, at: map[string][]string{}, dummies: map[string]string{}}
	var next http.Handler = w.reg
	if front != nil {
		next = front(w, next)
	}
	w.front = registrytest.Record(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		entry := w.judge(req)
		sw := &statusWriter{ResponseWriter: rw}
		next.ServeHTTP(sw, req)
		w.mu.Lock()
		defer w.mu.Unlock()
		if entry != "" && sw.status != http.StatusUnauthorized { // which is asked again with another token
			w.log = append(w.log, entry)
		}
	}))
	w.net = registrytest.Net{repo.RegistryStr(): w.front}
	t.Cleanup(w.check)
	return w
}

// publish fills the world with images under temporary tags, and with an index of
// them under the tags of a version.
func (w *world) publish() *world {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for i, platform := range platforms {
		image := registrytest.Image(w.t, "12be34", platform)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image})
		w.temporary(temporary[i], w.reg.Push(w.t, w.path()+":"+temporary[i], image))
		w.needed = append(w.needed, w.tags[i].Digest)
	}
	return w.published(index)
}

// publishIndexes is publish of images that came with an index each, as BuildKit
// pushes them.
func (w *world) publishIndexes() *world {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for i, platform := range platforms {
		image := registrytest.Image(w.t, "12be34", platform)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image})
		one := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{Add: image})
		w.temporary(temporary[i], w.reg.Push(w.t, w.path()+":"+temporary[i], one))
		digest, err := image.Digest()
		if err != nil {
			w.t.Fatal(err)
		}
		w.needed = append(w.needed, digest)
	}
	return w.published(index)
}

func (w *world) published(index v1.ImageIndex) *world {
	w.index = w.reg.Push(w.t, w.path(), index)
	w.needed = append(w.needed, w.index)
	w.reg.Tag(w.t, w.path(), w.index, "1", "1.2", "1.2.3", "latest")
	return w
}

func (w *world) temporary(tag string, digest v1.Hash) {
	w.tags = append(w.tags, release.TemporaryTag{Name: tag, Digest: digest})
}

func (w *world) path() string { return w.repo.RepositoryStr() }

// give adds a credential, and says at which hosts it may show up.
func (w *world) give(key, user, password string, hosts ...string) *world {
	w.keys.Given = append(w.keys.Given, registry.Credential{
		Registry: key, Username: user, Password: secret.New(password), Origin: "registry_auth",
	})
	w.at[password] = append(w.at[password], hosts...)
	return w
}

// untag removes the temporary tags and returns the errors by tag.
func (w *world) untag() map[string]error {
	w.t.Helper()
	return w.untagIn(w.t.Context())
}

func (w *world) untagIn(ctx context.Context) map[string]error {
	w.t.Helper()
	rt := transport.New(transport.Options{Base: w})
	remover := untag.New(untag.Options{
		Hosts:    hosting.New(hosting.Options{Transport: rt, Keychain: &w.keys}),
		Registry: registry.New(registry.Options{Transport: rt, Keychain: &w.keys, Push: []name.Repository{w.repo}}),
	})
	errs := remover.Untag(ctx, w.repo, w.tags, w.needed)
	if len(errs) != len(w.tags) {
		w.t.Fatalf("%d errors for %d tags", len(errs), len(w.tags))
	}
	out := map[string]error{}
	for i, err := range errs {
		if err != nil {
			out[w.tags[i].Name] = err
		}
	}
	return out
}

// mustRemove removes the temporary tags, all but some, and returns the errors of
// these.
func (w *world) mustRemove(but ...string) map[string]error {
	w.t.Helper()
	errs := w.untag()
	for _, t := range w.tags {
		_, there := w.reg.Tags(w.path())[t.Name]
		switch {
		case slices.Contains(but, t.Name):
			if errs[t.Name] == nil {
				w.t.Errorf("%s: no error", t.Name)
			}
		case errs[t.Name] != nil:
			w.t.Errorf("%s: %v", t.Name, errs[t.Name])
		case there:
			w.t.Errorf("%s is still there", t.Name)
		}
	}
	return errs
}

// mustKeep fails the test unless tags point at what they did.
func (w *world) mustKeep(tags ...string) {
	w.t.Helper()
	for _, t := range w.tags {
		if got := w.reg.Tags(w.path())[t.Name]; slices.Contains(tags, t.Name) && got != t.Digest.String() {
			w.t.Errorf("%s points at %q, want %s", t.Name, got, t.Digest)
		}
	}
}

// mustAsk compares what was asked for with method and reference, but for reads.
func (w *world) mustAsk(want ...string) {
	w.t.Helper()
	got := w.writes()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// writes are the requests for manifests that are not reads, in order, with
// "dummy" in place of a dummy's digest.
func (w *world) writes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

// RoundTrip notes a request on its way.
func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, req.Clone(req.Context()))
	w.mu.Unlock()
	return w.net.RoundTrip(req)
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// judge sees every request before the registry does. The answer is its entry in
// the log, empty for reads.
func (w *world) judge(req *http.Request) string {
	prefix := "/v2/" + w.path() + "/manifests/"
	ref, ok := strings.CutPrefix(req.URL.Path, prefix)
	if !ok || req.Method == http.MethodGet || req.Method == http.MethodHead {
		return ""
	}
	if req.Method == http.MethodPut {
		ref = w.judgePut(req, ref)
	} else if strings.Contains(ref, ":") {
		if !w.isDummy(ref) {
			w.t.Errorf("DELETE of %s, which is no dummy", ref)
		}
		ref = "dummy"
	}
	return req.Method + " " + ref
}

func (w *world) judgePut(req *http.Request, ref string) string {
	raw := readBody(req)
	digest, _, err := v1.SHA256(strings.NewReader(raw))
	if err != nil {
		w.t.Error(err)
	}
	var m struct {
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		w.t.Errorf("PUT of %q: %v", raw, err)
	}
	note := m.Annotations["dev.polytag.dummy"]
	if note == "" {
		return strings.Replace(ref, digest.String(), "digest", 1)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dummies[digest.String()] == "" && slices.Contains(slices.Collect(maps.Values(w.reg.Tags(w.path()))), digest.String()) {
		w.t.Errorf("the dummy %s is not unique", digest)
	}
	w.dummies[digest.String()] = note
	if ref == digest.String() {
		return "dummy"
	}
	return ref + " dummy"
}

func (w *world) isDummy(digest string) bool { return w.noteOf(digest) != "" }

// noteOf returns what a dummy is for: the tag that was moved to it.
func (w *world) noteOf(digest string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dummies[digest]
}

// check is what holds after every test.
func (w *world) check() {
	for _, d := range w.needed {
		if _, _, ok := w.reg.Manifest(w.path(), d.String()); !ok {
			w.t.Errorf("%s, which the release needs, is gone", d)
		}
	}
	for tag, digest := range w.reg.Tags(w.path()) {
		if w.isDummy(digest) && !slices.Contains(w.strays, tag) {
			w.t.Errorf("%s points at a dummy", tag)
		}
	}
	for _, tag := range []string{"1", "1.2", "1.2.3", "latest"} {
		if got := w.reg.Tags(w.path())[tag]; w.index != (v1.Hash{}) && got != w.index.String() {
			w.t.Errorf("%s points at %q, want %s", tag, got, w.index)
		}
	}
	for _, req := range w.sent {
		if _, digest, ok := strings.Cut(req.URL.Path, "/manifests/sha256:"); ok && req.Method == http.MethodDelete && !w.isDummy("sha256:"+digest) {
			w.t.Errorf("%s %s: it is no dummy of this run", req.Method, req.URL)
		}
		for _, sent := range secretsOf(req) {
			if hosts, known := w.at[sent]; known && !slices.Contains(hosts, req.URL.Host) {
				w.t.Errorf("%s %s was sent the secret of %q", req.Method, req.URL, hosts)
			}
			if strings.HasPrefix(sent, "token-") && req.URL.Host != w.repo.RegistryStr() {
				w.t.Errorf("%s %s was sent the registry's token", req.Method, req.URL)
			}
		}
	}
}

// secretsOf returns what a request tells.
func secretsOf(req *http.Request) []string {
	var out []string
	auth := req.Header.Get("Authorization")
	if token, ok := strings.CutPrefix(auth, "Bearer "); ok {
		out = append(out, token)
	}
	if raw, ok := strings.CutPrefix(auth, "Basic "); ok {
		text, _ := base64.StdEncoding.DecodeString(raw)
		_, password, _ := strings.Cut(string(text), ":")
		out = append(out, password)
	}
	if req.GetBody != nil && strings.Contains(req.Header.Get("Content-Type"), "json") {
		var fields map[string]any
		body, _ := req.GetBody()
		if json.NewDecoder(body).Decode(&fields) == nil {
			for _, v := range fields {
				out = append(out, fmt.Sprint(v))
			}
		}
	}
	return out
}

// deleteTag takes a tag off behind the program's back, as an API does.
func (w *world) deleteTag(tag string) { w.internal(http.MethodDelete, tag) }

// deleteManifest deletes a manifest with its tags, likewise.
func (w *world) deleteManifest(digest string) { w.internal(http.MethodDelete, digest) }

func (w *world) internal(method, ref string) {
	w.t.Helper()
	req := httptest.NewRequest(method, "/v2/"+w.path()+"/manifests/"+ref, nil)
	for user, password := range w.users {
		ask := httptest.NewRequest(http.MethodGet, "/token?scope=repository:"+w.path()+":delete", nil)
		ask.SetBasicAuth(user, password)
		rec := httptest.NewRecorder()
		w.reg.ServeHTTP(rec, ask)
		var got struct {
			Token string `json:"token"`
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
			w.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+got.Token)
	}
	rec := httptest.NewRecorder()
	w.reg.ServeHTTP(rec, req)
	if rec.Code/100 != 2 {
		w.t.Errorf("%s %s behind the front: %d %s", method, ref, rec.Code, rec.Body)
	}
}

func (w *world) digestOf(text string) v1.Hash {
	w.t.Helper()
	digest, err := v1.NewHash(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return digest
}
