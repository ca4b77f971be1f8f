// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden holds everything that is said of a run in one file, to be read in review.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			golden(t, s.name, everything(t, s.report))
		})
	}
}

func everything(t *testing.T, r report.Report) string {
	t.Helper()
	var b strings.Builder
	if len(r.Plan.Images) > 0 {
		fmt.Fprint(&b, "==== plan\n")
		report.WritePlan(&b, r.Plan, false)
	}
	fmt.Fprint(&b, "==== result\n")
	report.WriteResult(&b, r, false)
	fmt.Fprintf(&b, "==== summary\n%s", report.Summary(r))
	fmt.Fprint(&b, "==== outputs\n")
	for _, o := range report.Outputs(r) {
		if o.Name != "result" { // it is the JSON below
			fmt.Fprintf(&b, "%s=%s\n", o.Name, strings.ReplaceAll(o.Value, "\n", "\n  "))
		}
	}
	raw, err := report.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "==== JSON\n%s\n", raw)
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if it should, rewrite it with -update (-want +got):\n%s", path, diff)
	}
}
