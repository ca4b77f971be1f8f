// SPDX-License-Identifier: Apache-2.0

package hubtest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/hubtest"
)

// list is a page of tags.
type list struct {
	Count    int      `json:"count"`
	Next     *string  `json:"next"`
	Previous *string  `json:"previous"`
	Results  []listed `json:"results"`
}

type listed struct {
	Name        string    `json:"name"`
	LastUpdated time.Time `json:"last_updated"`
}

func (l list) names() []string {
	var names []string
	for _, r := range l.Results {
		names = append(names, r.Name)
	}
	return names
}

func TestList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // whose clock stands still
		h := hubtest.New(hubtest.Options{})
		for i := range 5 {
			h.Push("acme/app", fmt.Sprintf("t%d", i), digest)
		}
		h.Push("acme/app", "t1", digest)
		tests := []struct {
			query    string
			want     []string
			previous string
			next     string
		}{
			{"", []string{"t1", "t4", "t3", "t2", "t0"}, "", ""},
			{"?page=1&page_size=2", []string{"t1", "t4"}, "", "?page=2&page_size=2"},
			{"?page=2&page_size=2", []string{"t3", "t2"}, "?page=1&page_size=2", "?page=3&page_size=2"},
			{"?page=3&page_size=2", []string{"t0"}, "?page=2&page_size=2", ""},
			{"?page=0&page_size=x", []string{"t1", "t4", "t3", "t2", "t0"}, "", ""},
			{"?ordering=last_updated&page_size=2", []string{"t1", "t4"}, "", "?ordering=last_updated&page=2&page_size=2"},
			{"?ordering=-last_updated", []string{"t0", "t2", "t3", "t4", "t1"}, "", ""},
			{"?ordering=-name", []string{"t0", "t1", "t2", "t3", "t4"}, "", ""},
			{"?ordering=name", []string{"t4", "t3", "t2", "t1", "t0"}, "", ""},
		}
		for _, tt := range tests {
			res := do(t, h, "GET", app+"/tags"+tt.query, "", "")
			var got list
			if err := json.Unmarshal([]byte(res.body), &got); err != nil {
				t.Fatalf("%s: %v", res.body, err)
			}
			if diff := cmp.Diff(tt.want, got.names()); diff != "" {
				t.Errorf("tags%s (-want +got):\n%s", tt.query, diff)
			}
			if got.Count != 5 {
				t.Errorf("tags%s: count = %d, want 5", tt.query, got.Count)
			}
			for _, link := range []struct {
				got  *string
				want string
			}{{got.Next, tt.next}, {got.Previous, tt.previous}} {
				want := "<nil>"
				if link.want != "" {
					want = "https://hub.docker.com" + app + "/tags" + link.want
				}
				if text := pointer(link.got); text != want {
					t.Errorf("tags%s: link to %s, want %s", tt.query, text, want)
				}
			}
			falls := slices.IsSortedFunc(got.Results, func(a, b listed) int { return b.LastUpdated.Compare(a.LastUpdated) })
			if !strings.HasPrefix(tt.query, "?ordering") && !falls {
				t.Errorf("tags%s: last_updated does not fall: %v", tt.query, got.Results)
			}
		}
		want := `404 {"message":"httperror 404: object not found","errinfo":{}}`
		if res := do(t, h, "GET", app+"/tags?page=2", "", ""); fmt.Sprint(res.status, " ", res.body) != want {
			t.Errorf("past the end: %d %s, want %s", res.status, res.body, want)
		}
	})
}

func pointer(s *string) string {
	if s == nil {
		return "<nil>"
	}
	return *s
}

