// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
)

// trial is a release with a failure, and what came of it.
type trial struct {
	rehearsal
	failure
	point
	outcome

	registries    map[string]*registrytest.Registry
	before, after map[string]string // states
	took          time.Duration     // from the start, or from the cancellation
}

func (x trial) errorf(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Errorf("%s, %s at %s: %s", x.name, x.way, x.point, fmt.Sprintf(format, args...))
}

// check proves what must be true whatever fails:
//
//   - a failure that is worth another try changes nothing;
//   - the exit status is 0 or 1, and 0 only if everything is as it should be; 1 comes with an error and a hint; a release that was
//     cancelled before it wrote anything exits with 130;
//   - it ends 30 s after its time is over, and 5 s after it was cancelled, at the latest;
//   - what is copied is in every target, whole, before a tag moves in any;
//   - no tag names a manifest that is not there, no source is touched, an exact tag has its one digest or is not there;
//   - each floating tag is where the exact tags say, or, if its registry could not be written to or read any more, where it was before or at
//     our digest, never at a lower version than before, and the result says so;
//   - the result says of each tag what is really there, or that it is unknown, if the registry could not be read any more.
func (x trial) check(t *testing.T) {
	t.Helper()
	done := x.same(x.after, x.want)
	switch {
	case x.status == action.ExitInterrupted && x.cancel:
		if !maps.Equal(withoutSignatures(x.after), withoutSignatures(x.before)) {
			x.errorf(t, "exit status 130, but there is %v, want %v as before", x.after, x.before)
		}
	case x.status != 0 && x.status != 1:
		x.errorf(t, "exit status %d, want 0 or 1\n%s", x.status, x.stderr)
	case x.status == 0 && !done:
		x.errorf(t, "exit status 0 with %v, want %v", x.after, x.want)
	case x.status == 1 && !strings.Contains(x.stderr, "error: "):
		x.errorf(t, "want an error, got %q", x.stderr)
	case x.status == 1 && len(rows(x.outcome.result)) > 0 && !strings.Contains(x.stderr, "hint: "):
		x.errorf(t, "want a hint, got %q", x.stderr)
	case (x.status == 0) != (x.outcome.result.Status == report.Done):
		x.errorf(t, "exit status %d, and the result says %s", x.status, x.outcome.result.Status)
	}
	x.checkTime(t)
	if x.harmless(x.request) {
		if x.status != 0 {
			x.errorf(t, "exit status %d, want 0 as without a fault\n%s", x.status, x.stderr)
		} else if got, want := rows(x.outcome.result), rows(x.rehearsal.result); !maps.Equal(got, want) {
			x.errorf(t, "the result is %v, want %v as without a fault", got, want)
		}
	}
	if x.from != "" {
		x.checkCopies(t)
	}
	for _, h := range x.names() {
		x.checkTags(t, h)
		x.checkRows(t, h)
	}
}

// checkTime looks at how long it took.
func (x trial) checkTime(t *testing.T) {
	t.Helper()
	const hint = "hint: the run took longer than the input timeout allows"
	timeout := cmp.Or(x.timeout, 30*time.Minute)
	most := timeout + 30*time.Second
	if x.cancel {
		most = 5 * time.Second
	}
	switch {
	case x.took > most:
		x.errorf(t, "it took %s, want %s at most\n%s", x.took, most, x.stderr)
	case x.status == 1 && x.took >= timeout && !strings.Contains(x.stderr, hint):
		x.errorf(t, "want %q, got %q", hint, x.stderr)
	}
}

// checkTags looks at the tags of one registry.
func (x trial) checkTags(t *testing.T, h string) {
	t.Helper()
	before, after, want := tagsOf(x.before, h), tagsOf(x.after, h), tagsOf(x.want, h)
	ours := want[x.version]
	for _, tag := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(names(before), names(after), names(want))))) {
		got := after[tag]
		if _, _, ok := x.registries[h].Manifest(repo, got); got != "" && !ok {
			x.errorf(t, "%s:%s names %s, which is not there", h, tag, got)
		}
		switch {
		case isSignature(tag): // which comes before the rest
			if got != "" && got != want[tag] {
				x.errorf(t, "%s:%s is at %s, want %s", h, tag, got, want[tag])
			}
		case isFloating(tag) && find(x.rehearsal.result, h, tag).Tag != "":
			x.checkFloating(t, h, tag)
		case want[tag] == before[tag]:
			if got != want[tag] {
				x.errorf(t, "%s:%s was touched: %s, want %s", h, tag, got, want[tag])
			}
		case got != before[tag] && got != ours:
			x.errorf(t, "%s:%s is at %s, want ours or what it was", h, tag, got)
		case tag != x.version && got != before[tag] && x.status == 1 && !x.excused(h) && x.timeout == 0:
			x.errorf(t, "%s:%s is at %s after a failure, want it rolled back to %q", h, tag, got, before[tag])
		}
	}
}

