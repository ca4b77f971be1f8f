// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/secret"
)

const ghcrImage = "ghcr.io/acme/app"

// onGitHub runs a test with a package in a bubble of its own.
func onGitHub(t *testing.T, image string, publish func(*world) *world, test func(g *github)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(newGitHub(t, image, publish)) })
}

var released = []string{"1", "1.2", "1.2.3", "latest"}

func TestGHCROwners(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ image, owner string }{
		"an organization's":        {ghcrImage, "org"},
		"a user's":                 {"ghcr.io/octocat/app", "user"},
		"a user's, not public":     {"ghcr.io/octocat/app", "private"},
		"with a slash in the name": {"ghcr.io/acme/team/app", "org"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onGitHub(t, tt.image, (*world).publish, func(g *github) {
				g.owner = tt.owner
				g.mustRemove()
				if diff := cmp.Diff(released, g.tagsLeft()); diff != "" {
					g.t.Errorf("tags (-want +got):\n%s", diff)
				}
				g.mustAsk("PUT dummy", "PUT "+temporary[0]+" dummy", "PUT "+temporary[1]+" dummy", "PUT "+temporary[2]+" dummy")
				if got := g.deleted(); got != 4 {
					g.t.Errorf("%d versions were deleted, want the four dummies", got)
				}
			})
		})
	}
}

// TestGHCRFree deletes the indexes of single platforms as versions: no tag is
// moved, and nothing is pushed.
func TestGHCRFree(t *testing.T) {
	t.Parallel()
	onGitHub(t, ghcrImage, (*world).publishIndexes, func(g *github) {
		g.mustRemove()
		g.mustAsk()
		if got := g.deleted(); got != 3 {
			g.t.Errorf("%d versions were deleted, want three", got)
		}
		for _, tag := range g.tags {
			if _, _, ok := g.reg.Manifest(g.path(), tag.Digest.String()); ok {
				g.t.Errorf("the version of %s is still there", tag.Name)
			}
		}
	})
}

// TestGHCRShared has other tags on what the temporary tags point at.
func TestGHCRShared(t *testing.T) {
	t.Parallel()
	t.Run("a foreign tag", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publishIndexes, func(g *github) {
			g.reg.Tag(g.t, g.path(), g.tags[1].Digest, "nightly-arm")
			g.remember(time.Time{})
			g.mustRemove()
			g.mustAsk("PUT dummy", "PUT "+temporary[1]+" dummy")
			if got := g.reg.Tags(g.path())["nightly-arm"]; got != g.tags[1].Digest.String() {
				g.t.Errorf("nightly-arm points at %q, want %s", got, g.tags[1].Digest)
			}
		})
	})
	t.Run("two temporary tags", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publishIndexes, func(g *github) {
			g.reg.Tag(g.t, g.path(), g.tags[1].Digest, "12be34-linux-arm")
			g.temporary("12be34-linux-arm", g.tags[1].Digest)
			g.remember(time.Time{})
			g.mustRemove()
			g.mustAsk()
			if got := g.deleted(); got != 3 {
				g.t.Errorf("%d versions were deleted, want three", got)
			}
		})
	})
	t.Run("a promoted index", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
			g.reg.Tag(g.t, g.path(), g.index, "12be34")
			g.tags = nil
			g.temporary("12be34", g.index)
			g.remember(time.Time{})
			g.mustRemove()
			g.mustAsk("PUT dummy", "PUT 12be34 dummy")
		})
	})
}

