// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"net/http"
	"strings"
)

// kind is what a credential is, which decides what it may do.
type kind int

const (
	kindNone kind = iota
	kindPassword
	kindPersonal     // access token of a person; the oldest have no prefix and pass for a password
	kindOrganization // access token of an organization
	kindOIDC         // what an OpenID connection gave
)

// The credentials that are accepted, in the words of Docker Hub's pages.
// https://docs.docker.com/security/access-tokens/ https://docs.docker.com/enterprise/security/access-tokens/
const (
	needsCredential   = `a user name with a password or an access token`
	needsPersonal     = `a personal access token with "Read, Write, Delete"`
	needsEditor       = `an account that may edit the repository`
	needsOrganization = `an organization access token with "repository edit" for this repository`
)

func kindOf(o Options) kind {
	plain := o.Secret.Reveal()
	switch {
	case plain == "":
		return kindNone
	case o.OIDC:
		return kindOIDC
	case strings.HasPrefix(plain, "dckr_pat_"):
		return kindPersonal
	case strings.HasPrefix(plain, "dckr_oat_"):
		return kindOrganization
	}
	return kindPassword
}

// needs says what a refused request would have been granted to. Docker Hub itself says little: "insufficient scope", if that.
func (k kind) needs(e *Error) string {
	switch {
	case e.page: // of a proxy, whose credentials are not ours
		return ""
	case e.NotFound():
		return "an account that may see the repository, if there is one"
	case !e.Denied():
		return ""
	case k == kindNone:
		return needsCredential
	case strings.Contains(e.Message, "organization access token is not allowed"):
		return needsPersonal + ", as this route refuses those of organizations"
	case k == kindOrganization:
		return needsOrganization
	case k == kindOIDC:
		return "an access token of its own beside the OpenID connection, whose token it does not take: " + needsPersonal
	case strings.Contains(e.Message, "insufficient scope"):
		return needsPersonal
	case k == kindPersonal:
		return needsPersonal + ", of " + needsEditor
	}
	return needsEditor
}

// needsToSignIn says what would have been accepted in place of a user name and a secret that were not.
func (k kind) needsToSignIn(e *Error) string {
	if !e.Denied() || e.page {
		return ""
	}
	switch k {
	case kindPersonal:
		return "a personal access token that is active, with the name of the user that it belongs to"
	case kindOrganization:
		return "an organization access token that is active, with the name of the organization as user name"
	case kindOIDC:
		return k.needs(&Error{Status: http.StatusForbidden})
	case kindNone, kindPassword:
	}
	if isTwoFactor(e.Message) {
		return "a personal access token in place of the password, as the account has two-factor authentication"
	}
	return "the right user name and password, or a personal access token where two-factor authentication or single sign-on is on"
}

// isTwoFactor recognizes "Require secondary authentication on MFA enabled account", and what it may be called tomorrow.
func isTwoFactor(message string) bool {
	message = strings.ToLower(message)
	for _, word := range []string{"secondary authentication", "mfa", "2fa", "two-factor"} {
		if strings.Contains(message, word) {
			return true
		}
	}
	return false
}
