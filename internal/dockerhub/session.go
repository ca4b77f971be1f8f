// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/polytag/polytag/internal/secret"
)

const (
	// signInPath gives tokens for every kind of credential, oldSignInPath not for those of an organization.
	signInPath    = "/v2/auth/token"
	oldSignInPath = "/v2/users/login"

	// tokenLifetime is somewhat less than the ten minutes for which a token is good. It is not left to a 401 to tell that it has expired: to
	// somebody unknown, what is private does not exist, and what does not exist need not be deleted.
	tokenLifetime = 9 * time.Minute
)

// session holds the token of a client.
type session struct {
	http     *http.Client
	username string
	secret   secret.String
	kind     kind

	turn    chan struct{} // has room for the one goroutine that may use what is below
	current secret.String
	expires time.Time
	refused error // what Docker Hub thinks of the credentials; asking again could lock the account
}

// token returns a token other than stale, signing in if there is none. Without credentials it is empty.
func (s *session) token(ctx context.Context, stale secret.String) (secret.String, error) {
	if s.kind == kindNone {
		return secret.String{}, nil
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return secret.String{}, fmt.Errorf("signing in to Docker Hub: %w", context.Cause(ctx))
	}
	if s.refused != nil {
		return secret.String{}, s.refused
	}
	if !s.current.IsEmpty() && s.current != stale && time.Now().Before(s.expires) {
		return s.current, nil
	}
	token, err := s.signIn(ctx)
	if err != nil {
		err = fmt.Errorf("signing in to Docker Hub as %s: %w", s.username, err)
		if e, ok := errors.AsType[*Error](err); ok && e.Denied() && !e.page {
			s.refused = err
		}
		return secret.String{}, err
	}
	s.current, s.expires = token, time.Now().Add(tokenLifetime)
	return token, nil
}

// signIn gets a token, in the old way where the new one does not exist.
func (s *session) signIn(ctx context.Context) (secret.String, error) {
	token, err := s.post(ctx, signInPath, map[string]string{"identifier": s.username, "secret": s.secret.Reveal()})
	if e, ok := errors.AsType[*Error](err); ok && e.noRoute() {
		return s.post(ctx, oldSignInPath, map[string]string{"username": s.username, "password": s.secret.Reveal()})
	}
	return token, err
}

func (s *session) post(ctx context.Context, path string, credentials map[string]string) (secret.String, error) {
	raw, err := json.Marshal(credentials)
	if err != nil {
		return secret.String{}, fmt.Errorf("encoding a request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, bytes.NewReader(raw))
	if err != nil {
		return secret.String{}, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	a, err := roundTrip(s.http, req)
	if err != nil {
		return secret.String{}, err
	}
	if !a.ok() {
		e := a.refusal(s.secret)
		e.Needs = s.kind.needsToSignIn(e)
		return secret.String{}, e
	}
	return a.token()
}
