// SPDX-License-Identifier: Apache-2.0

package release

import (
	"errors"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/semtag"
)

// unlined reports whether nothing but our own memory says what the tag should
// be after a failure: literals, and floating tags that are forced.
func (p *publisher) unlined(t *tagState) bool {
	return t.Kind == semtag.Literal || (t.Kind == semtag.Floating && p.target.guard == nil)
}

// failed reports whether any tag is not what it should be.
func (p *publisher) failed() bool {
	for _, t := range p.tags {
		if p.row(t).Status == Failed {
			return true
		}
	}
	return false
}

// result sums a target up. settleErr is what kept settling from its end.
func (p *publisher) result(settleErr error) TargetResult {
	result := TargetResult{Repo: p.target.Repo, Released: p.released()}
	var errs []error
	for _, t := range p.tags {
		row := p.row(t)
		result.Rows = append(result.Rows, row)
		switch {
		case row.Status != Failed:
		case t == p.stopped || (p.stopped != nil && t.Action.Writes() && !t.written && t.err == nil):
			// stopErr says why, for all tags that come after it too
		case t.err != nil:
			errs = append(errs, t.err)
		case settleErr == nil:
			errs = append(errs, fmt.Errorf("verifying %s: %s", p.target.Repo.Tag(t.Name), row.Reason))
		}
	}
	if p.stopped != nil && p.failed() {
		errs = append([]error{p.stopErr}, errs...)
	}
	result.Err = errors.Join(append(errs, settleErr)...)
	return result
}

// row says what became of one tag.
func (p *publisher) row(t *tagState) Row {
	row := Row{Tag: t.Name, Kind: t.Kind, From: t.From, To: t.now, Unknown: !t.known}
	ours := t.known && t.now == p.ours()
	switch {
	case t.err != nil:
		row.Status, row.Reason = Failed, t.err.Error()
	case t.settled && ours && (p.unlined(t) || t.want != p.ours()):
		row.Status, row.Reason = Failed, "it was set back, and still points at this release"
	case t.settled && (p.unlined(t) || t.now == v1.Hash{} || (t.written && !p.released())):
		row.Status, row.By = RolledBack, t.owner
	case t.settled:
		row.Status, row.By = Settled, t.owner
	case t.guarded(p.target.guard) && ours && !p.released() && t.want != p.ours():
		row.Status, row.Reason = Failed, "it points at this release, which is not published"
	case t.guarded(p.target.guard) && !ours && t.known:
		row.Status, row.By, row.Reason = p.notOurs(t)
	case t.Action.Writes() && !t.written && !ours:
		row.Status, row.Reason = Failed, p.notWritten(t)
	case !t.known:
		row.Status, row.Reason = Failed, "what it points at could not be read"
	case !ours:
		row.Status, row.Reason = Failed, "it does not point at what was pushed"
	default:
		row.Status = p.written(t)
	}
	return row
}

// written is the status of a tag that has our digest.
func (p *publisher) written(t *tagState) Status {
	switch {
	case !t.written || t.From == p.ours():
		return Unchanged
	case t.From == v1.Hash{}:
		return Created
	default:
		return Moved
	}
}

// notOurs is the status of a guarded floating tag that is somewhere else.
func (p *publisher) notOurs(t *tagState) (status Status, by, reason string) {
	switch {
	case t.Action == Keep && t.owner != "":
		return Kept, t.owner, ""
	case !p.released() && t.written:
		return RolledBack, t.owner, ""
	case !p.released():
		return Failed, t.owner, p.notWritten(t)
	case t.owner == "" || p.publishes(t.owner):
		return Failed, "", "it does not point at what was pushed"
	default:
		return Superseded, t.owner, ""
	}
}

// notWritten is why a tag does not have our digest.
func (p *publisher) notWritten(t *tagState) string {
	switch p.stopped {
	case nil:
		return "it was not written"
	case t:
		return p.stopErr.Error()
	}
	return fmt.Sprintf("not written, because pushing stopped at %s", p.stopped.Name)
}

// publishes reports whether a tag is one of those that are published here.
func (p *publisher) publishes(tag string) bool {
	return slices.ContainsFunc(p.tags, func(t *tagState) bool { return t.Name == tag })
}
