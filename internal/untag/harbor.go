// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"
	"net/http"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/release"
)

// harbor deletes tags at Harbor's own API, of the artifact that was read: its
// registry refuses, and a digest would take every tag along.
// https://github.com/goharbor/harbor/blob/v2.14.0/api/v2.0/swagger.yaml (deleteTag)
func (j job) harbor(ctx context.Context) failures {
	api, path, err := j.Hosts.Harbor(ctx, j.repo)
	if err != nil {
		return failures{}.fail(j.tags, err)
	}
	return j.removeEach(ctx, func(t release.TemporaryTag) error {
		_, err := api.Call(ctx, http.MethodDelete, path+"/artifacts/"+t.Digest.String()+"/tags/"+t.Name, nil, nil)
		if hosting.HasStatus(err, http.StatusNotFound) {
			return nil // gone, or on another artifact: the look afterwards tells
		}
		return hosting.Forbid(err, api.Login, `a maintainer of the project, or a robot account with the permission "delete" on tags`)
	})
}
