// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// registry is distribution's server as a process with a storage of its own.
type registry struct {
	host string
	cmd  *exec.Cmd
	dir  string
}

// startRegistry runs a server with an empty storage until it is stopped, at the end of the test at the latest.
func startRegistry(tb testing.TB, exe string) *registry {
	tb.Helper()
	dir := tb.TempDir()
	r := &registry{dir: dir, cmd: exec.Command(exe, "serve", filepath.Join(dir, "config.yml"))}
	tb.Cleanup(r.stop)
	config := fmt.Sprintf(`version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: "127.0.0.1:0", secret: bench}
`, filepath.Join(dir, "storage"))
	if err := os.WriteFile(filepath.Join(dir, "config.yml"), []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	r.cmd.Env = []string{"OTEL_TRACES_EXPORTER=none"} // v3 would look for a collector
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	logs, err := r.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	r.host = listeningOn(tb, logs)
	return r
}

// stop ends the server and removes its storage, of which there would be too much at the end.
func (r *registry) stop() {
	if r.cmd.Process != nil && r.cmd.ProcessState == nil {
		r.cmd.Process.Kill()
		r.cmd.Wait()
	}
	os.RemoveAll(r.dir)
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

// tagOf names a tag of a registry.
func tagOf(tb testing.TB, host, repository, tag string) name.Tag {
	tb.Helper()
	out, err := name.NewTag(host + "/" + repository + ":" + tag)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// wantSame checks that two tags point at the same manifest.
func wantSame(tb testing.TB, got, want name.Tag) {
	tb.Helper()
	var digests [2]string
	for i, tag := range []name.Tag{got, want} {
		desc, err := remote.Head(tag, remote.WithContext(tb.Context()))
		if err != nil {
			tb.Fatal(err)
		}
		digests[i] = desc.Digest.String()
	}
	if digests[0] != digests[1] {
		tb.Fatalf("%s = %s, want %s as %s", got, digests[0], digests[1], want)
	}
}
