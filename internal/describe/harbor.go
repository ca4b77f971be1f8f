// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"context"
	"html"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/readme"
)

// harbor sets the description of a repository at Harbor, which escapes what it
// gets as HTML before it stores it.
// https://github.com/goharbor/harbor/blob/v2.14.0/src/server/v2.0/handler/repository.go (UpdateRepository)
func (d *Describer) harbor(ctx context.Context, repo name.Repository, page readme.Page) (bool, error) {
	d.onlyFull(hosting.Harbor)
	if page.Full == "" {
		return false, nil
	}
	api, path, err := d.options.Hosts.Harbor(ctx, repo)
	if err != nil {
		return false, err
	}
	const needs = `a developer of the project, or a robot account with the permission "update" on repositories`
	var now struct {
		Description string `json:"description"`
	}
	if _, err := api.Call(ctx, http.MethodGet, path, nil, &now); err != nil {
		return false, hosting.Forbid(err, api.Login, needs)
	}
	if same(html.UnescapeString(now.Description), page.Full) {
		return false, nil
	}
	if _, err := api.Call(ctx, http.MethodPut, path, map[string]string{"description": page.Full}, nil); err != nil {
		return false, hosting.Forbid(err, api.Login, needs)
	}
	return true, nil
}
