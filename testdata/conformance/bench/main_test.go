// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var (
	layerMiB = flag.Int64("layer", 128, "the `MiB` of a layer in BenchmarkCopy and BenchmarkAgain")
	before   = flag.String("before", "", "the `path` of another build of the program to measure beside it")
)

// program is the path of the program under test. TestMain sets it before the first test.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(buildAndRun(m))
}

// buildAndRun builds the program as it is shipped.
func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "polytag-bench-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "polytag")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, ".")
	build.Dir = filepath.Join("..", "..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// lookPath returns the path of a program that a Debian package brings.
func lookPath(tb testing.TB, program string) string {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		tb.Fatalf("%v: apt-get install %s", err, program)
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
