// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/registrytest"
)

// github is GHCR and GitHub's API of packages, as its documentation and the
// reports of its users have it. The registry deletes nothing. A version of a
// package is a manifest; to delete it takes all its tags along, whatever index
// lists it.
type github struct {
	*world

	api *registrytest.Recorder
	// owner is "org", "user", or "private": a user whose package is not public.
	owner string
	// token is what is accepted; login is whose it is, empty for a job's.
	token, login string
	// scopes are those of a classic token.
	scopes string
	// refuses is the status of a refused delete; 0: it is allowed.
	refuses int
	// lag is by how much the list of versions is behind.
	lag time.Duration
	// perPage is how many versions a page holds.
	perPage int

	lock    sync.Mutex
	ids     map[string]int // by digest
	lastID  int
	history []snapshot
	lists   int                 // pages that were read
	shown   map[string][]string // the tags of a digest when it was last listed
	listing sync.Mutex
	// hidden keeps versions from the list, and noID their IDs.
	hidden func(digest string) bool
	noID   bool
}

// listed is a version as the list has it.
type listed struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Metadata struct {
		PackageType string `json:"package_type"`
		Container   struct {
			Tags []string `json:"tags"`
		} `json:"container"`
	} `json:"metadata"`
}

type snapshot struct {
	at       time.Time
	versions []listed
}

const classic = "ghp_classic"

// newGitHub makes a package with a release, which its owner pushes and deletes
// with one classic token.
func newGitHub(t *testing.T, image string, publish func(*world) *world) *github {
	t.Helper()
	g := &github{owner: "org", token: classic, login: "octocat", scopes: "delete:packages, repo, write:packages", perPage: 100, ids: map[string]int{}, shown: map[string][]string{}}
	g.world = newWorld(t, image, registrytest.Options{}, func(_ *world, next http.Handler) http.Handler { return g.front(next) })
	publish(g.world).give("ghcr.io", "octocat", classic, "ghcr.io", "api.github.com")
	g.api = registrytest.Record(http.HandlerFunc(g.serve))
	g.net["api.github.com"] = g.api
	// It is there for long, below many others.
	for i := range 250 {
		g.appear(fmt.Sprintf("sha256:%064x", i))
	}
	for _, d := range g.needed {
		g.appear(d.String())
	}
	for _, tag := range g.tags {
		g.appear(tag.Digest.String())
	}
	g.remember(time.Time{})
	return g
}

// front is ghcr.io.
func (g *github) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodDelete {
			refuse(rw, 405, "UNSUPPORTED", "The operation is unsupported.")
			return
		}
		body := ""
		_, isTag := g.isTag(req, http.MethodPut)
		_, isDigest := g.isDigest(req, http.MethodPut)
		if isTag || isDigest {
			body = readBody(req)
		}
		next.ServeHTTP(rw, req)
		if body != "" {
			digest, _, _ := v1.SHA256(strings.NewReader(body))
			g.appear(digest.String())
			g.remember(time.Now())
		}
	})
}

// appear gives a digest its ID.
func (g *github) appear(digest string) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.ids[digest] == 0 {
		g.lastID++
		g.ids[digest] = g.lastID
	}
}

// remember takes down how the list looks.
func (g *github) remember(at time.Time) {
	g.lock.Lock()
	defer g.lock.Unlock()
	tags := map[string][]string{}
	for tag, digest := range g.reg.Tags(g.path()) {
		tags[digest] = append(tags[digest], tag)
	}
	now := snapshot{at: at}
	for digest, id := range g.ids {
		v := listed{ID: id, Name: digest}
		v.Metadata.PackageType = "container"
		v.Metadata.Container.Tags = slices.Sorted(slices.Values(tags[digest]))
		if v.Metadata.Container.Tags == nil {
			v.Metadata.Container.Tags = []string{}
		}
		now.versions = append(now.versions, v)
	}
	slices.SortFunc(now.versions, func(a, b listed) int { return b.ID - a.ID })
	g.history = append(g.history, now)
}

// list is what the API shows of the versions now.
func (g *github) list() []listed {
	g.listing.Lock() // hidden may change what the next one has to see
	defer g.listing.Unlock()
	var out []listed
	g.lock.Lock()
	g.lists++
	for _, s := range g.history {
		if s.at.IsZero() || !s.at.After(time.Now().Add(-g.lag)) {
			out = s.versions
		}
	}
	g.lock.Unlock()
	return slices.DeleteFunc(slices.Clone(out), func(v listed) bool { return g.hidden != nil && g.hidden(v.Name) })
}

// serve is api.github.com.
func (g *github) serve(rw http.ResponseWriter, req *http.Request) {
	if req.Header.Get("Authorization") != "Bearer "+g.token {
		answer(rw, 401, `{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}`)
		return
	}
	if req.Header.Get("Accept") != "application/vnd.github+json" || req.Header.Get("X-Github-Api-Version") == "" {
		g.t.Errorf("%s %s lacks headers: %v", req.Method, req.URL, req.Header)
	}
	if g.scopes != "" {
		rw.Header().Set("X-OAuth-Scopes", g.scopes)
	}
	owner, name, _ := strings.Cut(g.path(), "/")
	pkg := "/packages/container/" + strings.ReplaceAll(name, "/", "%2F")
	places := map[string]string{"org": "/orgs/" + owner, "user": "/users/" + owner, "private": "/user"}
	path := req.URL.EscapedPath()
	rest, ok := strings.CutPrefix(path, places[g.owner]+pkg)
	switch {
	case path == "/user" && g.login == "":
		answer(rw, 403, `{"message":"Resource not accessible by integration","status":"403"}`)
	case path == "/user":
		answer(rw, 200, `{"login":"`+g.login+`","id":1}`)
	case !ok:
		answer(rw, 404, `{"message":"Package not found.","documentation_url":"https://docs.github.com/rest/packages","status":"404"}`)
	case rest == "" && req.Method == http.MethodGet:
		answer(rw, 200, `{"id":1,"name":"app","package_type":"container"}`)
	case rest == "/versions" && req.Method == http.MethodGet:
		g.serveList(rw, req)
	case strings.HasPrefix(rest, "/versions/") && req.Method == http.MethodDelete:
		g.serveDelete(rw, strings.TrimPrefix(rest, "/versions/"))
	default:
		g.t.Errorf("%s %s: nothing of the kind is documented, or it deletes far too much", req.Method, req.URL)
		answer(rw, 404, `{"message":"Not Found","status":"404"}`)
	}
}

