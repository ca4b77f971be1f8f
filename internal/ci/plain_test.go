// SPDX-License-Identifier: Apache-2.0

package ci_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/ci"
)

// perform does one of everything that a host can do.
func perform(t *testing.T, host ci.Host) {
	t.Helper()
	host.Mask("s3cret")
	end := host.Group("Publish\r\nnow")
	time.Sleep(90 * time.Second)
	fmt.Fprint(host.Text(), "::error::as it is")
	host.Annotate(ci.Notice, "", "100 %d")
	host.Annotate(ci.Warning, "title", "one\ntwo")
	end()
	host.Group("Report")()
	host.Annotate(ci.Error, "", "bad")
	fmt.Fprintln(host.Escape(host.Text()), "##[group]as it is")
	if err := host.SetOutputs([]ci.Output{{"not a name", "x"}}); err != nil {
		t.Errorf("SetOutputs = %v, want nil", err)
	}
	if err := host.WriteSummary("# Title"); err != nil {
		t.Errorf("WriteSummary = %v, want nil", err)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		dir := t.TempDir()
		perform(t, ci.Detect(env{
			"GITHUB_ACTIONS":      "false",
			"GITHUB_OUTPUT":       filepath.Join(dir, "outputs"),
			"GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
		}.get, &log))
		want := "Publish now\n" +
			"::error::as it is\n" +
			"notice: 100 %d\n" +
			"warning: title: one\n  two\n" +
			"Report\n" +
			"error: bad\n" +
			"##[group]as it is\n"
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("files = %v, %v, want none", entries, err)
		}
	})
}

func TestGitLab(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // whose clock starts at 946684800
		var log strings.Builder
		perform(t, ci.Detect(env{"GITLAB_CI": "true", "CI": "true"}.get, &log))
		want := "\x1b[0Ksection_start:946684800:polytag_1[collapsed=true]\r\x1b[0KPublish now\n" +
			"::error::as it is\n" +
			"notice: 100 %d\n" +
			"warning: title: one\n  two\n" +
			"\x1b[0Ksection_end:946684890:polytag_1\r\x1b[0K\n" +
			"\x1b[0Ksection_start:946684890:polytag_2[collapsed=true]\r\x1b[0KReport\n" +
			"\x1b[0Ksection_end:946684890:polytag_2\r\x1b[0K\n" +
			"error: bad\n" +
			"##[group]as it is\n"
		if diff := cmp.Diff(want, log.String()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}
