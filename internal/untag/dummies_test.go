// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/registrytest"
)

// onlyManifests is distribution v2.8 with deletes switched on.
var onlyManifests = registrytest.Options{Delete: registrytest.DeleteManifests}

func TestDummies(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]registrytest.Options{
		"distribution v2.8": onlyManifests,
		"with tokens":       {Delete: registrytest.DeleteManifests, Users: map[string]string{"bot": "hunter2"}, Bearer: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, o, nil).publish().give("registry.example", "bot", "hunter2", "registry.example")
				w.mustRemove()
				w.mustAsk(
					"DELETE "+temporary[0], "DELETE "+temporary[1], "DELETE "+temporary[2],
					"PUT dummy", "DELETE dummy",
					"PUT "+temporary[0]+" dummy", "PUT "+temporary[1]+" dummy", "PUT "+temporary[2]+" dummy",
					"DELETE dummy", "DELETE dummy", "DELETE dummy",
				)
				if got := w.writes()[3:5]; !cmp.Equal(got, []string{"PUT dummy", "DELETE dummy"}) {
					t.Errorf("before the first tag is moved: %q, want the rehearsal", got)
				}
			})
		})
	}
}

// TestDummiesSwitchedOff moves no tag where nothing can be deleted.
func TestDummiesSwitchedOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, image, registrytest.Options{Delete: registrytest.DeleteNothing}, nil).publish()
		for _, err := range w.mustRemove(temporary...) {
			mustBeUnsupported(t, err)
			mustSay(t, err, "deletes neither tags nor manifests", "stays behind")
		}
		w.mustKeep(temporary...)
		w.mustAsk("DELETE "+temporary[0], "DELETE "+temporary[1], "DELETE "+temporary[2], "PUT dummy", "DELETE dummy")
	})
}

// TestDummiesWithoutRights has an account that may push, and not delete.
func TestDummiesWithoutRights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, image, onlyManifests, nil).publish().give("registry.example", "bot", "hunter2", "registry.example")
		w.front.Inject(registrytest.Fault{Match: registrytest.On(http.MethodDelete, "/manifests/sha256:"), Status: 403})
		for _, err := range w.mustRemove(temporary...) {
			mustBeForbidden(t, err, "rehearsing", `the login "bot" came from registry_auth`)
		}
		w.mustKeep(temporary...)
	})
}

// TestDummiesPutBack has a registry that deletes all but one.
func TestDummiesPutBack(t *testing.T) {
	t.Parallel()
	// Those of the rehearsal and of the first tags go; the next does not.
	third := func(f registrytest.Fault) registrytest.Fault {
		f.Match, f.From, f.Times = registrytest.On(http.MethodDelete, "/manifests/sha256:"), 4, 1
		return f
	}
	tests := map[string]struct {
		faults []registrytest.Fault
		want   []string // in the error; nothing: there is none
	}{
		"refused":               {[]registrytest.Fault{third(registrytest.Fault{Status: 403})}, []string{"DENIED", "it was put back"}},
		"not any more":          {[]registrytest.Fault{third(registrytest.Fault{Status: 405})}, []string{"UNSUPPORTED", "it was put back"}},
		"a page of HTML":        {[]registrytest.Fault{third(registrytest.Fault{Status: 403, HTML: true})}, []string{"it was put back"}},
		"done, but not said":    {[]registrytest.Fault{third(registrytest.Fault{Status: 403, Applied: true})}, nil},
		"done, and answer lost": {[]registrytest.Fault{third(registrytest.Fault{Reset: true, Applied: true})}, nil},
		"said, but not done":    {[]registrytest.Fault{third(registrytest.Fault{Status: 202})}, []string{"still there", "it was put back"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, onlyManifests, nil).publish()
				w.front.Inject(tt.faults...)
				errs := w.untag()
				if tt.want == nil && len(errs) > 0 || tt.want != nil && len(errs) != 1 {
					t.Fatalf("errors = %v", errs)
				}
				for tag, err := range errs {
					mustSay(t, err, tt.want...)
					w.mustKeep(tag)
				}
				if got := len(w.reg.Tags(w.path())); got != 4+len(errs) {
					t.Errorf("%d tags are left: %v", got, w.reg.Tags(w.path()))
				}
			})
		})
	}
}

func TestDummiesPutBackFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, image, onlyManifests, nil).publish()
		w.tags = w.tags[:1]
		w.strays = []string{temporary[0]}
		w.front.Inject(
			registrytest.Fault{Match: registrytest.On(http.MethodDelete, "/manifests/sha256:"), From: 2, Status: 403},
			registrytest.Fault{Match: registrytest.On(http.MethodPut, temporary[0]), From: 2, Status: 400},
		)
		mustSay(t, w.mustRemove(temporary[0])[temporary[0]], "DENIED", "it points at a dummy now, as putting it back failed")
	})
}

