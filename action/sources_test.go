// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polytag/polytag/action"
)

// TestDigestsFolder reads folders that hold no digest: every one is an error
// that says what is there instead.
func TestDigestsFolder(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files []string
		want  string
	}{
		"empty":        {nil, "the folder is empty"},
		"hidden files": {[]string{".gitkeep"}, "the folder holds no file of a digest"},
		"artifacts in folders of their own": {
			[]string{"digests-linux-amd64/" + hex, "digests-linux-arm64/" + hex},
			"the folder holds no file of a digest, only folders, such as \"digests-linux-amd64\"; actions/download-artifact puts all files into one folder with merge-multiple: true",
		},
		"one without its folder": {[]string{hex, "digests-linux-arm64/" + hex}, ""},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range tt.files {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := action.Parse(nil, environment("INPUT_IMAGES=registry.example/acme/app", "INPUT_GIT_TAG=v1.2.3", "INPUT_DIGESTS="+dir))
			if (err != nil) != (tt.want != "") || err != nil && !strings.HasSuffix(err.Error(), ": "+tt.want) {
				t.Errorf("digests of %v: %v, want %q", tt.files, err, tt.want)
			}
		})
	}
}
