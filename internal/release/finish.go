// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

// What can become of a registry's page and of a temporary tag, beside [Kept],
// [Failed] and [Unchanged].
const (
	// Synced: the page was written.
	Synced Status = "synced"
	// NotSupported: the registry has no page that could be written.
	NotSupported Status = "not supported"
	// Removed: the temporary tag is gone.
	Removed Status = "removed"
	// Absent: the temporary tag was gone already.
	Absent Status = "absent"
)

// PageRow is what became of one registry page.
type PageRow struct {
	Repo   name.Repository
	Status Status
	Reason string
}

// TemporaryRow is what became of one temporary tag.
type TemporaryRow struct {
	Tag    name.Tag
	Digest v1.Hash
	Status Status
	Reason string
}

// Pages writes registry pages.
type Pages interface {
	// Describe syncs the page of a repository and reports whether it had to
	// change. ErrUnsupported where the registry has none.
	Describe(ctx context.Context, repo name.Repository) (changed bool, err error)
}

// Untagger removes temporary tags.
type Untagger interface {
	// Untag removes tags of one repository, each by itself, and proves that
	// they are gone. The answer has an error for each tag, in order: nil if it
	// is gone, [ErrUnsupported] if the registry cannot do it. A tag that no
	// longer points at its digest is left, with *[MovedError]. No manifest
	// whose digest is needed may be harmed.
	Untag(ctx context.Context, repo name.Repository, tags []TemporaryTag, needed []v1.Hash) []error
}

// MovedError means that a temporary tag points elsewhere than when it was read.
type MovedError struct{ Now v1.Hash }

func (e *MovedError) Error() string {
	return "it has moved to " + e.Now.String() + " since it was read"
}

// Finished is what [Finish] did.
type Finished struct {
	Pages     []PageRow
	Temporary []TemporaryRow
	// Harm is what the clean-up lost and the release needs, and whether it could
	// be put back. Nil: nothing.
	Harm error
}

// Finish syncs the pages and removes the temporary tags, side by side. Call it
// only for a release that was published and verified. Afterwards the manifest
// and every image are proved to be still there; one that is gone is put back,
// which is a failure all the same. Failures are in the rows; one does not stop
// the others.
func Finish(ctx context.Context, plan Plan, snap Snapshot, reg Registry, pages Pages, untagger Untagger) Finished {
	pageRows := make([]PageRow, 0, len(plan.Targets))
	var done Finished
	var mu sync.Mutex
	var group errgroup.Group
	for _, target := range plan.Targets {
		if target.Page == nil {
			continue
		}
		group.Go(func() error {
			row := describePage(ctx, target, pages)
			mu.Lock()
			defer mu.Unlock()
			pageRows = append(pageRows, row)
			return nil
		})
	}
	group.Go(func() error {
		done.Temporary, done.Harm = cleanUp(ctx, plan, snap, reg, untagger)
		return nil
	})
	_ = group.Wait() // failures are in the rows
	slices.SortFunc(pageRows, func(a, b PageRow) int { return position(plan, a.Repo) - position(plan, b.Repo) })
	done.Pages = pageRows
	return done
}

// position is the place of a repository among the targets.
func position(plan Plan, repo name.Repository) int {
	return slices.IndexFunc(plan.Targets, func(t TargetPlan) bool { return t.Repo == repo })
}

func describePage(ctx context.Context, target TargetPlan, pages Pages) PageRow {
	row := PageRow{Repo: target.Repo}
	if target.Page.Kept != "" {
		row.Status, row.Reason = Kept, target.Page.Kept
		return row
	}
	changed, err := pages.Describe(ctx, target.Repo)
	switch {
	case errors.Is(err, ErrUnsupported):
		row.Status, row.Reason = NotSupported, err.Error()
	case err != nil:
		row.Status, row.Reason = Failed, err.Error()
	case changed:
		row.Status = Synced
	default:
		row.Status = Unchanged
	}
	return row
}

// cleanUp removes the temporary tags and proves that nothing else is gone.
func cleanUp(ctx context.Context, plan Plan, snap Snapshot, reg Registry, untagger Untagger) ([]TemporaryRow, error) {
	if len(plan.Temporary) == 0 {
		return nil, nil
	}
	primary := plan.Targets[0].Repo
	rows := make([]TemporaryRow, len(plan.Temporary))
	var doomed []TemporaryTag
	var at []int
	for i, t := range plan.Temporary {
		rows[i] = TemporaryRow{Tag: primary.Tag(t.Name), Digest: t.Digest}
		switch {
		case t.Absent():
			rows[i].Status = Absent
		case t.Keep != "":
			rows[i].Status, rows[i].Reason = Kept, t.Keep
		default:
			doomed, at = append(doomed, t), append(at, i)
		}
	}
	if len(doomed) == 0 {
		return rows, nil
	}
	kept, err := keepCopies(ctx, plan, snap, newAllowance().of(reg.Repository(primary)))
	if err != nil {
		return failAll(rows, at, err), nil
	}
	errs := untagger.Untag(ctx, primary, doomed, kept.digests())
	for i, err := range errs {
		rows[at[i]].Status, rows[at[i]].Reason = removal(err)
	}
	return rows, kept.prove(ctx, reg.Repository(primary))
}

// failAll marks the rows of tags that should have been removed.
func failAll(rows []TemporaryRow, at []int, err error) []TemporaryRow {
	for _, i := range at {
		rows[i].Status, rows[i].Reason = Failed, err.Error()
	}
	return rows
}

// removal is the status of a tag that was to be removed.
func removal(err error) (Status, string) {
	_, moved := errors.AsType[*MovedError](err)
	switch {
	case err == nil:
		return Removed, ""
	case moved:
		return Kept, err.Error()
	default:
		return Failed, err.Error()
	}
}

// FinishError means that the release is published and verified, but a page was
// not synced, a temporary tag not removed, or something else lost by that.
type FinishError struct{ Finished }

func (e *FinishError) Error() string { return errors.Join(e.Unwrap()...).Error() }

// Unwrap returns an error for each page and each temporary tag.
func (e *FinishError) Unwrap() []error {
	var parts []error
	if e.Harm != nil {
		parts = append(parts, e.Harm)
	}
	for _, p := range e.Pages {
		parts = append(parts, fmt.Errorf("syncing the page of %s: %s", p.Repo, p.Reason))
	}
	for _, t := range e.Temporary {
		parts = append(parts, fmt.Errorf("removing %s: %s", t.Tag, t.Reason))
	}
	return parts
}
