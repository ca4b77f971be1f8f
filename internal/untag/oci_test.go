// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/registrytest"
)

const image = "registry.example/acme/app"

func TestOCI(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]registrytest.Options{
		"distribution v3":   {},
		"without digests":   {NoDigestHeader: true},
		"with a password":   {Users: map[string]string{"bot": "hunter2"}},
		"with tokens":       {Users: map[string]string{"bot": "hunter2"}, Bearer: true},
		"with short tokens": {Users: map[string]string{"bot": "hunter2"}, Bearer: true, TokenLifetime: 60 * time.Second, Latency: 25 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, o, nil).publish().give("registry.example", "bot", "hunter2", "registry.example")
				w.mustRemove()
				w.mustAsk("DELETE "+temporary[0], "DELETE "+temporary[1], "DELETE "+temporary[2])
			})
		})
	}
}

// TestOCILeavesOthersAlone has a tag that moved, one that is gone, and one more
// beside the temporary ones on an image.
func TestOCILeavesOthersAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, image, registrytest.Options{}, nil).publish()
		w.reg.Tag(t, w.path(), w.tags[2].Digest, "edge-arm64")
		w.reg.Tag(t, w.path(), w.index, temporary[0])
		w.deleteTag(temporary[1])
		errs := w.mustRemove(temporary[0])
		mustBeMoved(t, errs[temporary[0]])
		w.mustAsk("DELETE " + temporary[2])
		if got := w.reg.Tags(w.path())["edge-arm64"]; got != w.tags[2].Digest.String() {
			t.Errorf("edge-arm64 points at %q, want %s", got, w.tags[2].Digest)
		}
		if got := w.reg.Tags(w.path())[temporary[0]]; got != w.index.String() {
			t.Errorf("the tag that moved points at %q now, want %s", got, w.index)
		}
	})
}

func TestOCINothingToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, image, registrytest.Options{}, nil).publish()
		for _, tag := range temporary {
			w.deleteTag(tag)
		}
		w.mustRemove()
		w.mustAsk()
	})
}

func TestOCIPartialRefusals(t *testing.T) {
	t.Parallel()
	refusal := func(status int, code string) func(w *world, next http.Handler) http.Handler {
		return func(w *world, next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
				if tag, ok := w.isTag(req, http.MethodDelete); ok && tag == temporary[1] {
					refuse(rw, status, code, "no")
					return
				}
				next.ServeHTTP(rw, req)
			})
		}
	}
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, image, registrytest.Options{}, refusal(403, "DENIED")).publish()
			w.give("registry.example", "bot", "hunter2", "registry.example")
			mustBeForbidden(t, w.mustRemove(temporary[1])[temporary[1]],
				"may delete in the repository", `the login "bot" came from registry_auth`)
			w.mustKeep(temporary[1])
		})
	})
	t.Run("immutable", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, image, registrytest.Options{ImmutableTags: func(_, tag string) bool { return tag == temporary[1] }}, nil).publish()
			mustSay(t, w.mustRemove(temporary[1])[temporary[1]], "TAG_IMMUTABLE")
			w.mustKeep(temporary[1])
		})
	})
	t.Run("a proxy's page", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, image, registrytest.Options{}, nil).publish()
			w.front.Inject(registrytest.Fault{Match: registrytest.On(http.MethodDelete, temporary[1]), Status: 403, HTML: true})
			mustBeForbidden(t, w.mustRemove(temporary[1])[temporary[1]])
			w.mustKeep(temporary[1])
		})
	})
	t.Run("a tag that cannot be looked up", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, image, registrytest.Options{}, nil).publish()
			w.front.Inject(registrytest.Fault{Match: registrytest.On(http.MethodHead, temporary[1]), Status: 500})
			mustSay(t, w.mustRemove(temporary[1])[temporary[1]], "looking it up", "500")
			w.mustAsk("DELETE "+temporary[0], "DELETE "+temporary[2])
		})
	})
	t.Run("a lost answer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, image, registrytest.Options{}, nil).publish()
			w.front.Inject(registrytest.Fault{Match: registrytest.On(http.MethodDelete, temporary[1]), Times: 1, Applied: true, Reset: true})
			w.mustRemove()
		})
	})
}

// TestNeedsOfHosts has a registry that lets nobody delete. What it takes is said
// in its own words.
func TestNeedsOfHosts(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"registry.gitlab.com/acme/app":                     `the scope "api"`,
		"quay.io/acme/app":                                 "may write to the repository",
		"europe-docker.pkg.dev/p/r/app":                    "artifactregistry.tags.delete",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app": "ecr:BatchDeleteImage",
		"public.ecr.aws/acme/app":                          "ecr-public:BatchDeleteImage",
		"registry.example/acme/app":                        "may delete in the repository",
	} {
		t.Run(image, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, registrytest.Options{
					Users: map[string]string{"bot": "hunter2"}, Bearer: true,
					Allow: func(_, _, action string) bool { return action != "delete" },
				}, nil).publish()
				host := w.repo.RegistryStr()
				w.give(host, "bot", "hunter2", host)
				for _, err := range w.mustRemove(temporary...) {
					mustBeForbidden(t, err, want, `the login "bot"`)
				}
				w.mustKeep(temporary...)
			})
		})
	}
}

// slow lets a tag reappear for some looks after it was deleted.
func slow(looks int64) func(w *world, next http.Handler) http.Handler {
	return func(w *world, next http.Handler) http.Handler {
		var left atomic.Int64
		var digest string
		return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			if tag, ok := w.isTag(req, http.MethodDelete); ok && tag == temporary[1] {
				digest = w.tags[1].Digest.String()
				left.Store(looks)
			}
			if tag, ok := w.isTag(req, http.MethodHead); ok && tag == temporary[1] && left.Add(-1) >= 0 {
				req.URL.Path = "/v2/" + w.path() + "/manifests/" + digest
			}
			next.ServeHTTP(rw, req)
		})
	}
}

func TestSlowDeletes(t *testing.T) {
	t.Parallel()
	t.Run("after a while", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { newWorld(t, image, registrytest.Options{}, slow(5)).publish().mustRemove() })
	})
	t.Run("never", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			errs := newWorld(t, image, registrytest.Options{}, slow(1000)).publish().mustRemove(temporary[1])
			mustSay(t, errs[temporary[1]], "still there")
			if took := time.Since(start); took > 16*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	})
	t.Run("pushed anew", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, image, registrytest.Options{}, func(w *world, next http.Handler) http.Handler {
				return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
					next.ServeHTTP(rw, req)
					if tag, ok := w.isTag(req, http.MethodDelete); ok && tag == temporary[1] {
						w.reg.Tag(t, w.path(), w.tags[0].Digest, temporary[1])
					}
				})
			}).publish()
			mustBeMoved(t, w.mustRemove(temporary[1])[temporary[1]])
		})
	})
}
