// SPDX-License-Identifier: Apache-2.0

// Package registrytest is an OCI registry for tests: it lives in memory, records every request, can be told to fail, and has the
// quirks of real registries as options. Like distribution v3 it keeps tags apart from manifests, so that deleting a tag leaves its
// manifest, and blobs apart by repository, so that what was not pushed or mounted is not there. It has no referrers API unless
// it is told to have it, as distribution.
//
// A [Registry] is an [http.Handler]: serve it with [net/http/httptest.NewServer] to programs, or through [Net] to code that runs under
// [testing/synctest]. [Record] gives the recorder and its faults to any other handler.
package registrytest

import (
	"net/http"
	"sync"
	"time"
)

// Registry is a registry whose state is its own. It is safe for concurrent use.
type Registry struct {
	*Recorder

	options Options

	mu      sync.Mutex // guards all below
	repos   map[string]*repository
	uploads map[string]*upload
	opened  int // uploads ever begun, which names the next one
	tokens  map[string]token
}

// Options are the ways in which registries differ. The zero value is distribution v3 with deletes enabled and no authentication.
type Options struct {
	// Delete says what can be deleted.
	Delete Delete
	// NoDigestHeader leaves Docker-Content-Digest out of the answers to GET and HEAD of a tag, as ECR does.
	NoDigestHeader bool
	// PageSize is how many tags or referrers a page holds at most, whatever n the client asks for. 0: as many as it asks for, else all.
	PageSize int
	// Referrers says whether the registry has the referrers API.
	Referrers Referrers
	// Latency is added to every request, as one round trip.
	Latency time.Duration
	// ImmutableTags, if not nil, names the tags that refuse another digest and their deletion, with 409 TAG_IMMUTABLE as Quay does.
	ImmutableTags func(repo, tag string) bool

	// Users, if not nil, are the accounts by name, with their passwords; every request must then come from one of them.
	Users map[string]string
	// Allow says whether a user may "pull", "push" or "delete" in a repository. Nil: everything.
	Allow func(user, repo, action string) bool
	// Bearer asks for tokens, which Users get at /token of this same server, rather than for Basic authentication.
	// https://distribution.github.io/distribution/spec/auth/token/
	Bearer bool
	// TokenLifetime is how long a token is good for. 0: 300 s, as on Docker Hub.
	TokenLifetime time.Duration
}

// Delete says what a registry lets its users delete.
type Delete int

const (
	// DeleteAll deletes tags alone, and manifests together with every tag on them: distribution v3, GitLab, zot.
	DeleteAll Delete = iota
	// DeleteManifests refuses to delete a tag with 400 DIGEST_INVALID: distribution v2.8.
	DeleteManifests
	// DeleteNothing refuses every deletion with 405 UNSUPPORTED: GHCR, and distribution unless it is configured otherwise.
	DeleteNothing
)

// Referrers says what a registry knows of manifests with a subject.
type Referrers int

const (
	// ReferrersNone has no API for them, which clients make up for with a tag: distribution, GHCR.
	ReferrersNone Referrers = iota
	// ReferrersAPI is what the specification asks for.
	ReferrersAPI
	// ReferrersQuiet has the API, and leaves out the header that tells so to those who push.
	ReferrersQuiet
)

// New returns an empty registry.
func New(o Options) *Registry {
	r := &Registry{
		options: o,
		repos:   map[string]*repository{},
		uploads: map[string]*upload{},
		tokens:  map[string]token{},
	}
	r.Recorder = Record(http.HandlerFunc(r.serve))
	r.latency = o.Latency
	return r
}

func (r *Registry) serve(w http.ResponseWriter, req *http.Request) {
	if r.options.Bearer && req.URL.Path == "/token" {
		r.serveToken(w, req)
		return
	}
	rt := parsePath(req.URL.Path)
	if !r.authorize(w, req, rt) {
		return
	}
	switch rt.kind {
	case kindBase:
		w.WriteHeader(http.StatusOK)
	case kindManifest:
		r.serveManifest(w, req, rt)
	case kindBlob:
		r.serveBlob(w, req, rt)
	case kindUpload:
		r.serveUpload(w, req, rt)
	case kindTags:
		r.serveTags(w, req, rt)
	case kindReferrers:
		r.serveReferrers(w, req, rt)
	default:
		http.NotFound(w, req)
	}
}
