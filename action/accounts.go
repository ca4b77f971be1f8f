// SPDX-License-Identifier: Apache-2.0

package action

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/secret"
)

// accounts reads credentials: the explicit ones, and those that the CI has for
// its own registry.
func (p *parser) accounts() {
	password := p.secret("password")
	user := p.text("username")
	p.hide(user, password)
	switch {
	case user == "" && !password.IsEmpty():
		p.wrong("username", errors.New("required with password"))
	case user != "" && password.IsEmpty() && !p.has("dockerhub_oidc_connection_id"):
		p.wrong("password", errors.New("required with username; give it as INPUT_PASSWORD, POLYTAG_PASSWORD or with --password-stdin"))
	case !password.IsEmpty() && len(p.out.request.Targets) > 0:
		p.out.credentials = append(p.out.credentials, registry.Credential{
			Registry: p.out.request.Primary().RegistryStr(), Username: user, Password: password, Origin: "the inputs username and password",
		})
	}
	p.registryAuth()
	p.hostedByCI()
}

var connectionGrammar = pattern.Lazy(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// openID reads how to sign in to Docker Hub without a secret. GitHub gives a
// workflow what its identity token is asked for with, if it may have one; on
// GitLab it is an id_token of that name.
func (p *parser) openID() {
	const input = "dockerhub_oidc_connection_id"
	o := openID{
		connection:   p.text(input),
		user:         p.text("username"),
		requestURL:   p.getenv("ACTIONS_ID_TOKEN_REQUEST_URL"),
		requestToken: secret.New(p.getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")),
		token:        secret.New(p.getenv("POLYTAG_ID_TOKEN")),
	}
	switch {
	case o.connection == "":
		return
	case !connectionGrammar().MatchString(o.connection):
		p.wrong(input, errors.New("want the ID of an OpenID connection, a UUID"))
	case o.user == "":
		p.wrong("username", errors.New("required with "+input+": the organization on Docker Hub"))
	case o.token.IsEmpty() && (o.requestURL == "" || o.requestToken.IsEmpty()):
		p.wrong(input, errors.New("there is no identity token: on GitHub the job needs permissions: id-token: write; on GitLab give id_tokens: POLYTAG_ID_TOKEN: {aud: https://identity.docker.com}"))
	}
	p.hide(o.user, o.requestToken)
	p.hide(o.user, o.token)
	p.out.openID = o
}

// hide notes a secret, so that the CI masks it: by itself, and with the user
// name before it, whose base64 is another.
func (p *parser) hide(user string, s secret.String) {
	if !s.IsEmpty() {
		p.out.secrets = append(p.out.secrets, s, secret.New(user+":"+s.Reveal()))
	}
}

// registryAuth reads the list that docker/login-action takes as registry-auth.
// No message of the YAML parser is shown: it may quote what it reads.
func (p *parser) registryAuth() {
	text := p.secret("registry_auth")
	if text.IsEmpty() {
		return
	}
	var entries []map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(text.Reveal()), &entries); err != nil {
		p.wrong("registry_auth", errors.New("want a YAML list: - {registry: ghcr.io, username: NAME, password: SECRET}"))
		return
	}
	seen := map[string]bool{}
	for i, entry := range entries {
		c, err := credential(entry)
		if err != nil {
			p.wrong("registry_auth", fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		if seen[c.Registry] {
			p.wrong("registry_auth", fmt.Errorf("entry %d: its registry is named twice", i+1))
		}
		seen[c.Registry] = true
		p.hide(c.Username, c.Password)
		p.out.credentials = append(p.out.credentials, c)
	}
}

// credential reads one entry. As in docker/login-action, no registry means
// Docker Hub.
func credential(entry map[string]yaml.Node) (registry.Credential, error) {
	fields := map[string]string{}
	for key, node := range entry {
		if key != "registry" && key != "username" && key != "password" {
			// Which one is not said: of password:SECRET without a blank it is the whole.
			return registry.Credential{}, errors.New("it has another key than registry, username and password")
		}
		if node.Kind != yaml.ScalarNode {
			return registry.Credential{}, fmt.Errorf("%s: want a text", key)
		}
		fields[key] = strings.TrimSpace(node.Value)
	}
	if fields["username"] == "" || fields["password"] == "" {
		return registry.Credential{}, errors.New("username and password are required")
	}
	return registry.Credential{
		Registry: cmp.Or(fields["registry"], "docker.io"),
		Username: fields["username"],
		Password: secret.New(fields["password"]),
		Origin:   "the input registry_auth",
	}, nil
}

// hostedByCI adds what GitLab and GitHub provide for their own registries.
func (p *parser) hostedByCI() {
	if host, user := p.getenv("CI_REGISTRY"), p.getenv("CI_REGISTRY_USER"); host != "" && user != "" {
		if password := secret.New(p.getenv("CI_REGISTRY_PASSWORD")); !password.IsEmpty() {
			p.hide(user, password)
			p.out.fallbacks = append(p.out.fallbacks, registry.Credential{
				Registry: host, Username: user, Password: password, Origin: "CI_REGISTRY_USER and CI_REGISTRY_PASSWORD",
			})
		}
	}
	if token := p.secret("github_token"); !token.IsEmpty() {
		user := cmp.Or(p.getenv("GITHUB_ACTOR"), "x-access-token")
		p.hide(user, token)
		p.out.fallbacks = append(p.out.fallbacks, registry.Credential{
			Registry: "ghcr.io", Username: user, Password: token, Origin: "the input github_token",
		})
	}
}
