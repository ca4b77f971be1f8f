// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	failure := errors.New("pushing")
	good, bad := result(release.TargetResult{}), result(release.TargetResult{Err: failure}, release.TargetResult{})
	for _, test := range []struct {
		name   string
		report report.Report
		want   report.Status
	}{
		{"released", report.Report{Result: good}, report.Done},
		{"a dry run", report.Report{DryRun: true}, report.Planned},
		{"a dry run that found an obstacle", report.Report{DryRun: true, Err: failure}, report.Failed},
		{"nothing tried", report.Report{Err: failure}, report.Failed},
		{"a target failed", report.Report{Result: bad, Err: bad.Err()}, report.Failed},
		{"a target failed, and nobody said so", report.Report{Result: bad}, report.Failed},
		{"something after the release failed", report.Report{Result: good, Err: failure}, report.Incomplete},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.report.Status(); got != test.want {
				t.Errorf("Status() = %q, want %q", got, test.want)
			}
		})
	}
}

// TestOutputsNames holds the names and their order, which action.yml promises, in every kind of run.
func TestOutputsNames(t *testing.T) {
	t.Parallel()
	want := []string{"digest", "image", "version", "tags", "tag_names", "platforms", "status", "result"}
	for _, s := range append(scenarios(), scenario{"zero", report.Report{}}) {
		var got []string
		for _, o := range report.Outputs(s.report) {
			got = append(got, o.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: Outputs() (-want +got):\n%s", s.name, diff)
		}
	}
}

// TestDryRunOutputs compares what a dry run says with what the release then says.
func TestDryRunOutputs(t *testing.T) {
	t.Parallel()
	did := first()
	planned := did
	planned.DryRun, planned.Result = true, nil
	for _, r := range did.Result.Targets[0].Rows {
		action := release.Create
		if r.Status == release.Moved {
			action = release.Move
		}
		planned.Plan.Targets[0].Tags = append(planned.Plan.Targets[0].Tags, tagPlan(r.Tag, r.Kind, action, r.From, ""))
	}
	want, got := report.Outputs(did), report.Outputs(planned)
	for i, o := range want {
		switch o.Name {
		case "status":
			want[i].Value = "planned"
		case "result": // it has actions rather than statuses
			want[i].Value = got[i].Value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Outputs() of a dry run (-release +dry run):\n%s", diff)
	}
}

// TestResult checks that the output and the file hold the same document, on one line and on many, and nothing that the exported
// types do not describe.
func TestResult(t *testing.T) {
	t.Parallel()
	for _, s := range append(scenarios(), scenario{"zero", report.Report{}}) {
		raw, err := report.JSON(s.report)
		if err != nil {
			t.Fatalf("%s: JSON(): %v", s.name, err)
		}
		outputs := report.Outputs(s.report)
		line := outputs[len(outputs)-1].Value
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("%s: the output has more than one line: %q", s.name, line)
		}
		want, got := decode(t, raw), decode(t, []byte(line))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the file and the output differ (-file +output):\n%s", s.name, diff)
		}
		if got.Schema != 1 {
			t.Errorf("%s: schema = %d, want 1", s.name, got.Schema)
		}
		if bytes.Contains(raw, []byte("null")) {
			t.Errorf("%s: JSON() has a null: %s", s.name, raw)
		}
	}
}

func decode(t *testing.T, raw []byte) report.Document {
	t.Helper()
	var d report.Document
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		t.Fatalf("decoding %s: %v", raw, err)
	}
	return d
}