func (g *github) serveList(rw http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	page, err := strconv.Atoi(query.Get("page"))
	if err != nil || page < 1 || query.Get("per_page") != "100" || query.Get("state") != "active" {
		g.t.Errorf("query = %v", query)
	}
	all := g.list()
	from, to := min((page-1)*g.perPage, len(all)), min(page*g.perPage, len(all))
	if to < len(all) {
		// It may look as it likes: it is not to be followed with the token.
		rw.Header().Set("Link", `<https://api.github.example/packages?page=`+strconv.Itoa(page+1)+`>; rel="next", <https://api.github.example/x>; rel="last"`)
	}
	shown := slices.Clone(all[from:to])
	g.lock.Lock()
	for i, v := range shown {
		g.shown[v.Name] = v.Metadata.Container.Tags
		if g.noID {
			shown[i].ID = 0
		}
	}
	g.lock.Unlock()
	body, err := json.Marshal(shown)
	if err != nil {
		g.t.Error(err)
	}
	answer(rw, 200, string(body))
}

func (g *github) serveDelete(rw http.ResponseWriter, id string) {
	switch g.refuses {
	case 0:
	case 403:
		answer(rw, 403, `{"message":"You do not have permission to delete this package version.","status":"403"}`)
		return
	default:
		answer(rw, g.refuses, `{"message":"Package not found.","status":"`+strconv.Itoa(g.refuses)+`"}`)
		return
	}
	v, ok := g.find(id)
	if !ok {
		answer(rw, 404, `{"message":"Package not found.","status":"404"}`)
		return
	}
	g.mayDelete(v)
	if len(v.Metadata.Container.Tags) > 0 && len(v.Metadata.Container.Tags) == len(g.reg.Tags(g.path())) {
		answer(rw, 400, `{"message":"You cannot delete the last tagged version of a package. You must delete the package instead.","status":"400"}`)
		return
	}
	g.deleteManifest(v.Name)
	g.lock.Lock()
	delete(g.ids, v.Name)
	g.lock.Unlock()
	g.remember(time.Now())
	rw.WriteHeader(http.StatusNoContent)
}

// find returns the version of an ID as it is, whatever the list shows.
func (g *github) find(id string) (listed, bool) {
	g.lock.Lock()
	defer g.lock.Unlock()
	versions := g.history[len(g.history)-1].versions
	i := slices.IndexFunc(versions, func(v listed) bool { return strconv.Itoa(v.ID) == id })
	if i < 0 {
		return listed{}, false
	}
	v := versions[i]
	v.Metadata.Container.Tags = nil
	for tag, digest := range g.reg.Tags(g.path()) {
		if digest == v.Name {
			v.Metadata.Container.Tags = append(v.Metadata.Container.Tags, tag)
		}
	}
	return v, true
}

// mayDelete fails the test unless a version is a dummy that was listed with the
// one tag that was moved to it, or is free by the rule: not needed, and with
// nothing on it but tags that are to be removed.
func (g *github) mayDelete(v listed) {
	g.lock.Lock()
	shown := g.shown[v.Name]
	g.lock.Unlock()
	if note := g.noteOf(v.Name); note != "" {
		if want := strings.ReplaceAll(note, "rehearsal", ""); strings.Join(shown, " ") != want {
			g.t.Errorf("the dummy of %s is deleted, which was listed with the tags %q", note, shown)
		}
		return
	}
	if slices.ContainsFunc(g.needed, func(d v1.Hash) bool { return d.String() == v.Name }) {
		g.t.Errorf("the version %s, which the release needs, is deleted", v.Name)
	}
	if len(shown) == 0 {
		g.t.Errorf("the version %s is deleted, which was listed without a tag", v.Name)
	}
	doomed := map[string]bool{}
	for _, t := range g.tags {
		doomed[t.Name] = true
	}
	for _, tag := range append(shown, v.Metadata.Container.Tags...) {
		if !doomed[tag] {
			g.t.Errorf("the version %s is deleted, with the tag %s on it", v.Name, tag)
		}
	}
}

// asked returns how often the API was asked by a method.
func (g *github) asked(method string) int {
	n := 0
	for _, q := range g.api.Requests() {
		if q.Method == method {
			n++
		}
	}
	return n
}

// deleted returns how many versions were deleted.
func (g *github) deleted() int {
	n := 0
	for _, q := range g.api.Requests() {
		if q.Method == http.MethodDelete && q.Status == http.StatusNoContent {
			n++
		}
	}
	return n
}

// tagsLeft are the tags that are there, in order.
func (g *github) tagsLeft() []string { return slices.Sorted(maps.Keys(g.reg.Tags(g.path()))) }
