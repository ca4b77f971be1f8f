// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polytag/polytag/testdata/conformance/program"
)

var (
	layerMiB = flag.Int64("layer", 128, "the `MiB` of a layer in BenchmarkCopy and BenchmarkAgain")
	away     = flag.Duration("away", 50*time.Millisecond, "how far away the registries are in BenchmarkLatency and BenchmarkAgain")
	before   = flag.String("before", "", "the `path` of another build of the program to measure beside it")
)

// current is the path of the program under test. TestMain sets it before the first test.
var current string

func TestMain(m *testing.M) { os.Exit(program.Main(m, filepath.Join("..", "..", ".."), &current)) }

// lookPath returns the path of a program that a Debian package brings.
func lookPath(tb testing.TB, name string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		tb.Fatalf("%v: apt-get install %s", err, name)
	}
	return path
}

// goTool returns the path of a program that go.mod pins as a tool, built if it has to be.
func goTool(tb testing.TB, name string) string {
	tb.Helper()
	out, err := exec.Command("go", "tool", "-n", name).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		tb.Fatalf("building %s: %v\n%s", name, err, exit.Stderr)
	}
	if err != nil {
		tb.Fatalf("building %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}