func TestGHCRMovedAndGone(t *testing.T) {
	t.Parallel()
	for name, publish := range map[string]func(*world) *world{"images": (*world).publish, "indexes": (*world).publishIndexes} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onGitHub(t, ghcrImage, publish, func(g *github) {
				g.reg.Tag(g.t, g.path(), g.index, temporary[0])
				g.deleteTag(temporary[1])
				g.remember(time.Time{})
				mustBeMoved(g.t, g.mustRemove(temporary[0])[temporary[0]])
				if diff := cmp.Diff([]string{"1", "1.2", "1.2.3", temporary[0], "latest"}, g.tagsLeft()); diff != "" {
					g.t.Errorf("tags (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestGHCRStaleList waits for the list to show what was pushed, for as long as
// that makes sense.
func TestGHCRStaleList(t *testing.T) {
	t.Parallel()
	t.Run("behind by seconds", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
			g.lag = 15 * time.Second
			g.mustRemove()
		})
	})
	t.Run("behind by far", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
			g.lag = time.Hour
			start := time.Now()
			for _, err := range g.mustRemove(temporary...) {
				mustSay(g.t, err, "rehearsing", "as far as its list shows", "stays behind")
			}
			if took := time.Since(start); took > time.Minute {
				g.t.Errorf("it took %v", took)
			}
			g.mustKeep(temporary...)
			g.mustAsk("PUT dummy")
		})
	})
	t.Run("behind with a free version's tags", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publishIndexes, func(g *github) {
			// The list shows the version without its tag for a while.
			g.deleteTag(temporary[1])
			g.remember(time.Time{})
			g.reg.Tag(g.t, g.path(), g.tags[1].Digest, temporary[1])
			g.remember(time.Now())
			g.lag = 10 * time.Second
			g.mustRemove()
			g.mustAsk()
		})
	})
	t.Run("never shows a free version", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publishIndexes, func(g *github) {
			g.hidden = func(digest string) bool { return digest == g.tags[1].Digest.String() }
			g.mustRemove()
			g.mustAsk("PUT dummy", "PUT "+temporary[1]+" dummy")
		})
	})
	t.Run("never shows a dummy", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
			g.hidden = func(digest string) bool { return digest == g.reg.Tags(g.path())[temporary[1]] }
			mustSay(g.t, g.mustRemove(temporary[1])[temporary[1]], "as far as its list shows", "it was put back")
			g.mustKeep(temporary[1])
		})
	})
}

func TestGHCRPages(t *testing.T) {
	t.Parallel()
	t.Run("on the last page", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publishIndexes, func(g *github) {
			g.perPage = 2
			g.mustRemove()
		})
	})
	t.Run("too many", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publishIndexes, func(g *github) {
			g.perPage = 1
			g.hidden = func(digest string) bool { return digest == g.tags[0].Digest.String() }
			for _, err := range g.mustRemove(temporary...) {
				mustSay(g.t, err, "too many, 500 pages")
			}
			if got := g.lists; got != 500 {
				g.t.Errorf("%d pages were read", got)
			}
		})
	})
}

// TestGHCRForbidden has every way to lack the right to delete. No tag is moved.
func TestGHCRForbidden(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil  func(g *github)
		want   []string
		pushes bool // a dummy without a tag
	}{
		"no token":                      {func(g *github) { g.keys.Given[0].Password = secret.String{} }, []string{"credentials are missing", "delete:packages"}, false},
		"a token of another":            {func(g *github) { g.token = "other" }, []string{"401", "Bad credentials", `the login "octocat" came from registry_auth`}, false},
		"a classic token that may push": {func(g *github) { g.scopes = "repo, write:packages" }, []string{"no scopes but repo, write:packages", "delete:packages"}, false},
		"a job's token, and the package is not the repository's": {func(g *github) { g.scopes, g.login, g.refuses = "", "", 403 }, []string{"You do not have permission", "role Admin on the package"}, true},
		"the same, said otherwise":                               {func(g *github) { g.scopes, g.login, g.refuses = "", "", 404 }, []string{"Package not found", "role Admin on the package"}, true},
		"a package that is not shown":                            {func(g *github) { g.owner = "nobody" }, []string{"GitHub shows no package acme/app to this token"}, false},
		"a job's token, likewise":                                {func(g *github) { g.owner, g.login, g.scopes = "private", "", "" }, []string{"GitHub shows no package acme/app to this token"}, false},
		"a namesake of another user":                             {func(g *github) { g.owner, g.login = "private", "hubot" }, []string{"GitHub shows no package acme/app to this token"}, false},
	}
	for name, tt := range tests {
		for kind, publish := range map[string]func(*world) *world{"images": (*world).publish, "indexes": (*world).publishIndexes} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				onGitHub(t, ghcrImage, publish, func(g *github) {
					tt.spoil(g)
					for _, err := range g.mustRemove(temporary...) {
						mustBeForbidden(g.t, err, tt.want...)
					}
					g.mustKeep(temporary...)
					if got := g.asked(http.MethodDelete); got > 1 {
						g.t.Errorf("%d deletes were tried, want one: all are refused alike", got)
					}
					if tt.pushes && kind == "images" {
						g.mustAsk("PUT dummy")
					} else {
						g.mustAsk()
					}
				})
			})
		}
	}
}

