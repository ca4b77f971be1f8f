// SPDX-License-Identifier: Apache-2.0

// Package registry is go-containerregistry behind polytag's words: it
// implements [release.Registry] over HTTP, finds credentials, and turns what a
// registry answers into errors that the rest of the program can match.
//
// One connection is made per repository: one ping, one token with the scope
// "pull,push", shared by all reads and writes. go-containerregistry's own retry
// is switched off; internal/transport is the only place that tries again.
package registry

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
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
	mu      sync.Mutex
	repos   map[name.Repository]*repository
}

var _ release.Registry = (*Client)(nil)

// New returns a client. Nothing is sent.
func New(o Options) *Client {
	if o.Keychain == nil {
		o.Keychain = &Keychain{}
	}
	return &Client{options: o, repos: map[name.Repository]*repository{}}
}

// Repository opens a repository; the first request connects.
func (c *Client) Repository(repo name.Repository) release.Repository { return c.open(repo) }

func (c *Client) open(repo name.Repository) *repository {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r, ok := c.repos[repo]; ok {
		return r
	}
	r := &repository{client: c, repo: repo, signing: make(chan struct{}, 1)}
	for _, p := range c.options.Push {
		r.push = r.push || p == repo
	}
	c.repos[repo] = r
	return r
}

// repository is one repository and its connection.
type repository struct {
	client *Client
	repo   name.Repository
	push   bool

	// signing is held by the goroutine that signs in. It guards wrapper and err.
	signing chan struct{}
	wrapper http.RoundTripper
	err     error

	// tagged is set when a tag was seen: the repository is there, then.
	tagged atomic.Bool

	mu sync.Mutex
	// quiet is set when a HEAD came without a digest: GET is used from then on.
	quiet bool
}

// connect pings the registry and signs in, once. A failure is remembered, so
// that wrong credentials are tried a single time; a cancellation is not.
func (r *repository) connect(ctx context.Context) ([]remote.Option, error) {
	select {
	case r.signing <- struct{}{}:
		defer func() { <-r.signing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("signing in to %s: %w", r.repo.RegistryStr(), context.Cause(ctx))
	}
	if r.err == nil && r.wrapper == nil {
		wrapper, err := r.signIn(ctx)
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		r.wrapper, r.err = wrapper, err
	}
	if r.err != nil {
		return nil, r.err
	}
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithTransport(r.wrapper),
		// Else a manifest is sent three times if it is refused with the code UNKNOWN.
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}, nil
}

func (r *repository) signIn(ctx context.Context) (http.RoundTripper, error) {
	login, err := r.client.options.Keychain.Find(ctx, r.repo)
	if err != nil {
		return nil, fmt.Errorf("finding credentials for %s: %w", r.repo, err)
	}
	base, auth, scope := link{base: r.client.options.Transport, repo: r.repo}, login.authenticator(), transport.PullScope
	if r.push {
		scope, base.demanding = transport.PushScope, login.isZero()
	}
	wrapper, err := transport.NewWithContext(ctx, r.repo.Registry, auth, base, []string{r.repo.Scope(scope)})
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