// checkFloating looks at one floating tag.
func (x trial) checkFloating(t *testing.T, h, tag string) {
	t.Helper()
	before, after, ours := tagsOf(x.before, h), tagsOf(x.after, h), tagsOf(x.want, h)[x.version]
	got, top := after[tag], owner(names(after), tag)
	should := after[top]
	if top == "" {
		should = before[tag]
	}
	if got == should {
		return
	}
	row := find(x.outcome.result, h, tag)
	switch {
	case got != before[tag] && got != ours:
		x.errorf(t, "%s:%s is at %s, which it has never been", h, tag, got)
	case got == ours && top != "" && slices.Compare(numbers(top), numbers(x.version)) > 0:
		x.errorf(t, "%s:%s moved backwards to %s", h, tag, x.version)
	case x.options.Delete == registrytest.DeleteNothing && before[tag] == "":
		// it cannot be taken back
	case !x.excused(h):
		x.errorf(t, "%s:%s is at %q, want %q: %s has it\n%s%s", h, tag, got, should, top, x.stdout, x.stderr)
	}
	if row.To == "" && x.denies() {
		return
	}
	if x.status == 0 || len(x.outcome.result.Targets) > 0 && row.Status != release.Failed && !row.Unknown {
		x.errorf(t, "%s:%s is not where it should be; exit status %d and %+v do not say so", h, tag, x.status, row)
	}
}

// excused reports whether the registry went on failing, so that it could not be put in order.
func (x trial) excused(h string) bool { return !x.once && h == x.host }

// denies reports whether the registry said of things that they are not there.
func (x trial) denies() bool { return x.fault.Status == http.StatusNotFound }

// checkRows compares the result with the registry.
func (x trial) checkRows(t *testing.T, h string) {
	t.Helper()
	after, before := tagsOf(x.after, h), tagsOf(x.before, h)
	for _, target := range x.outcome.result.Targets {
		if target.Repository != h+"/"+repo {
			continue
		}
		for _, row := range target.Tags {
			switch {
			case row.Unknown && x.status == 0:
				x.errorf(t, "%s:%s is unknown in a result that is done", h, row.Tag)
			case row.Unknown && x.isWriteOnly():
				x.errorf(t, "%s:%s is unknown, though it could be read", h, row.Tag)
			case row.Unknown:
			case row.To == "" && x.denies() && x.excused(h):
			case row.To != after[row.Tag]:
				x.errorf(t, "%s:%s is at %q, the result says %q (%s)", h, row.Tag, after[row.Tag], row.To, row.Status)
			case row.From != before[row.Tag] && (row.From != "" || !x.denies()):
				x.errorf(t, "%s:%s was at %q, the result says %q (%s)", h, row.Tag, before[row.Tag], row.From, row.Status)
			case row.Status == release.Created || row.Status == release.Moved || row.Status == release.Unchanged:
				if row.To != x.outcome.result.Digest {
					x.errorf(t, "%s:%s is %s, but at %s", h, row.Tag, row.Status, row.To)
				}
			case row.Status == release.RolledBack:
				if top := owner(names(after), row.Tag); row.To != before[row.Tag] && (top == "" || row.To != after[top]) {
					x.errorf(t, "%s:%s is %s, but at %s", h, row.Tag, row.Status, row.To)
				}
			case row.Status == release.Failed && row.Reason == "":
				x.errorf(t, "%s:%s failed without a reason", h, row.Tag)
			}
		}
	}
}

// isWriteOnly reports whether only writes failed.
func (x trial) isWriteOnly() bool {
	return x.failure.match != nil && x.failure.match(registrytest.Request{Method: http.MethodPut})
}

// rows are the statuses of all tags.
func rows(d report.Document) map[string]string {
	out := map[string]string{}
	for _, target := range d.Targets {
		for _, row := range target.Tags {
			out[target.Repository+":"+row.Tag] = string(row.Status) + " " + row.To
		}
	}
	return out
}

// find returns the row of a tag.
func find(d report.Document, h, tag string) report.Tag {
	for _, target := range d.Targets {
		if i := slices.IndexFunc(target.Tags, func(row report.Tag) bool { return row.Tag == tag }); i >= 0 && target.Repository == h+"/"+repo {
			return target.Tags[i]
		}
	}
	return report.Tag{}
}