// TestDummiesMoving has what can happen to the one write to a tag.
func TestDummiesMoving(t *testing.T) {
	t.Parallel()
	put := registrytest.On(http.MethodPut, temporary[1])
	tests := map[string]struct {
		fault registrytest.Fault
		want  []string
	}{
		"refused":                  {registrytest.Fault{Match: put, Status: 403}, []string{"moving it to a dummy", "DENIED"}},
		"done, but said otherwise": {registrytest.Fault{Match: put, Times: 1, Status: 403, Applied: true}, []string{"moving it to a dummy", "it was put back"}},
		"answer lost":              {registrytest.Fault{Match: put, Times: 1, Reset: true, Applied: true}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, onlyManifests, nil).publish()
				w.front.Inject(tt.fault)
				if tt.want == nil {
					w.mustRemove()
					return
				}
				mustSay(t, w.mustRemove(temporary[1])[temporary[1]], tt.want...)
				w.mustKeep(temporary[1])
			})
		})
	}
	t.Run("immutable", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := onlyManifests
			o.ImmutableTags = func(_, tag string) bool { return tag == temporary[1] }
			w := newWorld(t, image, o, nil).publish()
			mustSay(t, w.mustRemove(temporary[1])[temporary[1]], "TAG_IMMUTABLE")
			w.mustKeep(temporary[1])
		})
	})
}

// TestDummiesOvertaken has somebody push a tag anew while it points at a dummy.
func TestDummiesOvertaken(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"and it is deleted": 0, "and it is not": 403} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, onlyManifests, func(w *world, next http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
						moved := w.isDummy(w.reg.Tags(w.path())[temporary[1]])
						if _, ok := w.isDigest(req, http.MethodDelete); ok && moved {
							w.reg.Tag(t, w.path(), w.index, temporary[1])
							if status != 0 {
								refuse(rw, status, "DENIED", "no")
								return
							}
						}
						next.ServeHTTP(rw, req)
					})
				}).publish()
				w.tags = w.tags[1:2]
				mustBeMoved(t, w.mustRemove(temporary[1])[temporary[1]])
				if got := w.reg.Tags(w.path())[temporary[1]]; got != w.index.String() {
					t.Errorf("the tag points at %q, want what was pushed, %s", got, w.index)
				}
			})
		})
	}
}

// TestDummiesCancelled ends the run while a tag points at a dummy.
func TestDummiesCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w := newWorld(t, image, onlyManifests, func(w *world, next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
				next.ServeHTTP(rw, req)
				if tag, ok := w.isTag(req, http.MethodPut); ok && tag == temporary[1] {
					cancel(errors.New("interrupted"))
				}
			})
		}).publish()
		w.tags = w.tags[1:2]
		mustSay(t, w.untagIn(ctx)[temporary[1]], "put back")
		w.mustKeep(temporary[1])
	})
}

// ecr refuses to take the last tag off an image that an index lists.
func ecr(deletes bool) func(w *world, next http.Handler) http.Handler {
	return func(w *world, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			digest, byDigest := w.isDigest(req, http.MethodDelete)
			_, byTag := w.isTag(req, http.MethodDelete)
			switch {
			case byTag:
				w.t.Errorf("%s %s: Amazon's registries are not asked to delete tags", req.Method, req.URL.Path)
			case byDigest && !deletes:
				http.Error(rw, "404 page not found", http.StatusNotFound)
				return
			case byDigest && !w.isDummy(digest):
				refuse(rw, 400, "UNSUPPORTED", "ImageReferencedByManifestList")
				return
			}
			next.ServeHTTP(rw, req)
		})
	}
}

func TestECR(t *testing.T) {
	t.Parallel()
	o := registrytest.Options{NoDigestHeader: true, Users: map[string]string{"AWS": "hunter2"}}
	for _, image := range []string{"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app", "public.ecr.aws/acme/app"} {
		host, _, _ := strings.Cut(image, "/")
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, o, ecr(true)).publish().give(host, "AWS", "hunter2", host)
				w.mustRemove()
			})
		})
		t.Run(host+", which deletes nothing", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, o, ecr(false)).publish().give(host, "AWS", "hunter2", host)
				for _, err := range w.mustRemove(temporary...) {
					mustBeUnsupported(t, err)
				}
				w.mustKeep(temporary...)
				w.mustAsk("PUT dummy", "DELETE dummy")
			})
		})
	}
}

// TestRehearsalFails has what can happen to the rehearsal.
func TestRehearsalFails(t *testing.T) {
	t.Parallel()
	push := registrytest.On(http.MethodPut, "/manifests/sha256:")
	tests := map[string]struct {
		fault registrytest.Fault
		want  string
	}{
		"blobs":              {registrytest.Fault{Match: registrytest.On(http.MethodPost, "/blobs/uploads/"), Status: 403}, "rehearsing with a dummy that has no tag: pushing what it consists of"},
		"manifest":           {registrytest.Fault{Match: push, Status: 400}, "rehearsing with a dummy that has no tag: pushing it"},
		"server errors":      {registrytest.Fault{Match: registrytest.On(http.MethodDelete, "/manifests/sha256:"), Status: 500}, "rehearsing with a dummy that has no tag: deleting it"},
		"said, but not done": {registrytest.Fault{Match: registrytest.On(http.MethodDelete, "/manifests/sha256:"), Status: 202}, "rehearsing with a dummy that has no tag: the registry took the request, but it is still there"},
		"done, but not said": {registrytest.Fault{Match: registrytest.On(http.MethodDelete, "/manifests/sha256:"), Times: 1, Status: 500, Applied: true}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, image, onlyManifests, nil).publish()
				w.front.Inject(tt.fault)
				if tt.want == "" {
					w.mustRemove()
					return
				}
				start := time.Now()
				for _, err := range w.mustRemove(temporary...) {
					mustSay(t, err, tt.want)
				}
				if took := time.Since(start); took > 20*time.Second {
					t.Errorf("it took %v", took)
				}
				w.mustKeep(temporary...)
			})
		})
	}
}
