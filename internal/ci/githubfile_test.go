// SPDX-License-Identifier: Apache-2.0

package ci_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/ci"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGitHubOutputs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "set_output")
	if err := os.WriteFile(path, []byte("earlier=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	host := github(env{"GITHUB_OUTPUT": path}, io.Discard)
	outs := []ci.Output{{"digest", "sha256:abc"}, {"tags", "a:1\na:1.2"}, {"version", ""}}
	if err := host.SetOutputs(outs); err != nil {
		t.Fatal(err)
	}
	delimiter := regexp.MustCompile(`ghadelimiter_[A-Z2-7]{26}`)
	got := readFile(t, path)
	want := "earlier=1\ndigest<<EOF\nsha256:abc\nEOF\ntags<<EOF\na:1\na:1.2\nEOF\nversion<<EOF\n\nEOF\n"
	if diff := cmp.Diff(want, delimiter.ReplaceAllString(got, "EOF")); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	used := map[string]int{}
	for _, d := range delimiter.FindAllString(got, -1) {
		used[d]++
	}
	if len(used) != len(outs) {
		t.Errorf("delimiters = %v, want one of its own for each output", used)
	}
}

func TestGitHubOutputNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a=b", "a<<b", "a\nb", "a b", "1a", "-a", "ä"} {
		path := filepath.Join(t.TempDir(), "set_output")
		err := github(env{"GITHUB_OUTPUT": path}, io.Discard).SetOutputs([]ci.Output{{"good", "1"}, {name, "2"}})
		if err == nil {
			t.Errorf("SetOutputs(%q) = nil, want an error", name)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("SetOutputs(%q) wrote %q", name, readFile(t, path))
		}
	}
}

func TestGitHubWithoutFiles(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	host := github(nil, &log)
	if err := host.SetOutputs([]ci.Output{{"digest", "x"}}); err != nil {
		t.Errorf("SetOutputs = %v, want nil", err)
	}
	if err := host.WriteSummary("# Title"); err != nil {
		t.Errorf("WriteSummary = %v, want nil", err)
	}
	if log.Len() != 0 {
		t.Errorf("log = %q, want nothing", log.String())
	}
}

func TestGitHubFileErrors(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing", "file")
	host := github(env{"GITHUB_OUTPUT": missing, "GITHUB_STEP_SUMMARY": missing}, io.Discard)
	if err := host.SetOutputs([]ci.Output{{"digest", "x"}}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("SetOutputs = %v, want that there is no such file", err)
	}
	if err := host.WriteSummary("# Title"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteSummary = %v, want that there is no such file", err)
	}
	if err := host.SetOutputs(nil); err != nil {
		t.Errorf("SetOutputs(nil) = %v, want nil", err)
	}
	if err := host.WriteSummary(""); err != nil {
		t.Errorf("WriteSummary(\"\") = %v, want nil", err)
	}
}

func TestGitHubSummary(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "step_summary")
	host := github(env{"GITHUB_STEP_SUMMARY": path}, io.Discard)
	for _, s := range []string{"# Title", "| a |\n"} {
		if err := host.WriteSummary(s); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := readFile(t, path), "# Title\n| a |\n"; got != want {
		t.Errorf("summary = %q, want %q", got, want)
	}
}

func TestGitHubSummaryIsCut(t *testing.T) {
	t.Parallel()
	const (
		mib  = 1 << 20
		note = "\n_Cut here: a job summary holds 1 MiB._\n"
	)
	line := strings.Repeat("x", 99) + "\n"
	tests := map[string]struct {
		before, markdown string
		cut              bool
	}{
		"just below":        {"", strings.Repeat("x", mib-2), false},
		"one too many":      {"", strings.Repeat("x", mib-1), true},
		"many lines":        {"", strings.Repeat(line, mib/50), true},
		"after another":     {strings.Repeat("y", mib/2), strings.Repeat(line, mib/150), true},
		"beside another":    {strings.Repeat("y", mib/2), strings.Repeat(line, mib/250), false},
		"line without room": {"", "first\n" + strings.Repeat("x", 2*mib), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "step_summary")
			if err := os.WriteFile(path, []byte(tt.before), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := github(env{"GITHUB_STEP_SUMMARY": path}, io.Discard).WriteSummary(tt.markdown); err != nil {
				t.Fatal(err)
			}
			got := readFile(t, path)
			if len(got) >= mib {
				t.Errorf("summary has %d bytes, want less than %d", len(got), mib)
			}
			added, ok := strings.CutPrefix(got, tt.before)
			kept, cut := strings.CutSuffix(added, note)
			if !ok || cut != tt.cut {
				t.Fatalf("cut = %t after what was there before: %t, want %t, true", cut, ok, tt.cut)
			}
			if cut && (!strings.HasPrefix(tt.markdown, kept) || kept != "" && !strings.HasSuffix(kept, "\n")) {
				t.Errorf("summary was not cut at the end of a line: …%q", kept[max(0, len(kept)-20):])
			}
		})
	}
}

// TestGitHubSummaryIsFull leaves a file alone in which not even the note has room.
func TestGitHubSummaryIsFull(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1<<20 - 20, 1 << 20, 2 << 20} {
		path := filepath.Join(t.TempDir(), "step_summary")
		if err := os.WriteFile(path, bytes.Repeat([]byte("y"), size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := github(env{"GITHUB_STEP_SUMMARY": path}, io.Discard).WriteSummary("# A title of some length\n"); err != nil {
			t.Fatal(err)
		}
		if got := len(readFile(t, path)); got != size {
			t.Errorf("summary of %d bytes has %d now", size, got)
		}
	}
}

// FuzzGitHubOutputs checks that what the runner reads is what was set, whatever the values hold.
func FuzzGitHubOutputs(f *testing.F) {
	for _, s := range []string{
		"", "\n", "sha256:abc", "a\nb\n", "a\r\nb", "x\n_GitHubActionsFileCommandDelimeter_\ndigest<<_\nevil", "ghadelimiter_\nname=evil", "a<<b\nc\nb",
	} {
		f.Add(s, "second")
		f.Add("first", s)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		path := filepath.Join(t.TempDir(), "set_output")
		outs := []ci.Output{{"digest", first}, {"tag-names", second}, {"status", "done"}}
		if err := github(env{"GITHUB_OUTPUT": path}, io.Discard).SetOutputs(outs); err != nil {
			t.Fatal(err)
		}
		names, values, err := parseOutputs(readFile(t, path))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"digest", "tag-names", "status"}, names); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{first, second, "done"}, values); diff != "" {
			t.Errorf("values (-want +got):\n%s", diff)
		}
	})
}
