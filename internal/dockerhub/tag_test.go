// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hubtest"
)

// hash is a digest as a value.
func hash(t *testing.T, s string) v1.Hash {
	t.Helper()
	h, err := v1.NewHash(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestTags(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 100, 101, 250} {
		h := hub(hubtest.Options{})
		var want []string
		for i := range count {
			tag := fmt.Sprintf("t%d", i)
			h.Push("acme/app", tag, digest)
			want = append(want, tag)
		}
		tags, err := connect(h, "owner", "password").Tags(t.Context(), repository(t))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, tag := range slices.Backward(tags) {
			got = append(got, tag.Name)
			if tag.Digest != hash(t, digest) {
				t.Errorf("%s: digest %s, want %s", tag.Name, tag.Digest, digest)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d tags (-want +got):\n%s", count, diff)
		}
		if !slices.IsSortedFunc(tags, func(a, b dockerhub.Tag) int { return b.LastUpdated.Compare(a.LastUpdated) }) {
			t.Errorf("%d tags: LastUpdated does not fall", count)
		}
		if pages := max(1, (count+99)/100); len(log(h)) != pages {
			t.Errorf("%d tags: %d requests, want %d", count, len(log(h)), pages)
		}
	}
}

func TestTagsOfNothing(t *testing.T) {
	t.Parallel()
	_, err := connect(hub(hubtest.Options{}), "stranger", "password").Tags(t.Context(), repository(t))
	if e, ok := errors.AsType[*dockerhub.Error](err); !ok || !e.NotFound() {
		t.Errorf("Tags = %v, want a 404", err)
	}
	wantError(t, "Tags", err, "listing the tags of index.docker.io/acme/app: GET hub.docker.com"+app+"/tags: 404 Not Found: object not found")
}

// pages serves a list of tags; page n is at ?page=n. The token is handed out to everybody.
func pages(list ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n := 1
		if text := req.URL.Query().Get("page"); text != "" {
			fmt.Sscan(text, &n)
		}
		if n > len(list) {
			handler{status: 404, body: `{"message":"httperror 404: object not found","errinfo":{}}`}.ServeHTTP(w, req)
			return
		}
		handler{status: 200, body: list[n-1]}.ServeHTTP(w, req)
	})
}

