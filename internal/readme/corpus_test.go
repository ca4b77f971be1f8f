// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/readme"
)

var update = flag.Bool("update", false, "write the golden files of the corpus")

// Each folder of the corpus holds a README.md, and what it becomes on Docker Hub: page.md, and notices.txt if there are
// any.
func TestCorpus(t *testing.T) {
	t.Parallel()

	github := readme.Source{Repository: "https://github.com/acme/app", Ref: "v1.2.3", Host: readme.GitHub}
	sources := map[string]readme.Source{
		"arabic-russian": github,
		"badges":         github,
		"chinese":        github,
		"gitlab":         {Repository: "https://gitlab.example.com/acme/tools/app", Ref: "v1.2.3", Path: "docs/image.md", Host: readme.GitLab},
		"header":         github,
		"lists":          github,
		"long-fence":     github,
		"long-table":     github,
		"monorepo":       {Repository: "https://github.com/acme/acme", Ref: "api/v1.2.3", Path: "services/api/README.md", Host: readme.GitHub},
		"plain-host":     {Repository: "https://git.example.org/acme/app", Ref: "v1.2.3"},
		"references":     github,
		"tables":         github,
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			folder := filepath.Join("testdata", "corpus", name)
			markdown, err := os.ReadFile(filepath.Join(folder, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			limits := readme.Limits{Full: 25000, Short: 100}
			page, err := readme.Convert(markdown, "", source, limits)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(folder, "page.md"), page.Full)
			notices := strings.Join(page.Notices, "\n")
			if notices != "" {
				notices += "\n"
			}
			golden(t, filepath.Join(folder, "notices.txt"), notices)

			if len(page.Full) > limits.Full || page.Truncated != strings.HasPrefix(name, "long-") {
				t.Errorf("Full has %d bytes, Truncated = %v", len(page.Full), page.Truncated)
			}
			again, err := readme.Convert([]byte(page.Full), page.Short, source, limits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(page.Full, again.Full); diff != "" {
				t.Errorf("converting again changes it (-once +twice):\n%s", diff)
			}
		})
	}

	folders, err := os.ReadDir(filepath.Join("testdata", "corpus"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if _, ok := sources[folder.Name()]; !ok {
			t.Errorf("no test for the corpus's %s", folder.Name())
		}
	}
}

// golden compares got with a file, or writes it. An empty text has no file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if got == "" {
			return
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
