// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/transport"
	"github.com/polytag/polytag/internal/version"
)

// rulesTime is what reading rules may take: a release does not wait for what is
// best effort.
const rulesTime = 5 * time.Second

// network is what a run talks through.
type network struct {
	transport http.RoundTripper
	keychain  *registry.Keychain
	registry  *registry.Client
	hosts     *hosting.Hosts
}

// connect finds the credentials of a run and makes its clients. It sends
// nothing, unless Docker Hub is signed in to with the CI's identity token.
func (c *Command) connect(ctx context.Context, in settings, host ci.Host) (network, error) {
	files, err := registry.LoadFiles(c.Getenv)
	if err != nil {
		return network{}, err
	}
	n := network{
		transport: c.transport(in.plainHTTP, host),
		keychain:  &registry.Keychain{Given: in.credentials, Files: files, Fallbacks: in.fallbacks},
	}
	if in.openID.connection != "" {
		token, err := n.exchange(ctx, in.openID)
		if err != nil {
			return n, fmt.Errorf("signing in to Docker Hub with the CI's identity token: %w", err)
		}
		host.Mask(token.Password.Reveal())
		host.Mask(token.Username + ":" + token.Password.Reveal()) // what Basic encodes
		n.keychain.Given = append(n.keychain.Given, token)
	}
	n.hosts = hosting.New(hosting.Options{Transport: n.transport, Keychain: n.keychain, OpenID: in.openID.connection != ""})
	options := registry.Options{Transport: n.transport, Keychain: n.keychain, DeleteHubTag: n.deleteHubTag}
	if !in.dryRun {
		options.Push = in.request.Targets
	}
	n.registry = registry.New(options)
	return n, nil
}

// openID is how Docker Hub is signed in to without a secret.
type openID struct {
	connection, user string
	requestURL       string
	requestToken     secret.String
	token            secret.String
}

// exchange turns the CI's identity token into a password for Docker Hub.
func (n network) exchange(ctx context.Context, o openID) (registry.Credential, error) {
	password, err := dockerhub.ExchangeOIDC(ctx, dockerhub.OIDCOptions{
		Transport: n.transport, ConnectionID: o.connection,
		RequestURL: o.requestURL, RequestToken: o.requestToken, IDToken: o.token,
	})
	if err != nil {
		return registry.Credential{}, err
	}
	return registry.Credential{
		Registry: "docker.io", Username: o.user, Password: password, Origin: "the input dockerhub_oidc_connection_id",
	}, nil
}

// deleteHubTag takes back a tag of a release that failed on Docker Hub. A token
// that may push often may not delete: then the tag is left, and said to be.
func (n network) deleteHubTag(ctx context.Context, repo name.Repository, tag string) error {
	hub, _, err := n.hosts.Hub(ctx, repo)
	if err != nil {
		return err
	}
	err = hub.DeleteTag(ctx, repo, tag)
	if denied, ok := errors.AsType[*dockerhub.Error](err); ok && denied.Denied() {
		return fmt.Errorf("%w: %w", release.ErrUnsupported, err)
	}
	return err
}

// rules reads Docker Hub's immutability rules of the targets that live there.
// That is best effort, since a rule that cannot be read is found out by the
// registry's refusal; and credentials are sent only if they were given, and not
// just found in a file.
func (n network) rules(ctx context.Context, targets []name.Repository) map[name.Repository]func(string) bool {
	ctx, cancel := context.WithTimeout(ctx, rulesTime)
	defer cancel()
	out := map[name.Repository]func(string) bool{}
	for _, repo := range targets {
		if !dockerhub.Owns(repo) {
			continue
		}
		hub := dockerhub.New(dockerhub.Options{Transport: n.transport}) // nobody
		if _, api := n.keychain.API("hub.docker.com"); api || !n.keychain.Explicit(repo).Password.IsEmpty() {
			var err error
			if hub, _, err = n.hosts.Hub(ctx, repo); err != nil { // signs in with just these, once for the whole run
				continue
			}
		}
		if found, err := hub.Repository(ctx, repo); err == nil {
			out[repo] = found.Immutability.Freezes
		}
	}
	return out
}

// transport makes the one transport of a run.
func (c *Command) transport(plainHTTP []string, host ci.Host) http.RoundTripper {
	return transport.New(transport.Options{
		Base:      c.Transport,
		UserAgent: "polytag/" + version.String(c.Version),
		PlainHTTP: plainHTTP,
		Notify: func(w transport.Wait) {
			line := pausing(w)
			if c.Terminal {
				line = report.Erase + line // a bar may stand there
			}
			fmt.Fprintln(host.Text(), line)
		},
	})
}

// pausing says what is being waited for.
func pausing(w transport.Wait) string {
	why := fmt.Sprintf("%d %s", w.Status, http.StatusText(w.Status))
	if w.Err != nil {
		why = w.Err.Error()
	}
	return oneLine(fmt.Sprintf("waiting %s to try again: %s %s%s: %s", w.Delay.Round(100*time.Millisecond), w.Method, w.Host, w.Path, why))
}
