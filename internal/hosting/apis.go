// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/registry"
)

// Hub returns a client of Docker Hub's API for a repository, and the credential
// that it signs in with, which is zero if there is none.
func (h *Hosts) Hub(ctx context.Context, repo name.Repository) (*dockerhub.Client, registry.Credential, error) {
	login, err := h.Login(ctx, repo)
	if err != nil {
		return nil, login, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	client := h.hubs[login]
	if client == nil {
		client = dockerhub.New(dockerhub.Options{
			Transport: h.options.Transport, Username: login.Username, Secret: login.Password,
			OIDC: h.options.OpenID && login.Registry != hubAPI,
		})
		h.hubs[login] = client
	}
	return client, login, nil
}

// GitHub returns GitHub's API with the token for a repository at GHCR; without
// one if there is none.
func (h *Hosts) GitHub(ctx context.Context, repo name.Repository) (API, error) {
	login, err := h.Login(ctx, repo)
	return API{
		Transport: h.options.Transport,
		Base:      "https://" + githubAPI,
		Login:     login,
		Bearer:    true,
		Header:    http.Header{"Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"}},
	}, err
}

// Quay returns Quay's API with the token for a repository, without one if there
// is none, and the path of the repository in it.
func (h *Hosts) Quay(ctx context.Context, repo name.Repository) (API, string, error) {
	login, err := h.Login(ctx, repo)
	api := API{Transport: h.options.Transport, Registry: repo.Registry, Login: login, Bearer: true}
	return api, "/api/v1/repository/" + repo.RepositoryStr(), err
}

// Harbor returns Harbor's API, signed in as the registry is, and the path of a
// repository in it.
func (h *Hosts) Harbor(ctx context.Context, repo name.Repository) (API, string, error) {
	project, rest, ok := strings.Cut(repo.RepositoryStr(), "/")
	if !ok {
		return API{}, "", fmt.Errorf("%s names no project of Harbor's", repo)
	}
	login, err := h.Login(ctx, repo)
	api := API{Transport: h.options.Transport, Registry: repo.Registry, Login: login}
	// A slash in the name is encoded twice: the server decodes the path before it takes it apart.
	return api, "/api/v2.0/projects/" + project + "/repositories/" + url.PathEscape(url.PathEscape(rest)), err
}

// ECRPublic returns the API of Amazon ECR Public, which is in one region alone.
// Its requests are yet to be signed.
// https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
func (h *Hosts) ECRPublic() API {
	return API{Transport: h.options.Transport, Base: "https://api.ecr-public.us-east-1.amazonaws.com"}
}
