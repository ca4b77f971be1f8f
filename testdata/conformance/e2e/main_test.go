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

// image is the image under test, under the name that with-docker-login/action.yml gives it.
const image = "ghcr.io/polytag/polytag:main"

func TestMain(m *testing.M) {
	code, err := buildAndRun(context.Background(), m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// buildAndRun builds the image as act, Gitea and Forgejo do, with the classic builder.
func buildAndRun(ctx context.Context, m *testing.M) (code int, err error) {
	if docker, err = engine.Start(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, docker.Stop()) }()
	if err := docker.ImportBases(ctx, root); err != nil {
		return 1, err
	}
	if err := build(ctx, "0", "--tag="+image); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// build builds the Dockerfile, with BuildKit ("1") or the classic builder ("0").
func build(ctx context.Context, buildKit string, args ...string) error {
	cmd := docker.Command(ctx, append(append([]string{"build", "--network=host"}, args...), ".")...)
	cmd.Dir = root
	cmd.Env = append(cmd.Env, "DOCKER_BUILDKIT="+buildKit)
	return run(cmd)
}

// run runs a command; what it says is a part of the error.
func run(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
