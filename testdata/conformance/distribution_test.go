// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// distribution is distribution's server as a process, with a storage that outlives it.
type distribution struct {
	exe, config string
	cmd         *exec.Cmd // nil while it is stopped
}

// newDistribution returns a stopped server with an empty storage.
func newDistribution(t *testing.T, exe string, deletes bool) *distribution {
	t.Helper()
	dir := t.TempDir()
	d := &distribution{exe: exe, config: filepath.Join(dir, "config.yml")}
	writeFile(t, d.config, fmt.Sprintf(`version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: %q}
  delete: {enabled: %t}
validation: {manifests: {urls: {allow: ["^https://"]}}} # of layers that are elsewhere
http: {addr: "127.0.0.1:0", secret: conformance}
`, filepath.Join(dir, "storage"), deletes))
	t.Cleanup(d.stop)
	return d
}

// start runs the server on a port that the kernel chose, and learns it from the log.
func (d *distribution) start(t *testing.T) string {
	t.Helper()
	d.cmd = exec.Command(d.exe, "serve", d.config)
	d.cmd.Env = []string{"OTEL_TRACES_EXPORTER=none"} // v3 would look for a collector
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	logs, err := d.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return listeningOn(t, logs)
}

func (d *distribution) stop() {
	if d.cmd != nil && d.cmd.Process != nil {
		d.cmd.Process.Kill()
		d.cmd.Wait()
	}
	d.cmd = nil
}

// collectGarbage stops the server, collects garbage as its operators are told to, and returns the address of the server
// when it runs again.
func (d *distribution) collectGarbage(t *testing.T, flags ...string) string {
	t.Helper()
	d.stop()
	tool(t, []string{"OTEL_TRACES_EXPORTER=none"}, d.exe, append(append([]string{"garbage-collect"}, flags...), d.config)...)
	return d.start(t)
}

// listeningOn reads a log up to the line that tells the address, and drains the rest in the background.
func listeningOn(t *testing.T, logs io.Reader) string {
	t.Helper()
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
	t.Fatalf("the registry ended without listening:\n%s", &seen)
	return ""
}
