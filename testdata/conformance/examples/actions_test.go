// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push does what docker/build-push-action does, by digest, and returns the digest.
func push(t *testing.T, inputs map[string]string) string {
	t.Helper()
	if inputs["outputs"] != "type=image,push-by-digest=true,name-canonical=true,push=true" {
		t.Errorf("outputs of the build = %q, want a push by digest", inputs["outputs"])
	}
	repository, err := name.NewRepository(inputs["tags"])
	if err != nil {
		t.Fatal(err)
	}
	content, err := image([]string{inputs["platforms"]})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := content.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Push(repository.Digest(digest.String()), content, remote.WithAuth(&login), remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// upload keeps the names of files, which are empty here.
func (m *machine) upload(t *testing.T, inputs map[string]string) {
	t.Helper()
	files, err := filepath.Glob(inputs["path"])
	if err != nil || len(files) == 0 {
		t.Fatalf("no files to upload: %v", err)
	}
	if m.trial.artifacts[inputs["name"]] != nil {
		t.Errorf("artifact %s is there already", inputs["name"])
	}
	for _, file := range files {
		m.trial.artifacts[inputs["name"]] = append(m.trial.artifacts[inputs["name"]], filepath.Base(file))
	}
}

func (m *machine) download(t *testing.T, inputs map[string]string) {
	t.Helper()
	dir := filepath.Join(m.workspace, inputs["path"])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for artifact, files := range m.trial.artifacts {
		if matches, err := filepath.Match(inputs["pattern"], artifact); err != nil || !matches {
			continue
		}
		for _, file := range files {
			if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
