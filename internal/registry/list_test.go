// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

func TestListPages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		tags, pageSize, pages int
	}{
		{1, 0, 1},
		{999, 0, 1},
		{1000, 0, 1},
		{2500, 0, 3}, // we ask for a thousand a page: more is an error at Amazon's registry
		{20_000, 0, 20},
		{100, 7, 15},
		{101, 100, 2},
	}
	for _, tt := range tests {
		r := registrytest.New(registrytest.Options{PageSize: tt.pageSize})
		digest := r.PushImage(t, path, "linux/amd64")
		var want []string
		for i := range tt.tags {
			want = append(want, fmt.Sprintf("1.0.%d", i))
		}
		r.Tag(t, path, digest, want...)
		slices.Sort(want)
		got, err := open(t, image, r, nil).List(t.Context())
		if err != nil {
			t.Errorf("List of %d tags: %v", tt.tags, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("List of %d tags (-want +got):\n%s", tt.tags, diff)
		}
		if got := counts(r, http.MethodGet, "/v2/"+path+"/tags/list"); got != tt.pages {
			t.Errorf("List of %d tags in pages of %d took %d requests, want %d", tt.tags, tt.pageSize, got, tt.pages)
		}
	}
}

func TestListNothing(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	if got, err := open(t, image, r, nil).List(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("List of no repository = %q, %v, want nothing", got, err)
	}
	r.PushImage(t, path, "linux/amd64") // by digest
	if got, err := open(t, image, r, nil).List(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("List of a repository without tags = %q, %v, want nothing", got, err)
	}
}

// pages serves /v2/ and lists of tags.
func pages(list http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/{$}", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/v2/"+path+"/tags/list", list)
	return mux
}

func TestListEndless(t *testing.T) {
	t.Parallel()
	const next = `</v2/` + path + `/tags/list?last=z>; rel="next"`
	empty := pages(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Link", next) // as Gitea does: https://github.com/go-gitea/gitea/issues/31247
		text := `{"tags": []}`
		if !req.URL.Query().Has("last") {
			text = `{"tags": ["2", "1"]}`
		}
		io.WriteString(w, text)
	})
	got, err := open(t, image, empty, nil).List(t.Context())
	if want := []string{"1", "2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("List = %q, %v, want %q", got, err, want)
	}
	loop := pages(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", next)
		io.WriteString(w, `{"tags": ["1"]}`)
	})
	if got, err := open(t, image, loop, nil).List(t.Context()); err == nil || !strings.Contains(err.Error(), "pages") {
		t.Errorf("List of pages without an end = %q, %v, want an error", got, err)
	}
}

// TestListErrors proves that nothing but a registry's own word makes an empty list: it is what floating tags are guarded by.
func TestListErrors(t *testing.T) {
	t.Parallel()
	const unknown = `{"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}]}`
	tests := map[string]struct {
		status     int
		body, link string
		later      bool // only the second page is bad
		status404  bool // the error is a 404
	}{
		"a proxy's 404":           {status: 404, body: "<!DOCTYPE html><title>Not found</title>", status404: true},
		"a 404 without a body":    {status: 404, status404: true},
		"a 404 without a code":    {status: 404, body: `{"errors": []}`, status404: true},
		"a page of HTML":          {status: 200, body: "<!DOCTYPE html><title>Sign in</title>"},
		"half a list":             {status: 200, body: `{"tags": ["1", "`},
		"401":                     {status: 401, body: `{"errors": [{"code": "UNAUTHORIZED"}]}`},
		"403":                     {status: 403, body: `{"errors": [{"code": "DENIED"}]}`},
		"501":                     {status: 501},
		"a 404 on a later page":   {status: 404, body: unknown, later: true, status404: true},
		"a 403 on a later page":   {status: 403, later: true},
		"HTML on a later page":    {status: 200, body: "<!DOCTYPE html>", later: true},
		"a link to another host":  {status: 200, body: `{"tags": ["1"]}`, link: `<https://elsewhere.example/v2/acme/app/tags/list>; rel="next"`},
		"a link to another sheme": {status: 200, body: `{"tags": ["1"]}`, link: `<http://registry.example/v2/acme/app/tags/list>; rel="next"`},
		"a link that is none":     {status: 200, body: `{"tags": ["1"]}`, link: `next`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := pages(func(w http.ResponseWriter, req *http.Request) {
				if tt.later && !req.URL.Query().Has("last") {
					w.Header().Set("Link", `<?last=1&n=1>; rel="next"`)
					io.WriteString(w, `{"tags": ["1"]}`)
					return
				}
				if tt.link != "" {
					w.Header().Set("Link", tt.link)
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			})
			got, err := open(t, image, h, account()).List(t.Context())
			if err == nil {
				t.Fatalf("List = %q, want an error", got)
			}
			if errors.Is(err, release.ErrNotFound) != tt.status404 {
				t.Errorf("List: %v is ErrNotFound: %t, want %t", err, !tt.status404, tt.status404)
			}
			if answer, ok := errors.AsType[*registry.Error](err); tt.status >= 400 && (!ok || answer.Status != tt.status) {
				t.Errorf("List: %v, want a *registry.Error with %d", err, tt.status)
			}
		})
	}
	emptied := registrytest.New(registrytest.Options{})
	emptied.PushImage(t, path+":1", "linux/amd64")
	emptied.Inject(registrytest.Fault{Match: registrytest.On("", "/tags/list$"), Status: http.StatusNotFound})
	for _, see := range []func(release.Repository) error{
		func(r release.Repository) error { _, err := r.Manifest(t.Context(), "1"); return err },
		func(r release.Repository) error { _, err := r.Resolve(t.Context(), []string{"1"}); return err },
	} {
		repo := open(t, image, emptied, nil)
		if err := see(repo); err != nil {
			t.Fatal(err)
		}
		if got, err := repo.List(t.Context()); err == nil {
			t.Errorf("List of what is called unknown, and has a tag = %q, want an error", got)
		}
	}
	gone := pages(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, unknown)
	})
	if got, err := open(t, image, gone, nil).List(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("List of what the registry calls unknown = %q, %v, want nothing", got, err)
	}
}