func TestTagsOverMovingPages(t *testing.T) {
	t.Parallel()
	const next = `"next":"https://hub.docker.com` + app + `/tags?page=%d",`
	tests := []struct {
		name  string
		pages []string
		want  []string
	}{
		{"a tag moves to the next page", []string{
			fmt.Sprintf("{"+next+`"results":[{"name":"a"},{"name":"b"}]}`, 2), `{"next":null,"results":[{"name":"b"},{"name":"c"}]}`,
		}, []string{"a", "b", "c"}},
		{"the list becomes shorter", []string{fmt.Sprintf("{"+next+`"results":[{"name":"a"}]}`, 2)}, []string{"a"}},
		{"no results", []string{`{"results":null}`}, nil},
	}
	for _, tt := range tests {
		tags, err := connect(pages(tt.pages...), "owner", "password").Tags(t.Context(), repository(t))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var got []string
		for _, tag := range tags {
			got = append(got, tag.Name)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestTagsEndSomewhere(t *testing.T) {
	t.Parallel()
	round := handler{status: 200, body: `{"next":"https://hub.docker.com` + app + `/tags?page=1","results":[{"name":"a"}]}`}
	_, err := connect(round, "owner", "password").Tags(t.Context(), repository(t))
	wantError(t, "Tags", err, "there are more than 1000 pages")
}

// pageBodies are pages of tags, with what is to come of them.
var pageBodies = []struct{ body, want, next, err string }{
	{`{"count":1,"next":null,"results":[{"name":"1.0","digest":"` + digest + `","last_updated":"2026-03-23T09:48:42.07709Z"}]}`, "1.0 " + digest + " 2026-03-23T09:48:42.07709Z", "", ""},
	{`{"results":[{"name":"old","last_updated":null},{"name":"older","digest":"","last_updated":"2016-01-01T00:00:00Z"}]}`, "old  0001-01-01T00:00:00Z, older  2016-01-01T00:00:00Z", "", ""},
	{`{"next":"https://hub.docker.com/v2/namespaces/acme/repositories/app/tags?page=2&page_size=100","results":[]}`, "", "/v2/namespaces/acme/repositories/app/tags?page=2&page_size=100", ""},
	{`{"next":"","results":[]}`, "", "", ""},
	{`{"next":"https://evil.example/v2/tags?page=2","results":[]}`, "", "", "refusing the next page at https://evil.example"},
	{`{"next":"https://hub.docker.com.evil.example/v2/x","results":[]}`, "", "", "refusing the next page at"},
	{`{"next":"https://hub.docker.com@evil.example/v2/x","results":[]}`, "", "", "refusing the next page at"},
	{`{"next":"http://hub.docker.com/v2/x","results":[]}`, "", "", "refusing the next page at http://hub.docker.com"},
	{`{"next":"/v2/x?page=2","results":[]}`, "", "", "refusing the next page at"},
	{`{"next":"https://hub.docker.com/login?next=x","results":[]}`, "", "", "refusing the next page at"},
	{`{"next":"https://hub.docker.com:444/v2/x","results":[]}`, "", "", "refusing the next page at"},
	{`{"next":"://","results":[]}`, "", "", "it is no URL"},
	{`{"next":2,"results":[]}`, "", "", "cannot unmarshal"},
	{`{"results":[{"digest":"` + digest + `"}]}`, "", "", "it has no name"},
	{`{"results":[{"name":"x","digest":"sha256:1"}]}`, "", "", `parsing tag "x"`},
	{`{"results":[{"name":"x","last_updated":"yesterday"}]}`, "", "", "parsing a tag"},
	{`{"results":["x"]}`, "", "", "parsing a tag"},
	{`{"results":{}}`, "", "", "cannot unmarshal"},
	{`[]`, "", "", "cannot unmarshal"},
	{``, "", "", "unexpected end"},
}

func TestParsePage(t *testing.T) {
	t.Parallel()
	for _, tt := range pageBodies {
		tags, next, err := dockerhub.ParsePage([]byte(tt.body))
		if tt.err != "" {
			wantError(t, tt.body, err, tt.err)
			continue
		}
		var lines []string
		for _, tag := range tags {
			text := ""
			if tag.Digest != (v1.Hash{}) {
				text = tag.Digest.String()
			}
			lines = append(lines, tag.Name+" "+text+" "+tag.LastUpdated.Format(time.RFC3339Nano))
		}
		if got := strings.Join(lines, ", "); err != nil || got != tt.want || next != tt.next {
			t.Errorf("ParsePage(%s) = %q, %q, %v, want %q, %q", tt.body, got, next, err, tt.want, tt.next)
		}
	}
}

func FuzzParsePage(f *testing.F) {
	for _, tt := range pageBodies {
		f.Add([]byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		tags, next, err := dockerhub.ParsePage(body)
		if err != nil {
			return
		}
		for _, tag := range tags {
			if tag.Name == "" {
				t.Errorf("ParsePage(%q): a tag without a name", body)
			}
			if tag.Digest == (v1.Hash{}) {
				continue
			}
			if _, err := v1.NewHash(tag.Digest.String()); err != nil {
				t.Errorf("ParsePage(%q): %v", body, err)
			}
		}
		// Whatever the next page is, the request for it goes to Docker Hub.
		if next == "" {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://hub.docker.com"+next, http.NoBody)
		if err != nil || req.URL.Host != "hub.docker.com" || !strings.HasPrefix(req.URL.Path, "/v2/") {
			t.Errorf("ParsePage(%q): next page %q: %v", body, next, err)
		}
	})
}

func TestTagDigest(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	h.Push("acme/app", "x", digest)
	h.Push("acme/app", "old", "")
	tests := []struct {
		user, tag string
		want      v1.Hash
		there     bool
	}{
		{"owner", "x", hash(t, digest), true},
		{"owner", "old", v1.Hash{}, true},
		{"owner", "y", v1.Hash{}, false},
		{"owner", "../x", v1.Hash{}, false},
		{"stranger", "x", v1.Hash{}, false},
	}
	for _, tt := range tests {
		got, there, err := connect(h, tt.user, "password").TagDigest(t.Context(), repository(t), tt.tag)
		if err != nil || got != tt.want || there != tt.there {
			t.Errorf("TagDigest(%s) as %s = %v, %v, %v, want %v, %v", tt.tag, tt.user, got, there, err, tt.want, tt.there)
		}
	}
	page := http.Header{"Content-Type": {"text/html"}}
	_, _, err := connect(handler{status: 404, header: page}, "owner", "password").TagDigest(t.Context(), repository(t), "x")
	wantError(t, "TagDigest", err, "404 Not Found: the answer is a page of HTML, as a proxy sends")
	_, _, err = connect(handler{status: 400, body: "{}"}, "owner", "password").TagDigest(t.Context(), repository(t), "x")
	wantError(t, "TagDigest", err, "looking up index.docker.io/acme/app:x: GET hub.docker.com"+app+"/tags/x: 400 Bad Request")
}
