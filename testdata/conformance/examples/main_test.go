// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..", "..")

// binary is the path of the program. TestMain sets it before the first test.
var binary string

func TestMain(m *testing.M) {
	if os.Getenv("EXAMPLES_DOCKER") != "" {
		if err := docker(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "docker:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(buildAndRun(m))
}

// buildAndRun builds the program in its own module, that is with the dependencies it is shipped with.
func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "polytag-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "polytag")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", binary, ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
