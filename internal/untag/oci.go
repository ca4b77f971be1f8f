// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/release"
)

// oci deletes tags as the specification says: GitLab, Quay, Google, distribution
// from v3 on, zot. A registry that cannot do that, as distribution v2.8, is
// served with dummies.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags
func (j job) oci(ctx context.Context) failures {
	failed := j.removeEach(ctx, func(t release.TemporaryTag) error { return j.deleteTag(ctx, t) })
	var rest []release.TemporaryTag
	for _, t := range j.tags {
		if errors.Is(failed[t.Name], release.ErrUnsupported) {
			rest = append(rest, t)
			delete(failed, t.Name)
		}
	}
	if len(rest) > 0 {
		maps.Copy(failed, j.dummies(ctx, rest))
	}
	return failed
}

// gitea deletes tags of Gitea and Forgejo, which keep a copy of the manifest for
// each reference, and delete it with the tag: a copy without a tag is made
// first. https://github.com/go-gitea/gitea/issues/21956
func (j job) gitea(ctx context.Context) failures {
	repo := j.Registry.Repository(j.repo)
	return each(j.tags, func(t release.TemporaryTag) error {
		m, err := j.read(ctx, t)
		if err != nil || m.IsZero() {
			return err
		}
		if err := repo.Put(ctx, m.Digest.String(), m); err != nil {
			return fmt.Errorf("keeping a copy without a tag: %w", err)
		}
		if err := j.deleteTag(ctx, t); err != nil {
			return err
		}
		return j.gone(ctx, t.Name, t.Digest)
	})
}

func (j job) deleteTag(ctx context.Context, t release.TemporaryTag) error {
	return j.forbid(j.Registry.Repository(j.repo).Delete(ctx, t.Name), j.needs())
}

// read returns the manifest behind a tag; zero if the tag is gone. A tag that
// points elsewhere is an error.
func (j job) read(ctx context.Context, t release.TemporaryTag) (release.Manifest, error) {
	m, err := j.Registry.Repository(j.repo).Manifest(ctx, t.Name)
	switch {
	case errors.Is(err, release.ErrNotFound):
		return release.Manifest{}, nil
	case err != nil:
		return release.Manifest{}, fmt.Errorf("reading it: %w", err)
	case m.Digest != t.Digest:
		return release.Manifest{}, &release.MovedError{Now: m.Digest}
	}
	return m, nil
}

// needs says what it takes to delete a tag by the specification's API.
func (j job) needs() string {
	switch j.kind {
	case hosting.GitLab:
		// https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/
		return `a job token of the repository's own project, or a personal access token with the scope "api": "write_registry" cannot delete`
	case hosting.Quay:
		return "an account or a robot that may write to the repository"
	case hosting.Google:
		return `an account with the permission "artifactregistry.tags.delete"`
	case hosting.ECR:
		return `an identity with the permission "ecr:BatchDeleteImage"`
	case hosting.ECRPublic:
		return `an identity with the permission "ecr-public:BatchDeleteImage"`
	case hosting.Gitea:
		return `an account that may write to the package, or its token with the scope "write:package"`
	default:
		return "an account that may delete in the repository"
	}
}