func TestGHCROwnToken(t *testing.T) {
	t.Parallel()
	onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
		g.token = "ghp_admin"
		g.give("api.github.com", "", "ghp_admin", "api.github.com")
		g.at[classic] = []string{"ghcr.io"}
		g.mustRemove()
	})
}

// TestGHCRPartialRefusals refuses one delete among others.
func TestGHCRPartialRefusals(t *testing.T) {
	t.Parallel()
	del := registrytest.On(http.MethodDelete, "/versions/")
	nth := func(n int, f registrytest.Fault) registrytest.Fault {
		f.Match, f.From, f.Times = del, n, 1
		return f
	}
	downloads := `{"message":"Publicly visible package versions with more than 5000 downloads cannot be deleted. Contact GitHub support for further assistance.","status":"400"}`
	tests := map[string]struct {
		publish func(*world) *world
		fault   registrytest.Fault
		want    []string // nothing: all are removed
	}{
		"a dummy, 403":                 {(*world).publish, nth(3, registrytest.Fault{Status: 403, Body: `{"message":"no"}`}), []string{"403", "it was put back"}},
		"a dummy, 404":                 {(*world).publish, nth(3, registrytest.Fault{Status: 404, Body: `{"message":"Package not found."}`}), []string{"404", "it was put back"}},
		"a dummy, page of HTML":        {(*world).publish, nth(3, registrytest.Fault{Status: 400, HTML: true}), []string{"a page of HTML", "it was put back"}},
		"a dummy, redirect":            {(*world).publish, nth(3, registrytest.Fault{Status: 301, Header: http.Header{"Location": {"https://elsewhere.example/"}}}), []string{"not followed", "it was put back"}},
		"a dummy, done and not said":   {(*world).publish, nth(3, registrytest.Fault{Status: 400, Applied: true}), nil},
		"a dummy, answer lost":         {(*world).publish, nth(3, registrytest.Fault{Reset: true, Applied: true}), nil},
		"a dummy, 502 after all":       {(*world).publish, nth(3, registrytest.Fault{Status: 502, Applied: true}), nil},
		"a dummy, said and not done":   {(*world).publish, nth(3, registrytest.Fault{Status: 204}), []string{"still there", "it was put back"}},
		"a version, 400":               {(*world).publishIndexes, nth(2, registrytest.Fault{Status: 400, Body: downloads}), []string{"more than 5000 downloads"}},
		"a version, said and not done": {(*world).publishIndexes, nth(2, registrytest.Fault{Status: 204}), []string{"still there"}},
		"a version, 502 after all":     {(*world).publishIndexes, nth(2, registrytest.Fault{Status: 502, Applied: true}), nil},
		"secondary rate limit":         {(*world).publish, nth(2, registrytest.Fault{Status: 403, Body: `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`}), nil},
		"primary rate limit":           {(*world).publish, nth(2, registrytest.Fault{Status: 403, Header: http.Header{"X-Ratelimit-Remaining": {"0"}}, Body: `{"message":"API rate limit exceeded"}`}), nil},
		"429":                          {(*world).publishIndexes, nth(2, registrytest.Fault{Status: 429, Header: http.Header{"Retry-After": {"30"}}}), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onGitHub(t, ghcrImage, tt.publish, func(g *github) {
				g.api.Inject(tt.fault)
				errs := g.untag()
				if tt.want == nil && len(errs) > 0 || tt.want != nil && len(errs) != 1 {
					g.t.Fatalf("errors = %v", errs)
				}
				for tag, err := range errs {
					mustSay(g.t, err, tt.want...)
					g.mustKeep(tag)
				}
				if got := len(g.tagsLeft()); got != len(released)+len(errs) {
					g.t.Errorf("tags = %q", g.tagsLeft())
				}
			})
		})
	}
}

