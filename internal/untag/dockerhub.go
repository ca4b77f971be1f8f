// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/release"
)

// dockerHub deletes tags at Docker Hub's own API, which also tells when they are
// gone: its registry would refuse, or take the tag off and leave it on the page.
// https://github.com/docker/hub-feedback/issues/2361
func (j job) dockerHub(ctx context.Context) failures {
	client, login, err := j.Hosts.Hub(ctx, j.repo)
	if err != nil {
		return failures{}.fail(j.tags, err)
	}
	return each(j.tags, func(t release.TemporaryTag) error {
		there, err := j.there(ctx, t)
		if err != nil || !there {
			return err
		}
		return hosting.Forbid(client.DeleteTag(ctx, j.repo, t.Name), login, "")
	})
}
