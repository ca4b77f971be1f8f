// SPDX-License-Identifier: Apache-2.0

// Package report says what a release did, or will do: to a person at a terminal, on GitHub's page, and to other programs as
// outputs and JSON. All of them show one [Document], so that they cannot disagree.
//
// The package is pure: values in, text out. It knows no clock and no CI host, and passes on no text of a registry that could
// leave its place in a table, colour a terminal, or mention somebody.
package report

import (
	"time"

	"github.com/polytag/polytag/internal/release"
)

// Report is all that is known at the end of a run.
type Report struct {
	// Version is the version of the release; empty if it has none. It is known before there is a plan.
	Version string
	// Plan is what was to be done; zero if the run ended before there was one.
	Plan release.Plan
	// Result is what was done; nil if no tag was tried, as in a dry run.
	Result *release.Result
	// DryRun says that nothing was to be written.
	DryRun bool
	// Err is what the run ended with, the failure of Result included.
	Err error
	// Duration is how long the run took. Zero is not shown. Only a person sees it: nothing in the JSON differs between two
	// equal runs.
	Duration time.Duration
}

// Status is the outcome of a run in one word.
type Status string

// The outcomes of a run.
const (
	// Done: every tag is published and verified.
	Done Status = "done"
	// Planned: it was a dry run, and the release can be made.
	Planned Status = "planned"
	// Failed: not every tag is published.
	Failed Status = "failed"
	// Incomplete: every tag is published and verified, and what comes after that failed.
	Incomplete Status = "incomplete"
)

// Status sums the run up.
func (r Report) Status() Status {
	switch {
	case r.Err == nil && r.DryRun:
		return Planned
	case r.Result == nil || r.Result.Err() != nil:
		return Failed
	case r.Err != nil:
		return Incomplete
	default:
		return Done
	}
}
