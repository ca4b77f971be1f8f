// SPDX-License-Identifier: Apache-2.0

// Package engine runs a private Docker engine for tests, Debian's, and has stand-ins for the base images that cannot be
// pulled where there is no network. It needs root, and what it cannot do is an error: nothing is skipped.
package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience bounds every wait for the engine.
const patience = 2 * time.Minute

// Engine is a Docker engine with data, a socket and even mounts of its own. Any number may run side by side. It has no
// network but the host's: containers want --network=host.
type Engine struct {
	// Docker is the path of the client that belongs to it.
	Docker string
	// Env holds the variables, as NAME=value, that lead a client to it.
	Env []string

	dir   string
	cmd   *exec.Cmd
	ended chan error // once, how the process ended
}

// script hides /etc/docker in the engine's mount namespace, for old engines write a key there, and gives it a file system
// that can hold overlays where the folder is itself on one, as in a container.
const script = `mkdir -p /etc/docker && mount -t tmpfs none /etc/docker
[ "$(stat -f -c %T "$1")" != overlayfs ] || mount -t tmpfs none "$1"
shift && exec "$@"`

// Start downloads and unpacks the engine's Debian packages, installing nothing, runs it and waits until it answers. The
// caller must [Engine.Stop] it.
func Start(ctx context.Context) (*Engine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a Docker engine can only be started by root: run this test as root")
	}
	dir, err := os.MkdirTemp("", "polytag-engine-")
	if err != nil {
		return nil, fmt.Errorf("starting a Docker engine: %w", err)
	}
	e := &Engine{
		Docker: filepath.Join(dir, "usr/bin/docker"),
		Env:    []string{"DOCKER_HOST=unix://" + filepath.Join(dir, "docker.sock"), "DOCKER_CONFIG=" + dir},
		dir:    dir,
		ended:  make(chan error, 1),
	}
	if err := e.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting a Docker engine: %w", err), e.Stop())
	}
	return e, nil
}

func (e *Engine) start(ctx context.Context) error {
	if err := unpack(ctx, e.dir, "docker.io", "containerd", "runc"); err != nil {
		return err
	}
	logs, err := os.Create(e.log())
	if err != nil {
		return err
	}
	defer logs.Close()
	config, data := filepath.Join(e.dir, "daemon.json"), filepath.Join(e.dir, "data")
	if err := os.WriteFile(config, []byte(`{"insecure-registries": ["127.0.0.0/8"]}`), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	bin, sbin := filepath.Join(e.dir, "usr/bin"), filepath.Join(e.dir, "usr/sbin")
	cmd := exec.Command("sh", "-c", script, "sh", data, filepath.Join(sbin, "dockerd"),
		"--config-file", config, "--host", "unix://"+filepath.Join(e.dir, "docker.sock"), "--pidfile", filepath.Join(e.dir, "pid"),
		"--data-root", data, "--exec-root", filepath.Join(e.dir, "exec"), "--storage-driver=overlay2",
		"--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--userland-proxy=false")
	cmd.Env = []string{"PATH=" + strings.Join([]string{sbin, bin, os.Getenv("PATH")}, ":"), "HOME=" + e.dir}
	cmd.Stdout, cmd.Stderr = logs, logs
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	e.cmd = cmd
	go func() { e.ended <- cmd.Wait() }()
	return e.ready(ctx)
}

func (e *Engine) log() string { return filepath.Join(e.dir, "log") }

// ready waits until the engine answers.
func (e *Engine) ready(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		if e.Command(ctx, "version").Run() == nil {
			return nil
		}
		why := errors.New("it does not answer")
		select {
		case <-tick.C:
			continue
		case why = <-e.ended:
			e.ended <- why
		case <-ctx.Done():
			why = ctx.Err()
		case <-deadline:
		}
		said, _ := os.ReadFile(e.log())
		return fmt.Errorf("%w\n%s", why, said)
	}
}

// Stop ends the engine, which ends its containerd, and removes all that it left.
func (e *Engine) Stop() error {
	var err error
	if e.cmd != nil {
		e.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-e.ended:
		case <-time.After(20 * time.Second):
			err = errors.New("the Docker engine did not stop, killing it")
			e.cmd.Process.Kill()
			<-e.ended
		}
	}
	return errors.Join(err, os.RemoveAll(e.dir))
}

// Command returns a run of the client. It sees the environment of the test, and what leads it to the engine.
func (e *Engine) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.Docker, args...)
	cmd.Env = append(os.Environ(), e.Env...)
	return cmd
}

// Run runs the client and returns what it wrote to its standard output, without the space around it. Its standard error is
// a part of the error.
func (e *Engine) Run(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return output(e.Command(ctx, args...))
}

// output runs a command and returns what it wrote to its standard output, without the space around it.
func output(cmd *exec.Cmd) (string, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(said.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// unpack downloads Debian packages and unpacks them into a folder.
func unpack(ctx context.Context, dir string, packages ...string) error {
	download := exec.CommandContext(ctx, "apt-get", append([]string{"download"}, packages...)...)
	download.Dir = dir
	if _, err := output(download); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if _, err := output(exec.CommandContext(ctx, "dpkg", "-x", deb, dir)); err != nil {
			return err
		}
	}
	return nil
}
