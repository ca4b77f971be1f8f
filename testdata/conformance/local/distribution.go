// SPDX-License-Identifier: Apache-2.0

package local

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// Distribution is distribution's server as a process, with a storage that outlives it.
type Distribution struct {
	exe, config string
	cmd         *exec.Cmd // nil while it is stopped
}

// NewDistribution returns a stopped server with an empty storage in the folder dir. The path of the program is exe; deletes allows
// clients to delete.
func NewDistribution(tb testing.TB, exe, dir string, deletes bool) *Distribution {
	tb.Helper()
	d := &Distribution{exe: exe, config: filepath.Join(dir, "config.yml")}
	config := fmt.Sprintf(`version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: %q}
  delete: {enabled: %t}
validation: {manifests: {urls: {allow: ["^https://"]}}} # of layers that are elsewhere
http: {addr: "127.0.0.1:0", secret: conformance}
`, filepath.Join(dir, "storage"), deletes)
	if err := os.WriteFile(d.config, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Stop)
	return d
}

// Start runs the server on a port that the kernel chose, until it is stopped, at the end of the test at the latest. It returns its
// host:port.
func (d *Distribution) Start(tb testing.TB) string {
	tb.Helper()
	d.cmd = d.command("serve", d.config)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	logs, err := d.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return listeningOn(tb, logs)
}

// Stop ends the server.
func (d *Distribution) Stop() {
	if d.cmd != nil && d.cmd.Process != nil {
		d.cmd.Process.Kill()
		d.cmd.Wait()
	}
	d.cmd = nil
}

// CollectGarbage stops the server, collects garbage as its operators are told to, and starts it as [Distribution.Start] does.
func (d *Distribution) CollectGarbage(tb testing.TB, flags ...string) string {
	tb.Helper()
	d.Stop()
	collect := d.command(append(append([]string{"garbage-collect"}, flags...), d.config)...)
	if out, err := collect.CombinedOutput(); err != nil {
		tb.Fatalf("collecting garbage: %v\n%s", err, bytes.TrimSpace(out))
	}
	return d.Start(tb)
}

func (d *Distribution) command(args ...string) *exec.Cmd {
	cmd := exec.Command(d.exe, args...)
	cmd.Env = []string{"OTEL_TRACES_EXPORTER=none"} // v3 would look for a collector
	return cmd
}

// listeningOn reads a log up to the line that tells the address, and drains the rest in the background.
func listeningOn(tb testing.TB, logs io.Reader) string {
	tb.Helper()
	address := regexp.MustCompile(`listening on ([0-9.]+:[0-9]+)`)
	var seen strings.Builder
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, logs)
			return m[1]
		}
		fmt.Fprintln(&seen, lines.Text())
	}
	tb.Fatalf("the registry ended without listening:\n%s", &seen)
	return ""
}
