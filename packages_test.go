// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/registrytest"
)

// packages is GitHub's API of packages, over a registry. A version of a package is a manifest; to delete it takes all its tags along,
// whatever index lists it.
// https://docs.github.com/rest/packages/packages
type packages struct {
	registry *locked
	scopes   map[string]string // of each token; empty: it is a job's
	owners   string            // orgs or users
	refuses  int               // status of a refused delete; 0: it is allowed

	mu   sync.Mutex
	ids  map[string]map[string]int // of each digest, by repository
	last int
}

// packageVersion is a version in a list.
type packageVersion struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Metadata struct {
		Container struct {
			Tags []string `json:"tags"`
		} `json:"container"`
	} `json:"metadata"`
}

func cmdPackages(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 0, "packages [OPTION…]")
	p := &packages{registry: &locked{keys: keyring{}, host: "ghcr.io"}, scopes: map[string]string{}, owners: "orgs", ids: map[string]map[string]int{}}
	for _, option := range args {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "token":
			secret, scopes, _ := strings.Cut(value, ":")
			p.registry.keys[secret] = key{"octocat", hubtest.Write}
			p.scopes[secret] = scopes
		case "user":
			p.owners = "users"
		case "refuse":
			status, err := strconv.Atoi(value)
			ts.Check(err)
			p.refuses = status
		default:
			ts.Fatalf("unknown option %q", option)
		}
	}
	beside(ts).know(p.registry.keys)
	p.registry.open(nil)
	p.registry.Recorder = registrytest.Record(p.observe(p.registry))
	beside(ts).packages = p
	internet(ts).add("ghcr.io", &host{Registry: p.registry.Registry})
	internet(ts).add("api.github.com", api(p))
}

func cmdVersions(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "versions REPO")
	p := beside(ts).packages
	if p == nil {
		ts.Fatalf("there are no packages")
	}
	out := ts.Stdout()
	for _, v := range p.list(args[0]) {
		fmt.Fprintln(out, strings.Join(append([]string{short(v.Name)}, v.Metadata.Container.Tags...), " "))
	}
}

// observe stands in front of the registry and sees which manifests are pushed.
func (p *packages) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		next.ServeHTTP(w, req)
		repo, _, ok := strings.Cut(strings.TrimPrefix(req.URL.Path, "/v2/"), "/manifests/")
		if digest := w.Header().Get("Docker-Content-Digest"); ok && req.Method == http.MethodPut && digest != "" {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.appear(repo, digest)
		}
	})
}

// appear gives a digest, and what it lists, an ID. The caller holds p.mu.
func (p *packages) appear(repo, digest string) {
	raw, mediaType, ok := p.registry.Manifest(repo, digest)
	if !ok {
		return
	}
	if mediaType.IsIndex() {
		m, err := v1.ParseIndexManifest(strings.NewReader(string(raw)))
		if err != nil {
			panic(err) // the registry took it
		}
		for _, child := range m.Manifests {
			p.appear(repo, child.Digest.String())
		}
	}
	if p.ids[repo] == nil {
		p.ids[repo] = map[string]int{}
	}
	if p.ids[repo][digest] == 0 {
		p.last++
		p.ids[repo][digest] = p.last
	}
}

// list returns the versions of a package, the latest first.
func (p *packages) list(repo string) []packageVersion {
	p.mu.Lock()
	defer p.mu.Unlock()
	tags := p.registry.Tags(repo)
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		p.appear(repo, tags[tag])
	}
	var all []packageVersion
	for digest, id := range p.ids[repo] {
		if _, _, ok := p.registry.Manifest(repo, digest); !ok {
			continue
		}
		v := packageVersion{ID: id, Name: digest}
		v.Metadata.Container.Tags = []string{}
		for tag, at := range tags {
			if at == digest {
				v.Metadata.Container.Tags = append(v.Metadata.Container.Tags, tag)
			}
		}
		slices.Sort(v.Metadata.Container.Tags)
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b packageVersion) int { return cmp.Compare(b.ID, a.ID) })
	return all
}

// ServeHTTP implements [http.Handler], for api.github.com.
func (p *packages) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	secret, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	scopes, known := p.scopes[secret]
	if !known {
		github(w, http.StatusUnauthorized, map[string]string{"message": "Bad credentials"})
		return
	}
	if scopes != "" {
		w.Header().Set("X-OAuth-Scopes", strings.ReplaceAll(scopes, ",", ", "))
	}
	// /orgs/OWNER/packages/container/NAME/versions/ID
	part := strings.Split(req.URL.EscapedPath(), "/")
	if len(part) < 6 || part[1] != p.owners || part[3] != "packages" || part[4] != "container" {
		github(w, http.StatusNotFound, map[string]string{"message": "Package not found."})
		return
	}
	name, err := url.PathUnescape(part[5])
	repo := part[2] + "/" + name
	all := p.list(repo)
	switch {
	case err != nil || len(all) == 0:
		github(w, http.StatusNotFound, map[string]string{"message": "Package not found."})
	case len(part) == 6 && req.Method == http.MethodGet:
		github(w, http.StatusOK, map[string]any{"id": 1, "name": name, "package_type": "container"})
	case len(part) == 7 && req.Method == http.MethodGet:
		servePage(w, req, all)
	case len(part) == 8 && req.Method == http.MethodDelete:
		p.serveDelete(w, repo, part[7], all)
	default:
		github(w, http.StatusMethodNotAllowed, map[string]string{"message": "nothing of the kind is documented, or it deletes far too much"})
	}
}

// servePage answers with one page of versions.
func servePage(w http.ResponseWriter, req *http.Request, all []packageVersion) {
	page, pageErr := strconv.Atoi(req.URL.Query().Get("page"))
	size, sizeErr := strconv.Atoi(req.URL.Query().Get("per_page"))
	if pageErr != nil || sizeErr != nil || page < 1 || size < 1 || size > 100 {
		github(w, http.StatusUnprocessableEntity, map[string]string{"message": "Validation Failed"})
		return
	}
	from, to := min((page-1)*size, len(all)), min(page*size, len(all))
	if to < len(all) {
		w.Header().Set("Link", `<https://api.github.com/next>; rel="next"`)
	}
	github(w, http.StatusOK, all[from:to])
}

func (p *packages) serveDelete(w http.ResponseWriter, repo, id string, all []packageVersion) {
	i := slices.IndexFunc(all, func(v packageVersion) bool { return strconv.Itoa(v.ID) == id })
	switch {
	case p.refuses == http.StatusForbidden:
		github(w, p.refuses, map[string]string{"message": "You do not have permission to delete this package version."})
	case i < 0 || p.refuses != 0:
		github(w, cmp.Or(p.refuses, http.StatusNotFound), map[string]string{"message": "Package not found."})
	default:
		p.registry.remove(repo, all[i].Name)
		w.WriteHeader(http.StatusNoContent)
	}
}

// github answers with a value as JSON.
func github(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}
