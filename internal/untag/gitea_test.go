// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/polytag/polytag/internal/registrytest"
)

// gitea keeps a copy of a manifest for each reference that it was pushed by. To
// delete a tag deletes its copy, and the manifest is gone with the last one.
func gitea(w *world, next http.Handler) http.Handler {
	var mu sync.Mutex
	copies := map[string]bool{} // without a tag, by digest
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/api/v1/version" {
			answer(rw, 200, `{"version":"1.24.6"}`)
			return
		}
		if digest, ok := w.isDigest(req, http.MethodPut); ok {
			mu.Lock()
			copies[digest] = true
			mu.Unlock()
		}
		tag, ok := w.isTag(req, http.MethodDelete)
		digest := w.reg.Tags(w.path())[tag]
		next.ServeHTTP(rw, req)
		mu.Lock()
		defer mu.Unlock()
		if ok && !copies[digest] {
			for _, other := range w.reg.Tags(w.path()) {
				if other == digest {
					return
				}
			}
			w.deleteManifest(digest)
		}
	})
}

func TestGitea(t *testing.T) {
	t.Parallel()
	for name, publish := range map[string]func(*world) *world{"images": (*world).publish, "indexes": (*world).publishIndexes} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := publish(newWorld(t, image, registrytest.Options{}, gitea))
				w.mustRemove()
				w.mustAsk("PUT digest", "PUT digest", "PUT digest", "DELETE "+temporary[0], "DELETE "+temporary[1], "DELETE "+temporary[2])
			})
		})
	}
}

// TestFakeGitea shows what would happen without the copy.
func TestFakeGitea(t *testing.T) {
	t.Parallel()
	w := newWorld(t, image, registrytest.Options{}, gitea).publish()
	w.needed = nil
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://registry.example/v2/acme/app/manifests/"+temporary[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.net.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if _, _, ok := w.reg.Manifest(w.path(), w.tags[0].Digest.String()); ok {
		t.Error("the image is still there")
	}
}

func TestGiteaRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault registrytest.Fault
		want  []string
	}{
		"the copy": {
			registrytest.Fault{Match: registrytest.On(http.MethodPut, "/manifests/sha256:"), Times: 1, Status: 400},
			[]string{"keeping a copy without a tag"},
		},
		"the tag": {
			registrytest.Fault{Match: registrytest.On(http.MethodDelete, temporary[1]), Status: 403},
			[]string{"write:package"},
		},
		"deleting at all": {
			registrytest.Fault{Match: registrytest.On(http.MethodDelete, temporary[1]), Status: 405},
			[]string{"not supported"},
		},
		"reading": {
			registrytest.Fault{Match: registrytest.On(http.MethodGet, temporary[1]), Status: 403},
			[]string{"reading it"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, registrytest.Options{}, gitea).publish()
				w.front.Inject(tt.fault)
				errs := w.untag()
				if len(errs) != 1 {
					t.Fatalf("errors = %v, want one", errs)
				}
				for tag, err := range errs {
					mustSay(t, err, tt.want...)
					w.mustKeep(tag)
				}
				for _, write := range w.writes() {
					if strings.HasPrefix(write, "PUT") && write != "PUT digest" {
						t.Errorf("%s: no tag is moved", write)
					}
				}
			})
		})
	}
}

func TestGiteaMovedAndGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, image, registrytest.Options{}, gitea).publish()
		w.reg.Tag(t, w.path(), w.index, temporary[0])
		w.deleteTag(temporary[1])
		mustBeMoved(t, w.mustRemove(temporary[0])[temporary[0]])
		w.mustAsk("PUT digest", "DELETE "+temporary[2])
		if got := w.reg.Tags(w.path())[temporary[0]]; got != w.index.String() {
			t.Errorf("the tag that moved points at %q, want %s", got, w.index)
		}
	})
}
