// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/registrytest"
)

// TestGlance: the tags are known if the list is on one page and shows what was found; else nobody knows, and that is no error.
func TestGlance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		pageSize int
		tags     []string
		list     http.HandlerFunc // in place of the registry's own
		found    string           // a tag that is looked up before
		ok       bool
	}{
		{name: "one page", tags: []string{"1", "2"}, found: "2", ok: true},
		{name: "all on a page", tags: []string{"1", "2"}, pageSize: 2, ok: true},
		{name: "a full page that says nothing of another", tags: []string{"1"}, list: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"name":"acme/app","tags":["1"`+strings.Repeat(`,"x"`, 999)+`]}`)
		}},
		{name: "two pages", tags: []string{"1", "2"}, pageSize: 1},
		{name: "no tags"},
		{name: "out of date", tags: []string{"1", "2"}, found: "2", list: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"name":"acme/app","tags":["1"]}`)
		}},
		{name: "refused", tags: []string{"1"}, list: func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"errors":[{"code":"DENIED"}]}`, http.StatusForbidden)
		}},
		{name: "no list", tags: []string{"1"}, list: http.NotFound},
		{name: "no JSON", tags: []string{"1"}, list: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "tags: 1") }},
	} {
		r := registrytest.New(registrytest.Options{PageSize: tt.pageSize})
		r.Tag(t, path, r.PushImage(t, path, "linux/amd64"), tt.tags...)
		repo := open(t, image, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if tt.list != nil && strings.HasSuffix(req.URL.Path, "/tags/list") {
				tt.list(w, req)
				return
			}
			r.ServeHTTP(w, req)
		}), nil)
		if tt.found != "" {
			if _, err := repo.Manifest(t.Context(), tt.found); err != nil {
				t.Fatal(err)
			}
		}
		got, ok := repo.Glance(t.Context())
		if ok != tt.ok || ok && !slices.Equal(got, tt.tags) {
			t.Errorf("%s: Glance = %q, %t, want %q, %t", tt.name, got, ok, tt.tags, tt.ok)
		}
		if got := counts(r, http.MethodGet, "/v2/"+path+"/tags/list"); got > 1 {
			t.Errorf("%s: %d requests, want one at most", tt.name, got)
		}
	}
}

// TestGlanceAfterDelete: a tag that was deleted need not be listed.
func TestGlanceAfterDelete(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	r.Tag(t, path, r.PushImage(t, path, "linux/amd64"), "1", "2")
	repo := open(t, image, r, nil)
	if _, err := repo.Resolve(t.Context(), []string{"1", "2"}); err != nil {
		t.Fatal(err)
	}
	if err := repo.Delete(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	if got, ok := repo.Glance(t.Context()); !ok || !slices.Equal(got, []string{"1"}) {
		t.Errorf("Glance = %q, %t, want 1", got, ok)
	}
}

// TestReferrersOfKnownTags: without an API, a fallback tag that is known not to be there is not looked up, and one that may be is.
func TestReferrersOfKnownTags(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	subject := describe([]byte("subject"))
	m, entry := referrer(t, r, subject, "example/one")
	repo := open(t, image, r, nil)
	if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
		t.Fatal(err)
	}
	before := len(r.Requests())
	got, err := repo.Referrers(t.Context(), subject.Digest, func(string) bool { return false })
	if sent := len(r.Requests()) - before; err != nil || len(got) != 0 || sent != 0 {
		t.Errorf("Referrers = %v, %v with %d requests, want nothing and no request", got, err, sent)
	}
	var asked []string
	got, err = repo.Referrers(t.Context(), subject.Digest, func(tag string) bool {
		asked = append(asked, tag)
		return true
	})
	if want := []string{"sha256-" + subject.Digest.Hex}; err != nil || len(got) != 1 || !slices.Equal(asked, want) {
		t.Errorf("Referrers = %v, %v and was about %q, want one and %q", got, err, asked, want)
	}
}
