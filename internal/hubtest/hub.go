// SPDX-License-Identifier: Apache-2.0

// Package hubtest is a Docker Hub for tests and demonstrations: the part of its API with which tags are deleted and pages are written. It
// lives in memory, records every request, can be told to fail, and answers in the bodies that the documents and transcripts of the real one
// have. Where no body is known, the comment beside it says so.
//
// A [Hub] is the [http.Handler] of hub.docker.com. [Hub.Identity] and [Hub.GitHub] are those of identity.docker.com and of the place where
// GitHub hands out identity tokens. The tags can be those of a registry behind it: see [Tags] and [Hub.Observe].
package hubtest

import (
	"net/http"
	"sync"
	"time"
)

// Hub is a Docker Hub whose state is its own. It is safe for concurrent use. It tells the time by [time.Now], so that its clock can be that
// of [testing/synctest].
type Hub struct {
	recorder

	options Options
	tags    Tags
	memory  *memory // the same as tags, if there is no registry behind

	mu       sync.Mutex // guards all below
	repos    map[string]*Repository
	sessions map[string]session
	subjects map[string]bool // identity tokens that were handed out
	issued   int             // tokens of any kind ever given, which makes the next one unique

	born    time.Time
	pushed  map[string]time.Time // when a tag, as repo:tag, was last pushed
	last    time.Time            // the latest of these
	deletes map[string]int       // how often a tag was deleted that is still there
	leaving map[string]time.Time // until when a deleted tag still shows

	window time.Time // when the minute began whose requests are counted
	spent  int
}

// Options are the ways in which Docker Hub can answer. The zero value has no accounts, and answers at once.
type Options struct {
	// Accounts are those who can sign in.
	Accounts []Account
	// Connections are the OpenID connections.
	Connections []Connection
	// TokenLifetime is how long a token of the API is good for. 0: ten minutes, as on Docker Hub.
	TokenLifetime time.Duration
	// NoAuthToken, if not 0, is the status with which /v2/auth/token answers, as if there were only /v2/users/login.
	NoAuthToken int

	// Tags is the registry behind. Nil: the Hub keeps its tags itself, see [Hub.Push].
	Tags Tags
	// NoNamespaceRoutes, if not 0, is the status with which the undocumented routes below /v2/namespaces answer: DELETE of a tag, PATCH of a
	// repository.
	NoNamespaceRoutes int
	// AppendSlash redirects what has no slash at its end, with 301, as Django does. Most clients go on with a GET.
	AppendSlash bool
	// IgnoredDeletes is how many DELETEs of a tag are answered with 204 and do nothing.
	// https://github.com/msaad00/agent-bom/pull/4625
	IgnoredDeletes int
	// DeleteDelay is how long a deleted tag still shows.
	DeleteDelay time.Duration

	// RateLimit is how many requests a minute are answered. 0: 180, as was seen.
	RateLimit int
	// UnixRetryAfter has a 429 say when to come back as X-Retry-After does, a Unix time, rather than as Retry-After, in seconds.
	UnixRetryAfter bool
}

// New returns a Docker Hub without repositories.
func New(o Options) *Hub {
	now := time.Now()
	h := &Hub{
		options:  o,
		tags:     o.Tags,
		repos:    map[string]*Repository{},
		sessions: map[string]session{},
		subjects: map[string]bool{},
		pushed:   map[string]time.Time{},
		born:     now,
		last:     now,
		deletes:  map[string]int{},
		leaving:  map[string]time.Time{},
	}
	if h.tags == nil {
		h.memory = &memory{repos: map[string]map[string]string{}}
		h.tags = h.memory
	}
	return h
}

// ServeHTTP implements [http.Handler], for hub.docker.com.
func (h *Hub) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h.record(w, req, func(w http.ResponseWriter, req *http.Request, got *Request) {
		if h.limit(w) {
			h.route(w, req, got)
		}
	})
}

func (h *Hub) route(w http.ResponseWriter, req *http.Request, got *Request) {
	rt := parsePath(req.URL.Path)
	switch rt.kind {
	case kindNone:
		refuse(w, http.StatusNotFound, "not found")
		return
	case kindSignIn, kindOldSignIn:
		h.signIn(w, got, rt.kind)
		return
	case kindRepository, kindTags, kindTag:
	}
	if h.options.AppendSlash && !rt.slash {
		w.Header().Set("Location", req.URL.Path+"/")
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	who, ok := h.authenticate(req)
	if !ok {
		send(w, http.StatusUnauthorized, `{"message":"unauthorized","errinfo":null}`)
		return
	}
	got.Account = who.account.Name
	if rt.legacy && who.organization() {
		refuse(w, http.StatusForbidden, "token issued from organization access token is not allowed")
		return
	}
	if !h.visible(rt.repo, who) {
		send(w, http.StatusNotFound, `{"message":"object not found","errinfo":{}}`)
		return
	}
	h.serve(w, req, got, rt, who)
}

// serve answers what is about a repository that may be seen.
func (h *Hub) serve(w http.ResponseWriter, req *http.Request, got *Request, rt route, who session) {
	writes := rt.kind == kindRepository && req.Method == http.MethodPatch || rt.kind == kindTag && req.Method == http.MethodDelete
	reads := req.Method == http.MethodGet || req.Method == http.MethodHead
	switch {
	case writes && !rt.legacy && h.options.NoNamespaceRoutes != 0:
		refuse(w, h.options.NoNamespaceRoutes, http.StatusText(h.options.NoNamespaceRoutes))
	case writes && !h.permits(w, rt, who):
	case rt.kind == kindRepository && writes:
		h.patchRepository(w, got, rt, who)
	case writes:
		h.deleteTag(w, rt)
	case !reads:
		refuse(w, http.StatusMethodNotAllowed, "method not allowed")
	case rt.kind == kindRepository:
		h.getRepository(w, rt, who)
	case rt.kind == kindTags:
		h.listTags(w, req, rt)
	default:
		h.getTag(w, rt)
	}
}
