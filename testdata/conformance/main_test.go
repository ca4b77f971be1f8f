// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/polytag/polytag/testdata/conformance/program"
)

// binary is the path of the program under test. TestMain sets it before the first test.
var binary string

func TestMain(m *testing.M) { os.Exit(program.Main(m, filepath.Join("..", ".."), &binary)) }
