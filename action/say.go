// SPDX-License-Identifier: Apache-2.0

package action

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/report"
)

// showPlan prints what will be done.
func (r *run) showPlan(title string) {
	end := r.host.Group(title)
	defer end()
	report.WritePlan(r.host.Text(), r.report.Plan, r.command.Terminal)
	for _, notice := range r.report.Plan.Notices {
		r.host.Annotate(ci.Notice, "polytag", oneLine(notice))
	}
}

// say reports what was done, everywhere it was asked for, and returns the
// failure of the release or else of the reporting.
func (r *run) say() error {
	r.report.Duration = time.Since(r.started)
	report.WriteResult(r.host.Text(), r.report, r.command.Terminal)
	outputs := make([]ci.Output, 0, 8)
	for _, o := range report.Outputs(r.report) {
		outputs = append(outputs, ci.Output(o))
	}
	err := errors.Join(
		r.report.Err,
		r.host.SetOutputs(outputs),
		r.host.WriteSummary(report.Summary(r.report)),
		r.writeJSON(),
		r.writeSummary(),
		r.writeDotenv(outputs),
		r.writeResults(outputs),
	)
	if err != nil && r.report.Result != nil && r.report.Result.Err() == nil {
		return &unfinishedError{err}
	}
	return err
}

// unfinishedError means that the release is published and verified, and that
// something after that failed.
type unfinishedError struct{ err error }

func (e *unfinishedError) Error() string { return e.err.Error() }

func (e *unfinishedError) Unwrap() error { return e.err }

func (r *run) writeJSON() error {
	if r.in.json == "" {
		return nil
	}
	raw, err := report.JSON(r.report)
	if err != nil {
		return fmt.Errorf("making the result: %w", err)
	}
	if err := os.WriteFile(r.in.json, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // a result that others read
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

func (r *run) writeSummary() error {
	if r.in.summary == "" {
		return nil
	}
	if err := os.WriteFile(r.in.summary, []byte(report.Summary(r.report)), 0o644); err != nil { //nolint:gosec // a report that others read
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

func (r *run) writeDotenv(outputs []ci.Output) error {
	if r.in.dotenv == "" {
		return nil
	}
	f, err := os.Create(r.in.dotenv)
	if err != nil {
		return fmt.Errorf("writing the dotenv report: %w", err)
	}
	err = ci.WriteDotenv(f, dotenvPrefix, outputs)
	if dropped, ok := errors.AsType[*ci.DroppedError](err); ok {
		r.host.Annotate(ci.Warning, "polytag", dropped.Error()+"; json has everything")
		err = nil
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the dotenv report: %w", err)
	}
	return nil
}

// dotenvPrefix stands before every name in a dotenv report.
const dotenvPrefix = "POLYTAG_"

func (r *run) writeResults(outputs []ci.Output) error {
	if r.in.results == "" {
		return nil
	}
	if err := ci.WriteResults(r.in.results, outputs); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	return nil
}
