// SPDX-License-Identifier: Apache-2.0

package dockerhub_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/secret"
)

// withTimeout gives a context that has no time for what a server asks to wait for.
func withTimeout(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), 30*time.Second)
}

func TestNobodySignsIn(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	h.Push("acme/public", "1", digest)
	c := connect(h, "owner", "")
	if _, err := c.Repository(t.Context(), repository(t)); err == nil {
		t.Error("a private repository shows to nobody")
	}
	err := c.DeleteTag(t.Context(), repository(t), "x")
	wantError(t, "DeleteTag", err, "404 Not Found: object not found")
	if signIns(h) != 0 {
		t.Errorf("%d times signed in without credentials", signIns(h))
	}
}

func TestOneToken(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	c := connect(h, "owner", "password")
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := c.Repository(t.Context(), repository(t)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if signIns(h) != 1 {
		t.Errorf("%d times signed in, want once", signIns(h))
	}
	for _, q := range h.Requests()[1:] {
		if q.Account != "owner" {
			t.Errorf("%v as %q, want owner", q, q.Account)
		}
	}
}

func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		lifetime time.Duration
		after    time.Duration
		want     int // times signed in, with 20 requests at the end
		refused  bool
	}{
		{"still good", 0, 8 * time.Minute, 1, false},
		{"before it expires", 0, 9*time.Minute + time.Second, 2, false},
		{"after it expired", 0, time.Hour, 2, false},
		{"it expired earlier than it should", time.Minute, 2 * time.Minute, 2, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := hub(hubtest.Options{TokenLifetime: tt.lifetime})
				c := connect(h, "owner", "password")
				if _, err := c.Repository(t.Context(), repository(t)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.after)
				var group sync.WaitGroup
				for range 20 {
					group.Go(func() {
						if _, err := c.Repository(t.Context(), repository(t)); err != nil {
							t.Error(err)
						}
					})
				}
				group.Wait()
				if signIns(h) != tt.want {
					t.Errorf("%d times signed in, want %d", signIns(h), tt.want)
				}
				refused := false
				for _, q := range h.Requests() {
					refused = refused || q.Status == 401
				}
				if refused != tt.refused {
					t.Errorf("a request was refused: %v, want %v", refused, tt.refused)
				}
			})
		})
	}
}

func TestRenewedOnceOnly(t *testing.T) {
	t.Parallel()
	h := hub(hubtest.Options{})
	h.Inject(hubtest.Fault{Match: func(q hubtest.Request) bool { return q.Path == app }, Status: 401, Body: `{"message":"unauthorized","errinfo":null}`})
	_, err := connect(h, "owner", "password").Repository(t.Context(), repository(t))
	wantError(t, "Repository", err, "401 Unauthorized: unauthorized (it needs an account that may edit the repository)")
	if signIns(h) != 2 || len(log(h)) != 2 {
		t.Errorf("signed in %d times, asked %d times, want 2 and 2", signIns(h), len(log(h)))
	}
}

func TestOldSignIn(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 405} {
		h := hub(hubtest.Options{NoAuthToken: status})
		h.Push("acme/app", "x", digest)
		c := connect(h, "owner", "password")
		if err := c.DeleteTag(t.Context(), repository(t), "x"); err != nil {
			t.Errorf("without /v2/auth/token (%d): %v", status, err)
		}
		want := []string{
			"POST /v2/users/login OK", "DELETE " + app + "/tags/x No Content", "GET " + app + "/tags/x Not Found",
		}
		if diff := cmp.Diff(want, log(h)); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
	}
}

