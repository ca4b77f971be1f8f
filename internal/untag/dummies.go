// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
)

// restoring is how long a tag has to be put back, also after the run was
// cancelled: GitHub kills a cancelled step some seconds later.
const restoring = 5 * time.Second

// decoy is a dummy with a tag that was moved to it, to be deleted together.
type decoy struct {
	// tag is empty for a dummy without one.
	tag   string
	dummy registry.Dummy
}

func (d decoy) digest() v1.Hash { return d.dummy.Manifest().Digest }

// destroyer deletes a dummy, and with it its tag.
type destroyer func(ctx context.Context, d decoy) error

// dummies removes tags together with dummies, which are deleted by digest:
// distribution v2.8, and Amazon's registries, which refuse to take the last tag
// off an image that an index lists.
// https://github.com/aws/containers-roadmap/issues/1567
func (j job) dummies(ctx context.Context, tags []release.TemporaryTag) failures {
	return j.replace(ctx, tags, func(ctx context.Context, d decoy) error {
		return j.forbid(unsupported(j.Registry.DeleteDummy(ctx, j.repo, d.dummy)), j.needs())
	})
}

// unsupported marks the answers of a registry that deletes nothing: that it is
// switched off, or, on Amazon's in former times, that there is no such page.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests
func unsupported(err error) error {
	e, ok := errors.AsType[*registry.Error](err)
	if !ok {
		return err
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fmt.Errorf("the registry deletes neither tags nor manifests: %w: %w", release.ErrUnsupported, err)
	}
	return err
}

// replace moves each tag to a dummy of its own and has that destroyed. It is
// rehearsed without a tag first, so that no tag is moved where nothing can be
// deleted.
func (j job) replace(ctx context.Context, tags []release.TemporaryTag, destroy destroyer) failures {
	if err := j.rehearse(ctx, destroy); err != nil {
		return failures{}.fail(tags, fmt.Errorf("rehearsing with a dummy that has no tag: %w", err))
	}
	return each(tags, func(t release.TemporaryTag) error { return j.replaceOne(ctx, t, destroy) })
}

// rehearse proves that dummies can be deleted.
func (j job) rehearse(ctx context.Context, destroy destroyer) error {
	if err := j.Registry.PushDummyBlobs(ctx, j.repo); err != nil {
		return fmt.Errorf("pushing what it consists of: %w", err)
	}
	dummy, err := registry.NewDummy("rehearsal")
	if err != nil {
		return err
	}
	d := decoy{dummy: dummy}
	if err := j.Registry.Repository(j.repo).Put(ctx, d.digest().String(), dummy.Manifest()); err != nil {
		return fmt.Errorf("pushing it: %w", err)
	}
	err = destroy(ctx, d)
	if err == nil {
		return j.gone(ctx, d.digest().String(), d.digest())
	}
	if now, lookErr := j.look(ctx, d.digest().String()); lookErr == nil && now == (v1.Hash{}) {
		return nil // the first answer was lost, and the second says that there is nothing to delete
	}
	return fmt.Errorf("deleting it: %w; %s stays behind", err, d.digest())
}

// replaceOne moves a tag to a dummy and has that destroyed, and puts the tag
// back if that fails.
func (j job) replaceOne(ctx context.Context, t release.TemporaryTag, destroy destroyer) error {
	was, err := j.read(ctx, t)
	if err != nil || was.IsZero() {
		return err
	}
	dummy, err := registry.NewDummy(t.Name)
	if err != nil {
		return err
	}
	d := decoy{tag: t.Name, dummy: dummy}
	if err = j.Registry.Repository(j.repo).Put(ctx, d.tag, dummy.Manifest()); err != nil {
		err = fmt.Errorf("moving it to a dummy: %w", err)
	} else if err = destroy(ctx, d); err == nil {
		err = j.gone(ctx, d.tag, d.digest())
	}
	if err != nil {
		return j.restore(ctx, d, was, err)
	}
	return nil
}

// restore puts a tag back if it points at its dummy, and returns err with what
// became of the tag. An answer may have been lost, so that the tag was never
// moved, or is gone, which is nil. It does so even if ctx has ended.
func (j job) restore(ctx context.Context, d decoy, was release.Manifest, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoring)
	defer cancel()
	now, lookErr := j.look(ctx, d.tag)
	switch {
	case lookErr != nil:
		return fmt.Errorf("%w; whether it points at a dummy now is not known: %w", err, lookErr)
	case now == v1.Hash{}:
		return nil
	case now == was.Digest:
		return err
	case now != d.digest():
		return &release.MovedError{Now: now}
	}
	if putErr := j.Registry.Repository(j.repo).Put(ctx, d.tag, was); putErr != nil {
		return fmt.Errorf("%w; it points at a dummy now, as putting it back failed: %w", err, putErr)
	}
	return fmt.Errorf("%w; it was put back", err)
}
