// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/readme"
)

// quay sets the description of a repository at Quay, which takes the token of an
// OAuth application, and neither a robot's password nor a person's.
// https://docs.redhat.com/en/documentation/red_hat_quay/3/html/red_hat_quay_api_guide/
func (d *Describer) quay(ctx context.Context, repo name.Repository, page readme.Page) (bool, error) {
	d.onlyFull(hosting.Quay)
	if page.Full == "" {
		return false, nil
	}
	api, path, err := d.options.Hosts.Quay(ctx, repo)
	if err != nil {
		return false, err
	}
	needs := fmt.Sprintf(`the token of an OAuth application with the scope "repo:write", in registry_auth for %s/api`, repo.RegistryStr())
	if api.Login.Password.IsEmpty() {
		return false, &hosting.PermissionError{Needs: needs}
	}
	var now struct {
		Description string `json:"description"`
	}
	if _, err := api.Call(ctx, http.MethodGet, path, nil, &now); err != nil {
		return false, hosting.Forbid(err, api.Login, needs)
	}
	if same(now.Description, page.Full) {
		return false, nil
	}
	var done struct {
		Success bool `json:"success"`
	}
	if _, err := api.Call(ctx, http.MethodPut, path, map[string]string{"description": page.Full}, &done); err != nil {
		return false, hosting.Forbid(err, api.Login, needs)
	}
	if !done.Success {
		return false, errNotTaken
	}
	return true, nil
}
