// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/polytag/polytag/internal/registrytest"
)

// TestKill ends a release by a signal at each of its requests, once before the
// registry has seen the request and once after it was carried out, and then runs
// it again. SIGKILL may leave floating tags anywhere, but never half a version;
// after SIGTERM each is where the exact tags say. The second run always brings
// everything to its end.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s applied=%t", signal, applied), func(t *testing.T) {
				t.Parallel()
				for at := int64(1); ; at++ {
					s := newStage(t)
					status, reached := s.run(t, signal, applied, at)
					if !reached {
						break
					}
					s.check(t, signal, status, at)
				}
			})
		}
	}
}

// stage is a registry with the version 1.2.2 and the sources of 1.2.3.
type stage struct {
	registry *registrytest.Registry
	before   map[string]string
}

func newStage(t *testing.T) stage {
	t.Helper()
	registry := registrytest.New(registrytest.Options{})
	old := registry.PushImage(t, "acme/app:1.2.2", "linux/amd64")
	registry.Tag(t, "acme/app", old, "1", "1.2", "latest")
	for _, p := range []string{"linux/amd64", "linux/arm64"} {
		registry.PushImage(t, "acme/app:12be34-"+strings.ReplaceAll(p, "/", "-"), p)
	}
	return stage{registry: registry, before: registry.Tags("acme/app")}
}

// run releases 1.2.3 and sends the program a signal at a request; 0: never. It
// returns the exit status, -1 if the signal ended the program, and whether there
// was such a request.
func (s stage) run(t *testing.T, signal syscall.Signal, applied bool, at int64) (status int, reached bool) {
	t.Helper()
	var count atomic.Int64
	var command *exec.Cmd
	started := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		<-started
		now := count.Add(1) == at
		if now && !applied {
			_ = command.Process.Signal(signal)
		}
		s.registry.ServeHTTP(w, req)
		if now && applied {
			_ = command.Process.Signal(signal)
		}
	}))
	defer server.Close()
	command = exec.CommandContext(t.Context(), "polytag",
		"--images", strings.TrimPrefix(server.URL, "http://")+"/acme/app", "--git-tag", "v1.2.3",
		"--source-tag", "12be34", "--platforms", "linux/amd64,linux/arm64")
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	if err := command.Wait(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	t.Logf("request %d:\n%s", at, &output)
	return command.ProcessState.ExitCode(), count.Load() >= at
}

// check proves what must be true after the signal, and after a second run.
func (s stage) check(t *testing.T, signal syscall.Signal, status int, at int64) {
	t.Helper()
	tags := s.registry.Tags("acme/app")
	exact, released := tags["1.2.3"]
	owner := s.before["1.2.2"]
	if released {
		owner = exact
	}
	if signal == syscall.SIGTERM {
		for _, f := range []string{"1", "1.2", "latest"} {
			if tags[f] != owner {
				t.Errorf("SIGTERM at request %d: %s is at %s, the exact tags say %s", at, f, tags[f], owner)
			}
		}
		if status == 130 && released || status == 0 && !released {
			t.Errorf("SIGTERM at request %d: exit status %d, and 1.2.3 there: %t", at, status, released)
		}
	}
	if status, _ := s.run(t, signal, false, 0); status != 0 {
		t.Fatalf("%s at request %d: the second run ended with %d", signal, at, status)
	}
	tags = s.registry.Tags("acme/app")
	for _, tag := range []string{"1", "1.2", "latest"} {
		if tags["1.2.3"] == "" || tags[tag] != tags["1.2.3"] {
			t.Errorf("%s at request %d: after the second run %s is at %s, 1.2.3 at %s", signal, at, tag, tags[tag], tags["1.2.3"])
		}
	}
	for tag, digest := range s.before {
		if strings.HasPrefix(tag, "12be34") && tags[tag] != digest || tag == "1.2.2" && tags[tag] != digest {
			t.Errorf("%s at request %d: %s has moved", signal, at, tag)
		}
	}
}
