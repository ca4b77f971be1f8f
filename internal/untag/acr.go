// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
)

// acr takes tags off at the API of Azure's registry. To delete by the
// specification, it wants a digest, and takes every tag along.
// https://github.com/Azure/acr-cli/blob/v0.17/docs/swagger.yaml (DeleteAcrTag)
func (j job) acr(ctx context.Context) failures {
	signedIn, login, err := j.Registry.Authorized(ctx, j.repo, "delete")
	if err != nil {
		return failures{}.fail(j.tags, j.forbid(err, needsACR))
	}
	api := hosting.API{Transport: signedIn, Registry: j.repo.Registry}
	who := registry.Credential{Username: login.Username, Origin: login.Origin}
	return j.removeEach(ctx, func(t release.TemporaryTag) error {
		_, err := api.Call(ctx, http.MethodDelete, "/acr/v1/"+url.PathEscape(j.repo.RepositoryStr())+"/_tags/"+t.Name, nil, nil)
		switch {
		case hosting.HasStatus(err, http.StatusNotFound):
			return nil
		case hosting.HasStatus(err, http.StatusMethodNotAllowed):
			return fmt.Errorf("the tag, or the repository, is locked against deletion: %w", err)
		}
		return hosting.Forbid(err, who, needsACR)
	})
}

// https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-overview
const needsACR = `an identity with the role "AcrDelete", or a token with "content/delete"`
