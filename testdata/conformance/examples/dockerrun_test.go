// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"path/filepath"
	"testing"
)

// dockerRunJobs runs the script as its comment says, after somebody has pushed two images.
func dockerRunJobs(t *testing.T, p pipeline) []job {
	t.Helper()
	script := filepath.Join(t.TempDir(), "release.sh")
	if err := os.WriteFile(script, []byte(p.text), 0o755); err != nil {
		t.Fatal(err)
	}
	return []job{
		pushed(p.image, "linux/amd64", "12be34-linux-amd64"),
		pushed(p.image, "linux/arm64", "12be34-linux-arm64"),
		{name: "release.sh", command: []string{script, gitTag, "12be34"}, env: with(secrets(), map[string]string{"IMAGE": p.image})},
	}
}
