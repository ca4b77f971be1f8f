// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// engine is a Docker engine of the test's own: its data, its socket and even its mounts vanish with the test.
type engine struct {
	docker string   // the client that belongs to it
	env    []string // that leads the client to it
}

// engineScript hides /etc/docker in the engine's mount namespace, for old engines write a key there.
const engineScript = `mkdir -p /etc/docker && mount -t tmpfs none /etc/docker && exec "$@"`

// startEngine downloads and unpacks the engine's Debian packages, installing nothing, and runs it.
func startEngine(t *testing.T) engine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("a Docker engine can only be started by root: run this test as root")
	}
	dir := t.TempDir()
	unpack(t, dir, "docker.io", "containerd", "runc")

	bin, sbin := filepath.Join(dir, "usr/bin"), filepath.Join(dir, "usr/sbin")
	socket := "unix://" + filepath.Join(dir, "docker.sock")
	logs, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	writeFile(t, filepath.Join(dir, "daemon.json"), `{"insecure-registries": ["127.0.0.0/8"]}`)
	cmd := exec.Command("sh", "-c", engineScript, "sh", filepath.Join(sbin, "dockerd"),
		"--config-file", filepath.Join(dir, "daemon.json"), "--host", socket, "--pidfile", filepath.Join(dir, "pid"),
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"), "--storage-driver=vfs",
		"--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--userland-proxy=false")
	cmd.Env = []string{"PATH=" + strings.Join([]string{sbin, bin, os.Getenv("PATH")}, ":"), "HOME=" + dir}
	cmd.Stdout, cmd.Stderr = logs, logs
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { stop(t, cmd.Process, ended) })

	e := engine{docker: filepath.Join(bin, "docker"), env: []string{"DOCKER_HOST=" + socket, "DOCKER_CONFIG=" + dir}}
	e.ready(t, ended, logs.Name())
	return e
}

// unpack downloads Debian packages and unpacks them into a folder.
func unpack(t *testing.T, dir string, packages ...string) {
	t.Helper()
	download := exec.CommandContext(t.Context(), "apt-get", append([]string{"download"}, packages...)...)
	download.Dir = dir
	if out, err := download.CombinedOutput(); err != nil {
		t.Fatalf("apt-get download %s: %v\n%s", strings.Join(packages, " "), err, out)
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, deb := range debs {
		tool(t, nil, "dpkg", "-x", deb, dir)
	}
}

// ready waits until the engine answers.
func (e engine) ready(t *testing.T, ended <-chan error, logs string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		ping := exec.CommandContext(t.Context(), e.docker, "version")
		ping.Env = e.env
		if ping.Run() == nil {
			return
		}
		var why any = "it does not answer"
		select {
		case <-tick.C:
			continue
		case why = <-ended:
		case <-deadline:
		}
		said, _ := os.ReadFile(logs)
		t.Fatalf("starting the Docker engine: %v\n%s", why, said)
	}
}

// stop ends the engine, which ends its containerd.
func stop(t *testing.T, p *os.Process, ended <-chan error) {
	t.Helper()
	p.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the Docker engine did not stop, killing it")
		p.Kill()
		<-ended
	}
}

// run runs the client and returns what it wrote.
func (e engine) run(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(string(tool(t, e.env, e.docker, args...)))
}

// pullWithDocker pulls each platform and looks at what came. The containers that it looks into are never started.
func (at target) pullWithDocker(e engine) {
	ref := at.image() + ":1.2.3"
	for _, platform := range sevenPlatforms() {
		e.run(at.T, "pull", "--platform="+platform, ref)
		config := e.run(at.T, "image", "inspect", `--format={"os":"{{.Os}}","architecture":"{{.Architecture}}","variant":"{{.Variant}}"}`, ref)
		wantImage(at.T, []byte(config), platform)

		container := e.run(at.T, "create", "--platform="+platform, ref)
		archive := tool(at.T, e.env, e.docker, "cp", container+":/hello.txt", "-")
		wantHello(at.T, fileIn(at.T, bytes.NewReader(archive), "hello.txt"), platform)
		e.run(at.T, "rm", container)
	}
}
