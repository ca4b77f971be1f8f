// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/semtag"
)

// Status says what became of a tag.
type Status string

// What can become of a tag.
const (
	// Created: the tag did not exist and has our digest now.
	Created Status = "created"
	// Moved: the tag pointed elsewhere and has our digest now.
	Moved Status = "moved"
	// Unchanged: the tag had our digest already.
	Unchanged Status = "unchanged"
	// Kept: a higher version owns the floating tag; it was not touched.
	Kept Status = "kept"
	// Superseded: a higher version took the floating tag while we ran.
	Superseded Status = "superseded"
	// Settled: the floating tag pointed elsewhere, and was set to the higher
	// version that owns it.
	Settled Status = "settled"
	// Failed: the tag is not what it should be.
	Failed Status = "failed"
	// RolledBack: the release failed, and the tag is back where it was.
	RolledBack Status = "rolled back"
)

// Row is what became of one tag in one target.
type Row struct {
	Tag    string
	Kind   semtag.Kind
	Status Status
	// From is what the tag pointed at before the release; zero: it did not exist.
	From v1.Hash
	// To is what it points at now; zero: it does not exist, or, if Unknown, it
	// could not be read.
	To      v1.Hash
	Unknown bool
	// By is the exact tag of the version that owns a floating tag that is not
	// ours: kept, superseded, settled.
	By string
	// Reason says why, for failed tags.
	Reason string
}

// TargetResult is what became of one target.
type TargetResult struct {
	Repo name.Repository
	Rows []Row
	// Err is the failure that ended publishing or settling; nil if every tag
	// is what it should be.
	Err error
	// Released says that the exact tag, the commit point, has our digest.
	Released bool
}

// Result is what a release did. It is valid beside an error too.
type Result struct {
	Targets []TargetResult
	// Staged is what was copied before; the caller puts it here.
	Staged []Staged
	// Finished is what [Finish] did; empty if nothing was asked for, or the
	// release was not published.
	Finished
}

// FinishErr is a *[FinishError] if a page or a temporary tag failed, or
// something was lost; else nil.
func (r Result) FinishErr() error {
	e := &FinishError{Finished{
		Pages:     slices.DeleteFunc(slices.Clone(r.Pages), func(p PageRow) bool { return p.Status != Failed }),
		Temporary: slices.DeleteFunc(slices.Clone(r.Temporary), func(t TemporaryRow) bool { return t.Status != Failed }),
		Harm:      r.Harm,
	}}
	if len(e.Pages)+len(e.Temporary) == 0 && e.Harm == nil {
		return nil
	}
	return e
}

// Err joins the failures of all targets; nil if there is none. It is a
// *[PublishError].
func (r Result) Err() error {
	failed := slices.DeleteFunc(slices.Clone(r.Targets), func(t TargetResult) bool { return t.Err == nil })
	if len(failed) == 0 {
		return nil
	}
	return &PublishError{Targets: failed}
}

// PublishError means that not every tag was published. Its text says what is
// where.
type PublishError struct {
	// Targets are those that failed.
	Targets []TargetResult
}

func (e *PublishError) Error() string {
	parts := make([]string, 0, len(e.Targets))
	for _, t := range e.Targets {
		parts = append(parts, fmt.Sprintf("publishing to %s: %v (now: %s)", t.Repo, t.Err, where(t.Rows)))
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the failure of each target.
func (e *PublishError) Unwrap() []error {
	errs := make([]error, 0, len(e.Targets))
	for _, t := range e.Targets {
		errs = append(errs, t.Err)
	}
	return errs
}

// where says in a few words what each tag points at.
func where(rows []Row) string {
	parts := make([]string, 0, len(rows))
	for _, r := range rows {
		at := "absent"
		switch {
		case r.Unknown:
			at = "not known"
		case r.To != v1.Hash{}:
			at = "at " + r.To.Algorithm + ":" + r.To.Hex[:12]
		}
		parts = append(parts, fmt.Sprintf("%s %s (%s)", r.Tag, at, r.Status))
	}
	return strings.Join(parts, ", ")
}
