// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/polytag/polytag/testdata/conformance/program"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..", "..")

// binary is the path of the program, in a folder that holds nothing else. TestMain sets it before the first test.
var binary string

func TestMain(m *testing.M) { os.Exit(program.Main(m, root, &binary)) }
