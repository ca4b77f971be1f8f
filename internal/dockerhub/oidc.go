// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/secret"
)

const (
	// audience is whom the CI's identity token has to be made out to.
	audience = "https://identity.docker.com"
	// exchangeURL is where it is exchanged. https://docs.docker.com/security/authentication/oidc-connections/
	exchangeURL = audience + "/oauth/token"

	minExpiresIn = 300 * time.Second
	maxExpiresIn = 3600 * time.Second
)

// ErrNoIDToken means that the CI offers no identity token. On GitHub the job lacks the permission "id-token: write".
var ErrNoIDToken = errors.New("the CI offers this job no identity token")

var uuid = pattern.Lazy(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// OIDCOptions say which identity is exchanged for what.
type OIDCOptions struct {
	// Transport carries the requests, as in [Options].
	Transport http.RoundTripper
	// ConnectionID is that of the OpenID connection, a UUID.
	ConnectionID string
	// ExpiresIn is how long the token is to be good for, from 300 s to an hour. 0: 300 s.
	ExpiresIn time.Duration
	// IDToken is the CI's identity token, made out to https://identity.docker.com: one of GitLab's id_tokens. If it is empty, it is asked for
	// at RequestURL, GitHub's ACTIONS_ID_TOKEN_REQUEST_URL, with RequestToken, its ACTIONS_ID_TOKEN_REQUEST_TOKEN.
	IDToken      secret.String
	RequestURL   string
	RequestToken secret.String
}

// ExchangeOIDC gets a short-lived token for Docker Hub with the CI's identity token, without any secret. The token is the password at the
// registry, and the organization's name the user name that goes with it. Whoever prints anything has to mask it. An error is [ErrNoIDToken], or wraps
// an [*Error] if one of the two servers refused.
func ExchangeOIDC(ctx context.Context, o OIDCOptions) (secret.String, error) {
	if !uuid().MatchString(o.ConnectionID) {
		return secret.String{}, fmt.Errorf("parsing the ID %q of an OpenID connection: it is not a UUID", o.ConnectionID)
	}
	if o.ExpiresIn == 0 {
		o.ExpiresIn = minExpiresIn
	}
	if o.ExpiresIn < minExpiresIn || o.ExpiresIn > maxExpiresIn {
		return secret.String{}, fmt.Errorf("asking for a token for %s: from %s to %s is possible", o.ExpiresIn, minExpiresIn, maxExpiresIn)
	}
	client := newHTTPClient(o.Transport)
	idToken := o.IDToken
	if idToken.IsEmpty() {
		var err error
		if idToken, err = requestIDToken(ctx, client, o); err != nil {
			return secret.String{}, fmt.Errorf("asking the CI for an identity token: %w", err)
		}
	}
	token, err := exchange(ctx, client, o, idToken)
	if err != nil {
		return secret.String{}, fmt.Errorf("exchanging the CI's identity token for one of Docker Hub: %w", err)
	}
	return token, nil
}

// requestIDToken asks GitHub for an identity token.
// https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
func requestIDToken(ctx context.Context, client *http.Client, o OIDCOptions) (secret.String, error) {
	if o.RequestURL == "" || o.RequestToken.IsEmpty() {
		return secret.String{}, ErrNoIDToken
	}
	target, err := url.Parse(o.RequestURL)
	if err != nil {
		return secret.String{}, errors.New("parsing the address to ask at: it is no URL")
	}
	query := target.Query()
	query.Set("audience", audience)
	target.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return secret.String{}, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+o.RequestToken.Reveal())
	a, err := roundTrip(client, req)
	if err != nil {
		return secret.String{}, err
	}
	if !a.ok() {
		return secret.String{}, a.refusal(o.RequestToken)
	}
	var got struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(a.body, &got); err != nil || got.Value == "" {
		return secret.String{}, a.noToken()
	}
	return secret.New(got.Value), nil
}

// exchange is RFC 8693, with a field of Docker's.
func exchange(ctx context.Context, client *http.Client, o OIDCOptions, idToken secret.String) (secret.String, error) {
	form := url.Values{
		"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
		"subject_token":      {idToken.Reveal()},
		"connection_id":      {o.ConnectionID},
		"expires_in":         {strconv.Itoa(int(o.ExpiresIn.Seconds()))},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, exchangeURL, strings.NewReader(form.Encode()))
	if err != nil {
		return secret.String{}, fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := roundTrip(client, req)
	if err != nil {
		return secret.String{}, err
	}
	if !a.ok() {
		e := a.refusal(idToken, o.RequestToken)
		if e.Status/100 == 4 && e.Status != http.StatusTooManyRequests {
			e.Needs = "an OpenID connection with this ID, and a ruleset in it that this job's subject matches"
		}
		return secret.String{}, e
	}
	return a.token()
}
