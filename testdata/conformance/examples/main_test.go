// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/polytag/polytag/testdata/conformance/program"
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
	os.Exit(program.Main(m, root, &binary))
}
