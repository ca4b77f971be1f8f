// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// patience is how long a registry has to tell what it is, in all.
const patience = 5 * time.Second

// probe asks a registry what it is: by where it sends its clients for a token,
// or else by the pages with which Harbor and Gitea introduce themselves.
func probe(ctx context.Context, reg name.Registry, rt http.RoundTripper) Kind {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	challenge, err := transport.Ping(ctx, reg, rt)
	if err != nil {
		return Generic
	}
	if kind, ok := challenger(challenge); ok {
		return kind
	}
	api := API{Transport: rt, Base: "https://" + reg.RegistryStr()}
	if challenge.Insecure {
		api.Base = "http://" + reg.RegistryStr()
	}
	switch {
	// https://github.com/goharbor/harbor/blob/v2.14.0/api/v2.0/swagger.yaml (GeneralInfo)
	case api.has(ctx, "/api/v2.0/systeminfo", "auth_mode"):
		return Harbor
	// https://docs.gitea.com/api/#tag/miscellaneous/operation/getVersion
	case api.has(ctx, "/api/v1/version", "version"):
		return Gitea
	}
	return Generic
}

// challenger tells who asks for a token.
//
//   - Harbor: https://github.com/goharbor/harbor/blob/v2.14.0/src/server/middleware/v2auth/auth.go
//   - Gitea: https://github.com/go-gitea/gitea/blob/v1.24.0/routers/api/packages/container/container.go
//   - GitLab: https://docs.gitlab.com/administration/packages/container_registry/ (auth.token)
func challenger(c *transport.Challenge) (Kind, bool) {
	realm, err := url.Parse(c.Parameters["realm"])
	if !strings.EqualFold(c.Scheme, "bearer") || err != nil {
		return Generic, false
	}
	switch service := c.Parameters["service"]; {
	case service == "harbor-registry":
		return Harbor, true
	case service == "container_registry" && strings.HasSuffix(realm.Path, "/v2/token"):
		return Gitea, true
	case service == "container_registry" && strings.HasSuffix(realm.Path, "/jwt/auth"):
		return GitLab, true
	}
	return Generic, false
}

// has reports whether a page is a JSON object with a field.
func (a API) has(ctx context.Context, path, field string) bool {
	var page map[string]json.RawMessage
	_, err := a.Call(ctx, http.MethodGet, path, nil, &page)
	return err == nil && page[field] != nil
}
