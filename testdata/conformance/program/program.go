// SPDX-License-Identifier: Apache-2.0

// Package program builds the program under test.
package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Main builds the program whose module is in the folder root, sets path, runs the tests, and removes what it built. The folder of the
// program holds nothing else. It returns the exit status:
//
//	func TestMain(m *testing.M) { os.Exit(program.Main(m, root, &binary)) }
func Main(m *testing.M, root string, path *string) int {
	dir, err := os.MkdirTemp("", "polytag-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	*path = filepath.Join(dir, "polytag")
	if err := Build(context.Background(), root, *path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build builds the program in its own module, that is with the dependencies that it is shipped with, and as the Dockerfile does without a
// version: the bytes are those of the program in the image.
func Build(ctx context.Context, root, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version=", "-o", path, ".")
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}
