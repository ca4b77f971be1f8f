// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polytag/polytag/testdata/conformance/engine"
)

// What every test runs. TestMain sets them before the first test.
var (
	docker *engine.Engine
	// root is the folder of the repository.
	root = filepath.Join("..", "..", "..")
)

// image is the image under test, under the name that with-docker-login/action.yml gives it on main.
const image = "ghcr.io/polytag/polytag:main"

func TestMain(m *testing.M) {
	code, err := buildAndRun(context.Background(), m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun builds the image with BuildKit, as a release does. TestAct does it with the classic builder.
func buildAndRun(ctx context.Context, m *testing.M) (code int, err error) {
	if docker, err = engine.Start(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, docker.Stop()) }()
	if err := docker.ImportBases(ctx, root); err != nil {
		return 1, err
	}
	if err := run(build(ctx, "--tag="+image, "--build-arg=REVISION="+revision, ".")); err != nil {
		return 1, err
	}
	if err := keepCache(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// keepCache puts what Go has compiled for the image into the stand-in for Go's, where the classic builder, which has no cache
// mounts, finds it. It compiles nothing itself.
func keepCache(ctx context.Context) error {
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		return err
	}
	cmd := build(ctx, "--target=cache", "--tag="+engine.Golang, "--file=-", ".")
	cmd.Stdin = strings.NewReader(string(dockerfile) + "\nFROM build AS cache\nRUN rm -rf /polytag /src\n")
	return run(cmd)
}

// build returns a build with BuildKit in the folder of the repository.
func build(ctx context.Context, args ...string) *exec.Cmd {
	cmd := docker.Command(ctx, append([]string{"build", "--network=host", "--progress=plain"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(cmd.Env, "DOCKER_BUILDKIT=1")
	return cmd
}

// run runs a command; what it says is a part of the error.
func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// inDocker runs the client of the engine and returns what it wrote.
func inDocker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := docker.Run(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
