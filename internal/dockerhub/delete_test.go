// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/secret"
)

const (
	deleteX = "DELETE " + app + "/tags/x "
	getX    = "GET " + app + "/tags/x "
	legacyX = "DELETE " + legacy + "/tags/x/ "

	ok       = "OK"
	taken    = "No Content"
	notFound = "Not Found"
)

func TestDeleteTag(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options hubtest.Options
		user    string
		secret  string
		want    []string
		took    time.Duration
	}{
		{"password", hubtest.Options{}, "owner", "password", []string{deleteX + taken, getX + notFound}, 0},
		{"personal token", hubtest.Options{}, "owner", "dckr_pat_rwd", []string{deleteX + taken, getX + notFound}, 0},
		{"organization token", hubtest.Options{}, "acme", "dckr_oat_edit", []string{deleteX + taken, getX + notFound}, 0},
		{
			"ignored once",
			hubtest.Options{IgnoredDeletes: 1},
			"owner", "password",
			[]string{deleteX + taken, getX + ok, getX + ok, deleteX + taken, getX + notFound},
			3 * time.Second,
		},
		{"ignored four times", hubtest.Options{IgnoredDeletes: 4}, "owner", "password", []string{
			deleteX + taken, getX + ok, getX + ok, deleteX + taken, getX + ok, deleteX + taken, getX + ok, deleteX + taken, getX + ok,
			deleteX + taken, getX + notFound,
		}, 15 * time.Second},
		{
			"late",
			hubtest.Options{DeleteDelay: 500 * time.Millisecond},
			"owner", "password",
			[]string{deleteX + taken, getX + ok, getX + notFound},
			time.Second,
		},
		{
			"no route, 404",
			hubtest.Options{NoNamespaceRoutes: 404},
			"owner", "password",
			[]string{deleteX + notFound, getX + ok, legacyX + taken, getX + notFound},
			0,
		},
		{
			"no route, 405",
			hubtest.Options{NoNamespaceRoutes: 405},
			"owner", "password",
			[]string{deleteX + "Method Not Allowed", legacyX + taken, getX + notFound},
			0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := hub(tt.options)
				h.Push("acme/app", "kept", digest)
				h.Push("acme/app", "x", digest)
				start := time.Now()
				if err := connect(h, tt.user, tt.secret).DeleteTag(t.Context(), repository(t), "x"); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				if diff := cmp.Diff(tt.want, log(h)); diff != "" {
					t.Errorf("requests (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"kept"}, h.TagNames("acme/app")); diff != "" {
					t.Errorf("tags (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestDeleteTagThatIsNotThere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options hubtest.Options
		user    string
		want    []string
		err     string
	}{
		{"absent", hubtest.Options{}, "owner", []string{deleteX + notFound, getX + notFound, getX + notFound, "GET " + app + " OK"}, ""},
		{
			"absent, no route",
			hubtest.Options{NoNamespaceRoutes: 405},
			"owner",
			[]string{deleteX + "Method Not Allowed", legacyX + notFound, getX + notFound, "GET " + app + " OK"},
			"",
		},
		{
			"a repository that does not show",
			hubtest.Options{},
			"stranger",
			[]string{deleteX + notFound, getX + notFound, getX + notFound, "GET " + app + " Not Found"},
			"deleting index.docker.io/acme/app:x at Docker Hub: reading index.docker.io/acme/app: GET hub.docker.com" + app +
				": 404 Not Found: object not found (it needs an account that may see the repository, if there is one)",
		},
	}
	for _, tt := range tests {
		h := hub(tt.options)
		err := connect(h, tt.user, "password").DeleteTag(t.Context(), repository(t), "x")
		switch {
		case tt.err != "":
			wantError(t, tt.name, err, tt.err)
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, log(h)); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestDeleteTagIsRefused(t *testing.T) {
	t.Parallel()
	const route = "deleting index.docker.io/acme/app:x at Docker Hub: DELETE hub.docker.com" + app + "/tags/x: 403 Forbidden: "
	tests := []struct {
		name         string
		options      hubtest.Options
		user, secret string
		want         string
	}{
		{
			"Read & Write",
			hubtest.Options{},
			"owner", "dckr_pat_rw",
			route + `access denied: insufficient scope (it needs a personal access token with "Read, Write, Delete")`,
		},
		{
			"a token without a prefix",
			hubtest.Options{},
			"owner", "old-style",
			route + `access denied: insufficient scope (it needs a personal access token with "Read, Write, Delete")`,
		},
		{
			"not an editor",
			hubtest.Options{},
			"member", "password",
			route + `permission denied (it needs an account that may edit the repository)`,
		},
		{
			"not an editor, with a token",
			hubtest.Options{},
			"member", "dckr_pat_member",
			route + `permission denied (it needs a personal access token with "Read, Write, Delete", of an account that may edit the repository)`,
		},
		{
			"an organization token that pushes",
			hubtest.Options{},
			"acme", "dckr_oat_push",
			route + `access denied: insufficient scope (it needs an organization access token with "repository edit" for this repository)`,
		},
		{
			"an organization token at the old route",
			hubtest.Options{NoNamespaceRoutes: 405},
			"acme", "dckr_oat_edit",
			"DELETE hub.docker.com" + legacy + "/tags/x/: 403 Forbidden: token issued from organization access token is not allowed " +
				`(it needs a personal access token with "Read, Write, Delete", as this route refuses those of organizations)`,
		},
	}
	for _, tt := range tests {
		h := hub(tt.options)
		h.Push("acme/app", "x", digest)
		err := connect(h, tt.user, tt.secret).DeleteTag(t.Context(), repository(t), "x")
		wantError(t, tt.name, err, tt.want)
		if e, ok := errors.AsType[*dockerhub.Error](err); !ok || !e.Denied() {
			t.Errorf("%s: %v is not a denial", tt.name, err)
		}
		if diff := cmp.Diff([]string{"x"}, h.TagNames("acme/app")); diff != "" {
			t.Errorf("%s: tags (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestDeleteTagAsNobody(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	h.Create("acme/app", hubtest.Repository{})
	h.Push("acme/app", "x", digest)
	err := connect(h, "", "").DeleteTag(t.Context(), repository(t), "x")
	wantError(t, "DeleteTag", err, "401 Unauthorized: unauthorized (it needs a user name with a password or an access token)")
}

func TestDeleteImmutableTag(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	h.Create("acme/app", hubtest.Repository{Immutable: hubtest.Immutable{Enabled: true}})
	h.Push("acme/app", "x", digest)
	wantError(t, "DeleteTag", connect(h, "owner", "password").DeleteTag(t.Context(), repository(t), "x"), "403 Forbidden: tag is immutable")
}

func TestDeleteTagThatStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hub(hubtest.Options{IgnoredDeletes: 100})
		h.Push("acme/app", "x", digest)
		err := connect(h, "owner", "password").DeleteTag(t.Context(), repository(t), "x")
		wantError(t, "DeleteTag", err, "the request was taken 5 times, and the tag is still there")
		deletes := 0
		for _, q := range h.Requests() {
			if q.Method == http.MethodDelete {
				deletes++
			}
		}
		if deletes != 5 {
			t.Errorf("%d DELETEs, want 5", deletes)
		}
	})
}

func TestDeleteTagThatIsPushedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hub(hubtest.Options{IgnoredDeletes: 1})
		h.Push("acme/app", "x", digest)
		time.AfterFunc(500*time.Millisecond, func() { h.Push("acme/app", "x", digest2) })
		err := connect(h, "owner", "password").DeleteTag(t.Context(), repository(t), "x")
		moved, ok := errors.AsType[*release.MovedError](err)
		if !ok || moved.Now != hash(t, digest2) {
			t.Errorf("DeleteTag = %v, want that it moved to %s", err, digest2)
		}
		if diff := cmp.Diff([]string{"x"}, h.TagNames("acme/app")); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
	})
}

func TestDeleteTagEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hub(hubtest.Options{IgnoredDeletes: 100})
		h.Push("acme/app", "x", digest)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := connect(h, "owner", "password").DeleteTag(ctx, repository(t), "x")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 1500*time.Millisecond {
			t.Errorf("after %v: %v, want the deadline after 1.5s", time.Since(start), err)
		}
	})
}