func TestSignInIsRefused(t *testing.T) {
	t.Parallel()
	const (
		prefix = "signing in to Docker Hub as "
		wrong  = ": POST hub.docker.com/v2/auth/token: 401 Unauthorized: Incorrect authentication credentials (it needs "
	)
	tests := []struct{ user, password, want string }{
		{"owner", "wrong", prefix + "owner" + wrong + "the right user name and password, or a personal access token where two-factor authentication or single sign-on is on)"},
		{"twofactor", "password", prefix + "twofactor: POST hub.docker.com/v2/auth/token: 401 Unauthorized: Require secondary authentication on MFA enabled account " +
			"(it needs a personal access token in place of the password, as the account has two-factor authentication)"},
		{"sso", "password", "or a personal access token where two-factor authentication or single sign-on is on)"},
		{"owner", "dckr_pat_gone", prefix + "owner" + wrong + "a personal access token that is active, with the name of the user that it belongs to)"},
		{"owner", "dckr_oat_edit", prefix + "owner" + wrong + "an organization access token that is active, with the name of the organization as user name)"},
	}
	for _, tt := range tests {
		h := hub(hubtest.Options{})
		c := connect(h, tt.user, tt.password)
		for range 3 {
			_, err := c.Repository(t.Context(), repository(t))
			wantError(t, tt.user, err, tt.want)
			if strings.Contains(err.Error(), tt.password+" ") && tt.password != "password" {
				t.Errorf("%v: it has the secret", err)
			}
		}
		if len(h.Requests()) != 1 {
			t.Errorf("%s: %d requests, want one: asking again could lock the account", tt.user, len(h.Requests()))
		}
	}
	h := hub(hubtest.Options{NoAuthToken: 404})
	_, err := connect(h, "acme", "dckr_oat_edit").Repository(t.Context(), repository(t))
	wantError(t, "an organization at the old route", err, "Cannot log into an organization account (it needs an organization access token")
}

func TestSignInFailsForNow(t *testing.T) {
	t.Parallel()
	tests := []hubtest.Fault{
		{Times: 1, Status: 500, HTML: true},
		{Times: 1, Status: 200, Body: `{}`},
		{Times: 1, Status: 200, Body: `{"access_token":5}`},
		{Times: 1, Status: 200, HTML: true},
	}
	for _, fault := range tests {
		h := hub(hubtest.Options{})
		h.Inject(fault)
		c := connect(h, "owner", "password")
		_, err := c.Repository(t.Context(), repository(t))
		wantError(t, "first", err, "signing in to Docker Hub as owner: POST hub.docker.com/v2/auth/token: ")
		if _, err := c.Repository(t.Context(), repository(t)); err != nil {
			t.Errorf("after %d %s: %v", fault.Status, fault.Body, err)
		}
	}
}

func TestWaitingForTheToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
		c := connect(hang, "owner", "password")
		first, cancelFirst := context.WithTimeout(t.Context(), time.Hour)
		defer cancelFirst()
		go c.Repository(first, repository(t))
		synctest.Wait()
		second, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Repository(second, repository(t))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v, want the deadline after 1s", time.Since(start), err)
		}
		cancelFirst()
		synctest.Wait()
	})
}

func TestOIDCTokenAtTheAPI(t *testing.T) {
	t.Parallel()
	for _, opens := range []bool{false, true} {
		h := hub(hubtest.Options{Connections: []hubtest.Connection{{Organization: "acme", AccessToken: "exchanged", OpensAPI: opens}}})
		c := dockerhub.New(dockerhub.Options{Transport: network(h), Username: "acme", Secret: secret.New("exchanged"), OIDC: true})
		_, err := c.Repository(t.Context(), repository(t))
		if opens {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantError(t, "Repository", err, `Incorrect authentication credentials (it needs an access token of its own beside the OpenID connection, `+
			`whose token it does not take: a personal access token with "Read, Write, Delete")`)
	}
}

func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, _ := io.ReadAll(req.Body)
		if req.URL.Path == "/v2/auth/token" && req.Header.Get("X-Refuse") == "" {
			w.Write([]byte(`{"access_token":"SESSION","token":"SESSION"}`))
			return
		}
		w.WriteHeader(http.StatusForbidden)
		w.Write([]byte(`{"message":"I got ` + req.Header.Get("Authorization") + ` and PASSWORD ` + strings.ReplaceAll(string(body), `"`, "") + `"}`))
	})
	_, err := connect(echo, "owner", "PASSWORD").Repository(t.Context(), repository(t))
	wantError(t, "Repository", err, "I got Bearer *** and ***")
	refuse := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Header.Set("X-Refuse", "1")
		echo.ServeHTTP(w, req)
	})
	_, err = connect(refuse, "owner", "PASSWORD").Repository(t.Context(), repository(t))
	wantError(t, "signing in", err, "I got and *** {identifier:owner,secret:***}")
}
