// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/release"
)

// ghcr removes tags from GHCR, which cannot. What GitHub's API deletes is a
// package version, a manifest with all its tags. So a manifest that nothing
// published needs, the index of one platform that was taken apart, and that
// bears nothing but tags to be removed, is deleted as a version. Every other tag
// is moved to a dummy, whose version is deleted.
func (j job) ghcr(ctx context.Context) failures {
	there, failed := j.lookAll(ctx)
	if len(there) == 0 {
		return failed
	}
	pkg, err := j.openPackage(ctx)
	if err != nil {
		return failed.fail(there, err)
	}
	var rest []release.TemporaryTag
	var denied error // for one, and so for all
	for _, tags := range byDigest(there) {
		deleted, err := false, denied
		if denied == nil {
			deleted, err = j.deleteFree(ctx, pkg, tags)
		}
		if _, ok := errors.AsType[*hosting.PermissionError](err); ok {
			denied = err
		}
		switch {
		case err != nil:
			failed.fail(tags, err)
		case deleted:
			maps.Copy(failed, each(tags, func(t release.TemporaryTag) error { return j.gone(ctx, t.Name, t.Digest) }))
		default:
			rest = append(rest, tags...)
		}
	}
	switch {
	case denied != nil:
		failed.fail(rest, denied)
	case len(rest) > 0:
		maps.Copy(failed, j.replace(ctx, rest, pkg.destroy))
	}
	return failed
}

// lookAll returns the tags that are where they were.
func (j job) lookAll(ctx context.Context) ([]release.TemporaryTag, failures) {
	var mu sync.Mutex
	still := map[string]bool{}
	failed := each(j.tags, func(t release.TemporaryTag) error {
		there, err := j.there(ctx, t)
		mu.Lock()
		defer mu.Unlock()
		still[t.Name] = there
		return err
	})
	return slices.DeleteFunc(slices.Clone(j.tags), func(t release.TemporaryTag) bool { return !still[t.Name] }), failed
}

// deleteFree deletes the version behind tags of one digest, if the digest is
// free: nothing published needs it, and it bears these tags and no other.
func (j job) deleteFree(ctx context.Context, pkg *githubPackage, tags []release.TemporaryTag) (deleted bool, err error) {
	digest := tags[0].Digest
	if j.needed[digest] {
		return false, nil
	}
	var names []string
	for _, t := range tags {
		names = append(names, t.Name)
	}
	v, free, err := pkg.await(ctx, digest, names)
	if err != nil || !free {
		return false, err
	}
	if err := pkg.delete(ctx, v); err != nil {
		if now, lookErr := j.look(ctx, digest.String()); lookErr == nil && now == (v1.Hash{}) {
			return true, nil // the first answer was lost, and the second says that there is no such version
		}
		return false, err
	}
	return true, nil
}

// byDigest groups tags, in order.
func byDigest(tags []release.TemporaryTag) [][]release.TemporaryTag {
	var groups [][]release.TemporaryTag
	for _, t := range tags {
		i := slices.IndexFunc(groups, func(g []release.TemporaryTag) bool { return g[0].Digest == t.Digest })
		if i < 0 {
			i = len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	return groups
}
