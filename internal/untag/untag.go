// SPDX-License-Identifier: Apache-2.0

// Package untag removes tags, and nothing but the tags. Every kind of registry
// wants it done in another way, and most have a way that destroys more than was
// asked for: to delete a digest takes all its tags along, and breaks the index
// that lists it.
//
// Two rules hold for every strategy. Nothing is deleted by its digest but a
// dummy that this run made, and, on GHCR, a package version that is proved to
// bear nothing but temporary tags of this run, and that nothing published needs.
// And a tag that no longer points at what was read is left alone: it is looked
// up right before, since no registry can compare and delete.
package untag

import (
	"context"
	"errors"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
)

// Options configure a [Remover]. All fields are required.
type Options struct {
	// Hosts tell what a registry is, and reach the APIs beside the
	// specification's.
	Hosts *hosting.Hosts
	// Registry reads and writes manifests.
	Registry *registry.Client
}

// Remover removes tags. It implements [release.Untagger].
type Remover struct{ options Options }

var _ release.Untagger = (*Remover)(nil)

// New returns a remover. Nothing is sent.
func New(o Options) *Remover { return &Remover{options: o} }

// Untag implements [release.Untagger]. An error is, wraps or joins
// [release.ErrUnsupported], [*release.MovedError] or [*hosting.PermissionError],
// or is what a server answered. A tag that could not be removed points at its
// image, as before; the error says so where that took an effort or failed.
func (r *Remover) Untag(ctx context.Context, repo name.Repository, tags []release.TemporaryTag, needed []v1.Hash) []error {
	j := job{Options: r.options, repo: repo, kind: r.options.Hosts.Kind(ctx, repo.Registry), tags: tags, needed: map[v1.Hash]bool{}}
	for _, d := range needed {
		j.needed[d] = true
	}
	failed := j.remove(ctx)
	errs := make([]error, len(tags))
	for i, t := range tags {
		errs[i] = failed[t.Name]
	}
	return errs
}

// job is what there is to do in one repository.
type job struct {
	Options

	repo name.Repository
	kind hosting.Kind
	tags []release.TemporaryTag
	// needed are the manifests that must survive.
	needed map[v1.Hash]bool
}

// failures are the errors by tag. A tag without one is gone.
type failures map[string]error

// fail notes one error for several tags.
func (f failures) fail(tags []release.TemporaryTag, err error) failures {
	for _, t := range tags {
		f[t.Name] = err
	}
	return f
}

// remove removes the tags in the way of the registry.
func (j job) remove(ctx context.Context) failures {
	switch j.kind {
	case hosting.DockerHub:
		return j.dockerHub(ctx)
	case hosting.GHCR:
		return j.ghcr(ctx)
	case hosting.ECR, hosting.ECRPublic:
		return j.dummies(ctx, j.tags)
	case hosting.ACR:
		return j.acr(ctx)
	case hosting.Harbor:
		return j.harbor(ctx)
	case hosting.Gitea:
		return j.gitea(ctx)
	default:
		return j.oci(ctx)
	}
}

// forbid makes a [*hosting.PermissionError] of an answer of the registry that
// says so.
func (j job) forbid(err error, needs string) error {
	var login registry.Credential
	if e, ok := errors.AsType[*registry.Error](err); ok {
		login.Username, login.Origin = e.Login.Username, e.Login.Origin
	}
	return hosting.Forbid(err, login, needs)
}
