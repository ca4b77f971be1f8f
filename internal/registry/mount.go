// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// Mount implements [release.Blobs].
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
func (r *repository) Mount(ctx context.Context, digest v1.Hash, from name.Repository) (bool, error) {
	if from.RegistryStr() != r.repo.RegistryStr() || from == r.repo {
		return false, nil
	}
	// Who may write here does not have to be allowed to read there, and a registry
	// that refuses one scope refuses the token: this one is for mounting alone.
	mounter := r.mounter(from)
	rt, err := mounter.open(ctx, func(ctx context.Context) (http.RoundTripper, error) { return r.signIn(ctx, from) })
	if err != nil {
		if ctx.Err() != nil {
			return false, err
		}
		return false, nil // an upload needs less than this did, and says what is wrong
	}
	u := r.url("blobs/uploads/")
	u.RawQuery = url.Values{"mount": {digest.String()}, "from": {from.RepositoryStr()}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), nil)
	if err != nil {
		return false, fmt.Errorf("preparing a mount: %w", err)
	}
	resp, err := r.send(rt, req, http.StatusCreated, http.StatusAccepted)
	if err != nil {
		answer, isAnswer := errors.AsType[*Error](err)
		_, isDemand := errors.AsType[*NoCredentialsError](err)
		if isDemand || isAnswer && (answer.Denied() || answer.Status == http.StatusMethodNotAllowed) {
			mounter.close(err) // it will not be another answer for the next blob
		}
		if isDemand || errors.Is(err, release.ErrRefused) {
			return false, nil
		}
		return false, err
	}
	discard(resp)
	if resp.StatusCode == http.StatusCreated {
		return true, nil
	}
	if location, err := sessionOf(resp); err == nil {
		r.keepSession(digest, location)
	}
	return false, nil
}

// mounter is the connection that may mount from a repository.
func (r *repository) mounter(from name.Repository) *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.mounting[from]
	if c == nil {
		c = newConnection()
		r.mounting[from] = c
	}
	return c
}

// keepSession remembers an upload that the registry has begun.
func (r *repository) keepSession(digest v1.Hash, location *url.URL) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions[digest] = location
}

// takeSession returns what keepSession has remembered, once.
func (r *repository) takeSession(digest v1.Hash) *url.URL {
	r.mu.Lock()
	defer r.mu.Unlock()
	location := r.sessions[digest]
	delete(r.sessions, digest)
	return location
}
