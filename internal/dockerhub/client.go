// SPDX-License-Identifier: Apache-2.0

// Package dockerhub speaks Docker Hub's own API. The tags and pages of docker.io are managed there and not at its registry, which
// refuses to delete a tag, or worse, accepts it and leaves the website as it was (https://github.com/docker/hub-feedback/issues/2361).
//
// Half of what is used is in no documentation: to delete a tag, and to change the texts of a repository. Each has two routes. The one
// below /v2/namespaces takes every kind of credential and is tried first, the one below /v2/repositories refuses the access tokens of
// organizations.
package dockerhub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/secret"
)

// base is where the API is. https://docs.docker.com/reference/api/hub/latest/
const base = "https://hub.docker.com"

// Options say who talks to Docker Hub.
type Options struct {
	// Transport carries the requests. It has to do the retries, and its errors have to name the request: see internal/transport.
	Transport http.RoundTripper
	// Username is the user that Secret belongs to; for the access token of an organization it is the organization's name.
	Username string
	// Secret is a password, or the access token of a person or an organization. Empty: nobody signs in, and only public repositories
	// can be read.
	Secret secret.String
	// OIDC says that Secret came from [ExchangeOIDC], for the words of a refusal.
	OIDC bool
}

// Client talks to Docker Hub. It signs in before the first request, once, and again when the token has expired. It is safe for use by
// several goroutines.
//
// Where Docker Hub answers with anything but a success, the error is or wraps an [*Error].
type Client struct {
	http    *http.Client
	session session
}

// New returns a client. Nothing is sent.
func New(o Options) *Client {
	c := &Client{http: newHTTPClient(o.Transport)}
	c.session = session{http: c.http, username: o.Username, secret: o.Secret, kind: kindOf(o), turn: make(chan struct{}, 1)}
	return c
}

// Owns reports whether a repository is one of Docker Hub's.
func Owns(repo name.Repository) bool { return repo.RegistryStr() == name.DefaultRegistry }

// routes are the two paths of a repository.
type routes struct{ namespace, legacy string }

func routesOf(repo name.Repository) (routes, error) {
	namespace, rest, ok := strings.Cut(repo.RepositoryStr(), "/")
	if !Owns(repo) || !ok {
		return routes{}, fmt.Errorf("%s is not a repository of Docker Hub", repo)
	}
	namespace, rest = url.PathEscape(namespace), url.PathEscape(rest)
	return routes{
		namespace: "/v2/namespaces/" + namespace + "/repositories/" + rest,
		legacy:    "/v2/repositories/" + namespace + "/" + rest,
	}, nil
}

// do sends a request, and sends it again with a new token if the one it had was not accepted: with a 401 nothing has been done. What a
// success answers is decoded into the value that into points at, if that is not nil.
func (c *Client) do(ctx context.Context, method, path string, body, into any) error {
	token, err := c.session.token(ctx, secret.String{})
	if err != nil {
		return err
	}
	a, err := c.send(ctx, method, path, body, token)
	if err == nil && a.status == http.StatusUnauthorized && !token.IsEmpty() {
		if token, err = c.session.token(ctx, token); err != nil {
			return err
		}
		a, err = c.send(ctx, method, path, body, token)
	}
	if err != nil {
		return err
	}
	if !a.ok() {
		e := a.refusal(c.session.secret, token)
		e.Needs = c.session.kind.needs(e)
		return e
	}
	if into == nil {
		return nil
	}
	return a.decode(into)
}

// send puts one request on its way. Path may have a query.
func (c *Client) send(ctx context.Context, method, path string, body any, token secret.String) (answer, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return answer{}, fmt.Errorf("encoding a request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(raw))
	if err != nil {
		return answer{}, fmt.Errorf("making a request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if !token.IsEmpty() {
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	return roundTrip(c.http, req)
}
