// SPDX-License-Identifier: Apache-2.0

package ci_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/ci"
)

func TestWriteResults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "digest"), []byte("of an earlier, longer run"), 0o600); err != nil {
		t.Fatal(err)
	}
	outs := []ci.Output{{"digest", "sha256:abc"}, {"tags", "a:1\na:1.2\n"}, {"version", ""}}
	if err := ci.WriteResults(dir, outs); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		got[e.Name()] = readFile(t, filepath.Join(dir, e.Name()))
	}
	want := map[string]string{"digest": "sha256:abc", "tags": "a:1\na:1.2", "version": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestWriteResultsErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := ci.WriteResults(filepath.Join(dir, "missing"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteResults(missing) = %v, want %v", err, fs.ErrNotExist)
	}
	for _, name := range []string{"", ".", "..", "../up", "a/b", "/abs"} {
		if err := ci.WriteResults(dir, []ci.Output{{name, "x"}}); err == nil {
			t.Errorf("WriteResults(%q) = nil, want an error", name)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "tags"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := ci.WriteResults(dir, []ci.Output{{"tags", "x"}, {"digest", "y"}}); err == nil {
		t.Error("WriteResults over a folder = nil, want an error")
	}
	if got := readFile(t, filepath.Join(dir, "digest")); got != "y" {
		t.Errorf("digest = %q, want %q, beside the failure of another", got, "y")
	}
}