// TestGHCRRateLimit waits for as long as GitHub wants.
func TestGHCRRateLimit(t *testing.T) {
	t.Parallel()
	onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
		g.api.Inject(registrytest.Fault{
			Match: registrytest.On(http.MethodGet, "/versions"), Times: 1, Status: 403,
			Body: `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`,
		})
		start := time.Now()
		g.mustRemove()
		if took := time.Since(start); took < time.Minute {
			g.t.Errorf("it took %v, want the minute that GitHub asks for", took)
		}
	})
}

func TestGHCRBrokenLists(t *testing.T) {
	t.Parallel()
	list := registrytest.On(http.MethodGet, "/versions")
	tests := map[string]struct {
		spoil func(g *github)
		want  string
	}{
		"no IDs":         {func(g *github) { g.noID = true }, "a version without an ID"},
		"a page of HTML": {func(g *github) { g.api.Inject(registrytest.Fault{Match: list, Status: 200, HTML: true}) }, "a page of HTML"},
		"no list":        {func(g *github) { g.api.Inject(registrytest.Fault{Match: list, Status: 200, Body: `{}`}) }, "parsing the answer"},
		"500":            {func(g *github) { g.api.Inject(registrytest.Fault{Match: list, Status: 500}) }, "500"},
		"a package that is not there": {func(g *github) {
			g.api.Inject(registrytest.Fault{Match: registrytest.On(http.MethodGet, "/app$"), Status: 500})
		}, "500"},
	}
	for name, tt := range tests {
		for kind, publish := range map[string]func(*world) *world{"images": (*world).publish, "indexes": (*world).publishIndexes} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				onGitHub(t, ghcrImage, publish, func(g *github) {
					tt.spoil(g)
					for _, err := range g.mustRemove(temporary...) {
						mustSay(g.t, err, tt.want)
					}
					g.mustKeep(temporary...)
				})
			})
		}
	}
}

// TestGHCROvertaken has somebody push a tag anew while its dummy is deleted.
func TestGHCROvertaken(t *testing.T) {
	t.Parallel()
	t.Run("before the list is read", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
			g.hidden = func(digest string) bool {
				if g.isDummy(digest) && g.reg.Tags(g.path())[temporary[1]] == digest {
					g.reg.Tag(g.t, g.path(), g.index, temporary[1])
					return true
				}
				return false
			}
			mustBeMoved(g.t, g.mustRemove(temporary[1])[temporary[1]])
		})
	})
	t.Run("with a tag of its own on the dummy", func(t *testing.T) {
		t.Parallel()
		onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
			g.strays = []string{"mine"}
			g.hidden = func(digest string) bool {
				if g.isDummy(digest) && g.reg.Tags(g.path())[temporary[1]] == digest && g.reg.Tags(g.path())["mine"] == "" {
					g.reg.Tag(g.t, g.path(), g.digestOf(digest), "mine")
					g.remember(time.Now())
					return true // this once
				}
				return false
			}
			mustSay(g.t, g.mustRemove(temporary[1])[temporary[1]], "it was put back")
			g.mustKeep(temporary[1])
			if g.reg.Tags(g.path())["mine"] == "" {
				g.t.Error("a tag that is not ours is gone")
			}
		})
	})
}

func TestGHCRCancelled(t *testing.T) {
	t.Parallel()
	onGitHub(t, ghcrImage, (*world).publish, func(g *github) {
		ctx, cancel := context.WithCancelCause(g.t.Context())
		g.tags = g.tags[:1]
		g.hidden = func(string) bool {
			if g.isDummy(g.reg.Tags(g.path())[temporary[0]]) {
				cancel(errors.New("interrupted"))
			}
			return false
		}
		mustSay(g.t, g.untagIn(ctx)[temporary[0]], "put back")
		g.mustKeep(temporary[0])
	})
}

func TestGHCRNoPackage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ghcr.io/app", registrytest.Options{}, nil)
		w.temporary("1-linux", w.reg.PushImage(t, "app:1-linux", "linux/amd64"))
		mustSay(t, w.mustRemove("1-linux")["1-linux"], "names no package")
	})
}