func TestPageSizeHasALimit(t *testing.T) {
	t.Parallel()
	h := hubtest.New(hubtest.Options{})
	for i := range 101 {
		h.Push("acme/app", fmt.Sprintf("t%d", i), digest)
	}
	for query, want := range map[string]int{"": 10, "?page_size=100": 100, "?page_size=1000": 100} {
		var got list
		if err := json.Unmarshal([]byte(do(t, h, "GET", app+"/tags"+query, "", "").body), &got); err != nil || len(got.Results) != want {
			t.Errorf("tags%s: %d tags, %v, want %d", query, len(got.Results), err, want)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.New(hubtest.Options{})
		h.Create("acme/app", hubtest.Repository{Full: "# App", Short: "An app", Immutable: hubtest.Immutable{Enabled: true, Rules: []string{`^1\.`}}})
		time.Sleep(42077090 * time.Microsecond)
		h.Push("acme/app", "1.0", digest)
		tests := []struct{ path, want string }{
			{app + "/tags/1.0", `{"creator":1,"id":1,"images":[],"last_updated":"2000-01-01T00:00:42.07709Z","last_updater":1,` +
				`"last_updater_username":"acme","name":"1.0","repository":1,"full_size":0,"v2":true,"tag_status":"active","tag_last_pulled":null,` +
				`"tag_last_pushed":"2000-01-01T00:00:42.07709Z","media_type":"application/vnd.oci.image.index.v1+json","content_type":"image",` +
				`"digest":"` + digest + `"}`},
			{app + "/tags/2.0", `{"errinfo":{"namespace":"acme","repository":"app","tag":"2.0"},"message":"httperror 404: tag '2.0' not found"}`},
			{app, `{"user":"acme","name":"app","namespace":"acme","repository_type":"image","status":1,"status_description":"active",` +
				`"description":"An app","is_private":false,"is_automated":false,"star_count":0,"pull_count":0,` +
				`"last_updated":"2000-01-01T00:00:42.07709Z","collaborator_count":0,"affiliation":null,"hub_user":"acme","has_starred":false,` +
				`"full_description":"# App","permissions":{"read":true,"write":false,"admin":false},"media_types":[],"content_types":["image"],` +
				`"categories":[],"immutable_tags_settings":{"enabled":true,"rules":["^1\\."]},"storage_size":0,"source":null}`},
		}
		for _, tt := range tests {
			if res := do(t, h, "GET", tt.path, "", ""); res.body != tt.want {
				t.Errorf("GET %s = %s\nwant %s", tt.path, res.body, tt.want)
			}
		}
	})
}

func TestPatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		body   string
		status int
		want   hubtest.Repository
	}{
		{`{"full_description":"new","description":"short"}`, 200, hubtest.Repository{Full: "new", Short: "short", Private: true}},
		{`{"full_description":"new"}`, 200, hubtest.Repository{Full: "new", Short: "an app", Private: true}},
		{`{"description":""}`, 200, hubtest.Repository{Full: "old", Private: true}},
		{`{"full_description":"` + strings.Repeat("x", 25001) + `"}`, 400, hubtest.Repository{Full: "old", Short: "an app", Private: true}},
		{`{"description":"` + strings.Repeat("x", 101) + `"}`, 400, hubtest.Repository{Full: "old", Short: "an app", Private: true}},
		{`full_description=new`, 400, hubtest.Repository{Full: "old", Short: "an app", Private: true}},
	}
	for _, tt := range tests {
		h := hubtest.New(hubtest.Options{Accounts: accounts()})
		h.Create("acme/app", hubtest.Repository{Full: "old", Short: "an app", Private: true})
		res := do(t, h, "PATCH", app, signIn(t, h, "owner", "password"), tt.body)
		if res.status != tt.status {
			t.Errorf("PATCH %.60s = %d %s, want %d", tt.body, res.status, res.body, tt.status)
		}
		if diff := cmp.Diff(tt.want, h.Repository("acme/app")); diff != "" {
			t.Errorf("PATCH %.60s (-want +got):\n%s", tt.body, diff)
		}
	}
}

func TestFrozen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rules hubtest.Immutable
		want  string // of the tags 1.2.3 and latest, those that are frozen
	}{
		{hubtest.Immutable{}, ""},
		{hubtest.Immutable{Rules: []string{".*"}}, ""},
		{hubtest.Immutable{Enabled: true}, "1.2.3 latest"},
		{hubtest.Immutable{Enabled: true, Rules: []string{`^\d+\.\d+\.\d+$`}}, "1.2.3"},
	}
	for _, tt := range tests {
		h := hubtest.New(hubtest.Options{Accounts: accounts()})
		h.Create("acme/app", hubtest.Repository{Immutable: tt.rules})
		token := signIn(t, h, "owner", "password")
		var frozen, refused []string
		for _, tag := range []string{"1.2.3", "latest"} {
			h.Push("acme/app", tag, digest)
			if h.Frozen("acme/app", tag) {
				frozen = append(frozen, tag)
			}
			if do(t, h, "DELETE", app+"/tags/"+tag, token, "").status == 403 {
				refused = append(refused, tag)
			}
		}
		if got := strings.Join(frozen, " "); got != tt.want || !slices.Equal(frozen, refused) {
			t.Errorf("%+v: frozen %v, not deleted %v, want %q", tt.rules, frozen, refused, tt.want)
		}
	}
}
