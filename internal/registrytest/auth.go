// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The actions of a token's scope.
const (
	actionPull   = "pull"
	actionPush   = "push"
	actionDelete = "delete"
)

// token is what a user was granted, and until when.
type token struct {
	access  map[string][]string // actions by repository
	expires time.Time
}

// authorize tells whether the request may be served, and answers it if not.
func (r *Registry) authorize(w http.ResponseWriter, req *http.Request, rt route) bool {
	switch {
	case r.options.Users == nil:
		return true
	case r.options.Bearer:
		return r.authorizeBearer(w, req, rt)
	}
	user, ok := r.basicUser(req)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		return false
	}
	for _, action := range actions(req, rt) {
		if !r.allowed(user, rt.repo, action) {
			refuse(w, http.StatusForbidden, "DENIED", "requested access to the resource is denied")
			return false
		}
	}
	return true
}

func (r *Registry) authorizeBearer(w http.ResponseWriter, req *http.Request, rt route) bool {
	needs := actions(req, rt)
	lacks := func(tok token) bool {
		return slices.ContainsFunc(needs, func(action string) bool { return !slices.Contains(tok.access[rt.repo], action) })
	}
	scheme := "http"
	if req.TLS != nil {
		scheme = "https"
	}
	challenge := fmt.Sprintf(`Bearer realm="%s://%s/token",service="registry"`, scheme, req.Host)
	if len(needs) > 0 {
		challenge += fmt.Sprintf(`,scope="repository:%s:%s"`, rt.repo, strings.Join(needs, ","))
	}
	switch tok, sent, good := r.bearerToken(req); {
	case good && !lacks(tok):
		return true
	case good:
		challenge += `,error="insufficient_scope"`
	case sent:
		challenge += `,error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	return false
}

// bearerToken returns the token of the request, whether it sent one at all, and whether that is known and still good.
func (r *Registry) bearerToken(req *http.Request) (tok token, sent, good bool) {
	value, sent := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	r.mu.Lock()
	defer r.mu.Unlock()
	tok, known := r.tokens[value]
	return tok, sent, known && time.Now().Before(tok.expires)
}

// serveToken grants, of the scopes that are asked for, what the user is allowed, without a word about the rest.
func (r *Registry) serveToken(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodGet {
		http.NotFound(w, req) // as a server does that knows nothing of OAuth 2
		return
	}
	user, ok := r.basicUser(req)
	if !ok {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	}
	lifetime := r.options.TokenLifetime
	if lifetime == 0 {
		lifetime = 300 * time.Second
	}
	now := time.Now()
	tok := token{access: map[string][]string{}, expires: now.Add(lifetime)}
	for scope := range strings.FieldsSeq(strings.Join(req.URL.Query()["scope"], " ")) {
		repo, asked := cutLast(strings.TrimPrefix(scope, "repository:"), ":", 1)
		for action := range strings.SplitSeq(asked, ",") {
			if r.allowed(user, repo, action) {
				tok.access[repo] = append(tok.access[repo], action)
			}
		}
	}
	body, err := json.Marshal(map[string]any{
		"token":      r.keep(tok),
		"expires_in": int(lifetime.Seconds()),
		"issued_at":  now.UTC().Format(time.RFC3339),
	})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	send(w, http.StatusOK, "application/json", body)
}

func (r *Registry) keep(tok token) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	value := "token-" + strconv.Itoa(len(r.tokens)+1)
	r.tokens[value] = tok
	return value
}

func (r *Registry) basicUser(req *http.Request) (user string, ok bool) {
	user, password, ok := req.BasicAuth()
	if !ok {
		return "", false
	}
	want, known := r.options.Users[user]
	return user, known && password == want
}

func (r *Registry) allowed(user, repo, action string) bool {
	return r.options.Allow == nil || r.options.Allow(user, repo, action)
}

// mayMount tells whether the request may read the repository that it mounts from.
func (r *Registry) mayMount(req *http.Request, from string) bool {
	switch {
	case r.options.Users == nil:
		return true
	case r.options.Bearer:
		tok, _, good := r.bearerToken(req)
		return good && slices.Contains(tok.access[from], actionPull)
	}
	user, ok := r.basicUser(req)
	return ok && r.allowed(user, from, actionPull)
}

// actions returns what a request needs, as distribution asks for it.
func actions(req *http.Request, rt route) []string {
	if rt.repo == "" {
		return nil
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead:
		return []string{actionPull}
	case http.MethodDelete:
		return []string{actionDelete}
	default:
		return []string{actionPull, actionPush}
	}
}
