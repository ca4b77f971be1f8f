// SPDX-License-Identifier: Apache-2.0

// Package registry is go-containerregistry behind polytag's words: it
// implements [release.Registry] over HTTP, finds credentials, and turns what a
// registry answers into errors that the rest of the program can match.
//
// One connection is made per repository: one ping of its registry, one token with
// the scope "pull,push", shared by all reads and writes. go-containerregistry's
// own retry is switched off; internal/transport is the only place that tries again.
package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/polytag/polytag/internal/release"
)

// Options configure a [Client].
type Options struct {
	// Transport carries every request. Required: internal/transport makes it.
	Transport http.RoundTripper
	// Keychain finds credentials. Nil: there are none.
	Keychain *Keychain
	// Push are the repositories that will be written to. All others, and all
	// of them if Push is empty, are only read, which may be done without
	// credentials.
	Push []name.Repository
	// DeleteHubTag deletes a tag of Docker Hub by the API that it has for
	// that. Nil: such tags cannot be deleted.
	DeleteHubTag func(ctx context.Context, repo name.Repository, tag string) error
}

// Client talks to registries. It is safe for use by many goroutines.
type Client struct {
	options Options
	pings   pings
	mu      sync.Mutex
	repos   map[name.Repository]*repository
}

var _ release.Registry = (*Client)(nil)

// New returns a client. Nothing is sent.
func New(o Options) *Client {
	if o.Keychain == nil {
		o.Keychain = &Keychain{}
	}
	return &Client{options: o, pings: pings{sent: map[string]*ping{}}, repos: map[name.Repository]*repository{}}
}

// Repository opens a repository; the first request connects.
func (c *Client) Repository(repo name.Repository) release.Repository { return c.open(repo) }

func (c *Client) open(repo name.Repository) *repository {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.repos[repo]; ok {
		return r
	}
	r := &repository{
		client: c, repo: repo,
		home: newConnection(), mounting: map[name.Repository]*connection{},
		sessions: map[v1.Hash]*url.URL{}, listed: map[v1.Hash]struct{}{}, found: map[string]struct{}{},
	}
	for _, p := range c.options.Push {
		r.push = r.push || p == repo
	}
	c.repos[repo] = r
	return r
}

// repository is one repository with what was learned about it.
type repository struct {
	client *Client
	repo   name.Repository
	push   bool
	home   *connection // to read and write the repository

	// tagged is set when a tag was seen: the repository is there, then.
	tagged atomic.Bool
	// noReferrers is set when the registry was found to have no referrers API.
	noReferrers atomic.Bool

	listing sync.Mutex // held while the index under a fallback tag is changed; guards listed
	// listed are the manifests that are known to be listed as referrers.
	listed map[v1.Hash]struct{}

	mu sync.Mutex // guards all below
	// found are the tags that were looked up, and are there.
	found map[string]struct{}
	// quiet is set when a HEAD came without a digest: GET is used from then on.
	quiet bool
	// mounting holds the connections that may read another repository, too.
	mounting map[name.Repository]*connection
	// sessions are the uploads that the registry began where it was asked to
	// mount, by the digest of the blob.
	sessions map[v1.Hash]*url.URL
}

// connect pings the registry and signs in, once.
func (r *repository) connect(ctx context.Context) (http.RoundTripper, error) {
	return r.home.open(ctx, func(ctx context.Context) (http.RoundTripper, error) { return r.signIn(ctx) })
}

// options connects, for package remote.
func (r *repository) options(ctx context.Context) ([]remote.Option, error) {
	rt, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithTransport(rt),
		// Else a manifest is sent three times if it is refused with the code UNKNOWN.
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}, nil
}

// signIn asks for the right to use the repository, and to read the others.
func (r *repository) signIn(ctx context.Context, others ...name.Repository) (http.RoundTripper, error) {
	login, err := r.client.options.Keychain.Find(ctx, r.repo)
	if err != nil {
		return nil, fmt.Errorf("finding credentials for %s: %w", r.repo, err)
	}
	base, auth, scope := link{base: r.client.options.Transport, repo: r.repo, pings: &r.client.pings}, login.authenticator(), transport.PullScope
	if r.push {
		scope, base.demanding = transport.PushScope, login.isZero()
	}
	// The first has to be the one that is needed most: some registries look at no other.
	scopes := []string{r.repo.Scope(scope)}
	for _, other := range others {
		scopes = append(scopes, other.Scope(transport.PullScope))
	}
	wrapper, err := transport.NewWithContext(ctx, r.repo.Registry, auth, base, scopes)
	if err != nil {
		return nil, &SignInError{Repository: r.repo, Err: classify(err, login)}
	}
	if _, ok := wrapper.(*transport.Wrapper); !ok {
		return nil, fmt.Errorf("signing in to %s: unexpected transport %T", r.repo.RegistryStr(), wrapper)
	}
	return wrapper, nil
}

// login says which credentials the repository is used with, for messages.
func (r *repository) login(ctx context.Context) Login {
	login, err := r.client.options.Keychain.Find(ctx, r.repo)
	if err != nil {
		return Login{}
	}
	return login
}

// authenticator is what go-containerregistry signs in with.
func (l Login) authenticator() authn.Authenticator {
	if l.isZero() {
		return authn.Anonymous
	}
	return authn.FromConfig(l.config)
}
