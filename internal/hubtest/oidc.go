// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// audience is whom identity tokens have to be made out to.
const audience = "https://identity.docker.com"

// Connection is an OpenID connection of an organization.
type Connection struct {
	// ID is a UUID.
	ID           string
	Organization string
	// RequestToken is what a job has to show to GitHub for an identity token.
	RequestToken string
	// AccessToken is what such a token is exchanged for: the organization's password at the registry.
	AccessToken string
	// OpensAPI says that it signs in to the API as well. Whether it really does is not known.
	OpensAPI bool
}

// IDToken returns an identity token as a job of GitLab has it, made out to whom the job says: https://identity.docker.com, for it to be of
// any use.
func (h *Hub) IDToken(madeOutTo string) string {
	token := h.unique("job", time.Now().Add(5*time.Minute))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subjects[token] = madeOutTo == audience
	return token
}

// GitHub is where a job on GitHub gets its identity token: the host of ACTIONS_ID_TOKEN_REQUEST_URL, at any path.
// https://docs.github.com/en/actions/reference/security/oidc
func (h *Hub) GitHub() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h.record(w, req, func(w http.ResponseWriter, req *http.Request, _ *Request) {
			token, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
			for _, c := range h.options.Connections {
				if token != "" && token == c.RequestToken && req.Method == http.MethodGet {
					sendValue(w, http.StatusOK, map[string]any{"count": 1, "value": h.IDToken(req.URL.Query().Get("audience"))})
					return
				}
			}
			send(w, http.StatusUnauthorized, `{"message":"unauthorized"}`)
		})
	})
}

// Identity is identity.docker.com. With which bodies it refuses is not known; these are OAuth's.
func (h *Hub) Identity() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h.record(w, req, func(w http.ResponseWriter, req *http.Request, got *Request) {
			if req.URL.Path != "/oauth/token" {
				refuse(w, http.StatusNotFound, "not found")
				return
			}
			form, err := url.ParseQuery(got.Body)
			if err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
				form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange" ||
				form.Get("subject_token_type") != "urn:ietf:params:oauth:token-type:id_token" {
				send(w, http.StatusBadRequest, `{"error":"invalid_request","error_description":"not a token exchange"}`)
				return
			}
			h.exchange(w, form)
		})
	})
}

// exchanged is the answer of RFC 8693, as far as it is read.
type exchanged struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
}

func (h *Hub) exchange(w http.ResponseWriter, form url.Values) {
	expires, err := strconv.Atoi(form.Get("expires_in"))
	if err != nil || expires < 300 || expires > 3600 {
		send(w, http.StatusBadRequest, `{"error":"invalid_request","error_description":"expires_in must be between 300 and 3600"}`)
		return
	}
	h.mu.Lock()
	good := h.subjects[form.Get("subject_token")]
	h.mu.Unlock()
	for _, c := range h.options.Connections {
		if good && c.ID == form.Get("connection_id") {
			answer := exchanged{AccessToken: c.AccessToken, TokenType: "Bearer", ExpiresIn: expires}
			sendValue(w, http.StatusOK, answer)
			return
		}
	}
	send(w, http.StatusUnauthorized, `{"error":"invalid_grant","error_description":"no ruleset of the connection matches the token"}`)
}