// TestDeleteTagThroughFaults has every request of a deletion fail, in each way: what comes of it is either that the tag is gone, or an error.
func TestDeleteTagThroughFaults(t *testing.T) {
	t.Parallel()
	faults := []hubtest.Fault{
		{Status: 500, Body: `{"message":"Delete \"https://registry.example/\": http: non-successful response (status=401)","errinfo":{}}`},
		{Status: 502, HTML: true},
		{Status: 429, Header: http.Header{"Retry-After": {"1"}}, Body: `{"detail":"Rate limit exceeded","error":false}`},
		{Status: 401, Body: `{"message":"unauthorized","errinfo":null}`},
		{Status: 403, HTML: true},
		{Status: 404, HTML: true},
		{Status: 405, Body: `{}`},
		{Status: 301, Header: http.Header{"Location": {"https://portal.example/"}}},
		{Status: 200, HTML: true},
		{Status: 204},
	}
	for _, fault := range faults {
		for at := range 4 {
			for _, times := range []int{1, 0} {
				synctest.Test(t, func(t *testing.T) {
					h := hub(hubtest.Options{})
					h.Push("acme/app", "x", digest)
					seen := 0
					fault.Times = times
					fault.Match = func(hubtest.Request) bool { seen++; return seen > at }
					h.Inject(fault)
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					err := connect(h, "owner", "password").DeleteTag(ctx, repository(t), "x")
					if gone := len(h.TagNames("acme/app")) == 0; err == nil && !gone {
						t.Errorf("%d from request %d on, %d times: no error, and the tag is there", fault.Status, at+1, times)
					}
					for _, q := range h.Requests() {
						if strings.Contains(q.Path, "sha256:") {
							t.Errorf("%v: a digest", q)
						}
					}
				})
			}
		}
	}
}

// TestStory is a clean-up and the page of a release with one client.
func TestStory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hub(hubtest.Options{TokenLifetime: 2 * time.Second, IgnoredDeletes: 1})
		temporary := []string{"12be34-linux-amd64", "12be34-linux-arm-v6", "12be34-linux-arm64-v8"}
		for _, tag := range append(temporary, "1", "1.2", "1.2.3", "latest") {
			h.Push("acme/app", tag, digest)
		}
		c := dockerhub.New(dockerhub.Options{Transport: network(h), Username: "owner", Secret: secret.New("dckr_pat_rwd")})
		for _, tag := range temporary {
			if err := c.DeleteTag(t.Context(), repository(t), tag); err != nil {
				t.Error(err)
			}
		}
		if changed, err := c.Describe(t.Context(), repository(t), "# New", ""); err != nil || !changed {
			t.Errorf("Describe = %v, %v, want a change", changed, err)
		}
		tags, err := c.Tags(t.Context(), repository(t))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tag := range tags {
			names = append(names, tag.Name)
		}
		if diff := cmp.Diff([]string{"latest", "1.2.3", "1.2", "1"}, names); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
		if got := h.Repository("acme/app").Full; got != "# New" {
			t.Errorf("page = %q, want # New", got)
		}
	})
}
