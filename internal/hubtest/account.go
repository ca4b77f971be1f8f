// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Level is what a token may do, or an account with a repository; each includes the lower ones.
type Level int

const (
	// Read is "Read-only" of a personal access token, "Image Pull" of an organization's.
	Read Level = iota + 1
	// Write is "Read & Write", "Image Push": it pushes, and neither deletes a tag nor changes a page.
	Write
	// Admin is "Read, Write, Delete", "repository edit".
	Admin
)

// Account is a person, or an organization.
type Account struct {
	Name string
	// Password signs in with every right of the account. Empty: nobody can.
	Password string
	// TwoFactor and SSO have the password refused, in the one case because it takes a code as well, in the other because the organization
	// wants its own sign-in.
	TwoFactor, SSO bool
	// Tokens are the access tokens.
	Tokens map[string]Level
	// Organization says that it is one: it has no password, and its tokens are organization access tokens.
	Organization bool
	// Roles are what the account may do by repository ("acme/app"), or namespace ("acme"). In its own namespace it may do everything.
	Roles map[string]Level
}

// role returns what the account may do with a repository, whatever its token may; 0: not even see it, if it is private.
func (a Account) role(repo string) Level {
	namespace, _, _ := strings.Cut(repo, "/")
	if a.Name == namespace {
		return Admin
	}
	return max(a.Roles[repo], a.Roles[namespace])
}

// session is who signed in, and as what. The zero session is nobody.
type session struct {
	account Account
	level   Level
	expires time.Time
}

func (s session) organization() bool { return s.account.Organization }

// signIn answers /v2/auth/token and /v2/users/login.
func (h *Hub) signIn(w http.ResponseWriter, got *Request, kind kind) {
	var in struct {
		Identifier string `json:"identifier"`
		Secret     string `json:"secret"`
		Username   string `json:"username"`
		Password   string `json:"password"`
	}
	switch err := json.Unmarshal([]byte(got.Body), &in); {
	case kind == kindSignIn && h.options.NoAuthToken != 0:
		refuse(w, h.options.NoAuthToken, http.StatusText(h.options.NoAuthToken))
		return
	case got.Method != http.MethodPost:
		refuse(w, http.StatusMethodNotAllowed, "method not allowed")
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, "httperror 400: validation error")
		return
	}
	user, secret, answer := in.Identifier, in.Secret, "access_token"
	if kind == kindOldSignIn {
		user, secret, answer = in.Username, in.Password, "token"
	}
	who, problem := h.check(user, secret, kind)
	if problem != nil {
		if kind == kindSignIn {
			problem["errinfo"], problem["message"] = struct{}{}, "unauthorized"
		}
		sendValue(w, http.StatusUnauthorized, problem)
		return
	}
	got.Account = user
	sendValue(w, http.StatusOK, map[string]string{answer: h.open(who)})
}

// check finds who signs in, or why not. How /v2/auth/token answers the password of an account with two-factor authentication, and either of
// them that of one with single sign-on, is not known.
func (h *Hub) check(user, secret string, kind kind) (who session, problem map[string]any) {
	wrong := map[string]any{"detail": "Incorrect authentication credentials"}
	for _, c := range h.options.Connections {
		if c.OpensAPI && c.Organization == user && c.AccessToken == secret && kind == kindSignIn {
			return session{account: Account{Name: user, Organization: true}, level: Admin}, nil
		}
	}
	for _, a := range h.options.Accounts {
		if a.Name != user {
			continue
		}
		level, isToken := a.Tokens[secret]
		switch {
		case a.Organization && kind == kindOldSignIn:
			return session{}, map[string]any{"detail": "Cannot log into an organization account"}
		case isToken:
			return session{account: a, level: level}, nil
		case secret == "" || secret != a.Password:
			return session{}, wrong
		case a.TwoFactor:
			return session{}, map[string]any{
				"detail": "Require secondary authentication on MFA enabled account", "login_2fa_token": "2fa-" + user,
			}
		case a.SSO:
			return session{}, map[string]any{"detail": "Password sign-in is not allowed, single sign-on is enforced"}
		}
		return session{account: a, level: Admin}, nil
	}
	return session{}, wrong
}

// open gives a token of the API, which has the form of a JWT.
func (h *Hub) open(who session) string {
	lifetime := h.options.TokenLifetime
	if lifetime == 0 {
		lifetime = 10 * time.Minute
	}
	who.expires = time.Now().Add(lifetime)
	token := h.unique("access", who.expires)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[token] = who
	return token
}

// authenticate finds out who sends a request; with a token that is not good, or no more, it is not ok.
func (h *Hub) authenticate(req *http.Request) (who session, ok bool) {
	header := req.Header.Get("Authorization")
	if header == "" {
		return session{}, true
	}
	token, bearer := strings.CutPrefix(header, "Bearer ")
	if !bearer {
		token = strings.TrimPrefix(header, "JWT ") // the older form, which still works
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	who, known := h.sessions[token]
	return who, known && time.Now().Before(who.expires)
}

// unique makes a JWT that nobody could verify.
func (h *Hub) unique(subject string, expires time.Time) string {
	h.mu.Lock()
	h.issued++
	n := h.issued
	h.mu.Unlock()
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claims := `{"sub":"` + subject + `","jti":"` + strconv.Itoa(n) + `","exp":` + strconv.FormatInt(expires.Unix(), 10) + `}`
	return part(`{"alg":"none"}`) + "." + part(claims) + "." + part("signature")
}
