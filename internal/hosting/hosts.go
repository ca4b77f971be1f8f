// SPDX-License-Identifier: Apache-2.0

// Package hosting knows what a registry is beside the specification: of which
// kind, with which credential its own API is to be called, and how. It sends a
// credential to no host that it was not given for.
package hosting

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/registry"
)

// The names under which credentials for an API of its own are given.
const (
	hubAPI    = "hub.docker.com"
	githubAPI = "api.github.com"
)

// Options configure [Hosts].
type Options struct {
	// Transport carries every request; it has to do the retries. Required.
	Transport http.RoundTripper
	// Keychain finds credentials. Nil: there are none.
	Keychain *registry.Keychain
	// OpenID says that the password for docker.io came from an OpenID
	// connection, for the words of a refusal.
	OpenID bool
}

// Hosts are the registries of one run. It asks each what it is once, and signs
// in once to Docker Hub with each credential. It is safe for use by many
// goroutines.
type Hosts struct {
	options Options

	mu    sync.Mutex
	hosts map[name.Registry]*host
	hubs  map[registry.Credential]*dockerhub.Client
}

// host is what was found out about a registry.
type host struct {
	mu    sync.Mutex
	kind  Kind
	known bool
}

// New returns hosts of which nothing is known yet. Nothing is sent.
func New(o Options) *Hosts {
	if o.Keychain == nil {
		o.Keychain = &registry.Keychain{}
	}
	return &Hosts{options: o, hosts: map[name.Registry]*host{}, hubs: map[registry.Credential]*dockerhub.Client{}}
}

// Kind tells of which kind a registry is: by its host; else, if a credential was
// given for HOST/api, it is a Quay; else by asking it, without credentials and
// for a few seconds at most. One that does not answer, or nothing that is known,
// is [Generic].
func (h *Hosts) Kind(ctx context.Context, reg name.Registry) Kind {
	if kind, known := kindOf(reg.RegistryStr()); known {
		return kind
	}
	if _, given := h.options.Keychain.API(quayAPI(reg)); given {
		return Quay
	}
	h.mu.Lock()
	it := h.hosts[reg]
	if it == nil {
		it = &host{}
		h.hosts[reg] = it
	}
	h.mu.Unlock()

	it.mu.Lock()
	defer it.mu.Unlock()
	if it.known {
		return it.kind
	}
	it.kind = probe(ctx, reg, h.options.Transport)
	it.known = ctx.Err() == nil
	return it.kind
}

// Login returns the credential for the API of a repository's registry; zero if
// there is none. Docker Hub's and GitHub's is the one given for hub.docker.com
// or api.github.com, else that of the registry, which belongs to the same
// account. Quay takes none but the token given for HOST/api. Harbor's is that of
// the registry. Others have no API that polytag calls.
func (h *Hosts) Login(ctx context.Context, repo name.Repository) (registry.Credential, error) {
	kind := h.Kind(ctx, repo.Registry)
	var key string
	switch kind {
	case DockerHub:
		key = hubAPI
	case GHCR:
		key = githubAPI
	case Quay:
		key = quayAPI(repo.Registry)
	case Harbor:
	default:
		return registry.Credential{}, nil
	}
	if given, ok := h.options.Keychain.API(key); ok || kind == Quay {
		return given, nil
	}
	login, err := h.options.Keychain.Find(ctx, repo)
	if err != nil {
		return registry.Credential{}, fmt.Errorf("finding credentials for the API of %s: %w", kind, err)
	}
	return registry.Credential{
		Registry: repo.RegistryStr(), Username: login.Username, Password: login.Secret(), Origin: login.Origin,
	}, nil
}

func quayAPI(reg name.Registry) string { return reg.RegistryStr() + "/api" }
