// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/registrytest"
)

// program is the real program as a file.
type program string

// build builds it.
func build(t *testing.T) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "polytag")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program(path)
}

// process is the program while it runs.
type process struct {
	*exec.Cmd

	stdout, stderr bytes.Buffer
	end            context.CancelFunc
}

// hung is how long a process may take before it is killed, so that a test fails rather than hangs. Nothing else is measured by it.
const hung = time.Minute

// start starts the program with nothing in its environment but env and an empty home.
func (p program) start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	out := p.prepare(t, env, args...)
	if err := out.Start(); err != nil {
		t.Fatal(err)
	}
	return out
}

// prepare makes the process that start starts.
func (p program) prepare(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	out := &process{Cmd: exec.CommandContext(ctx, string(p), args...), end: cancel}
	out.Env = append([]string{"HOME=" + filepath.Dir(string(p))}, env...)
	out.Stdout, out.Stderr = &out.stdout, &out.stderr
	return out
}

// wait returns the exit status; -1 if a signal ended the process.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	defer p.end()
	err := p.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// server is a registry on loopback, which can strike at a request.
type server struct {
	*registrytest.Registry
	*httptest.Server

	mu     sync.Mutex
	seen   int
	at     int
	strike func(w http.ResponseWriter, req *http.Request) (answer bool)
}

// serve starts a scenario's registry. All of it ends with the test.
func (s scenario) serve(t *testing.T, images map[string]v1.Image) *server {
	t.Helper()
	return newServer(t, s.registries(t, images)[host])
}

func newServer(t *testing.T, r *registrytest.Registry) *server {
	t.Helper()
	out := &server{Registry: r}
	out.Server = httptest.NewServer(out)
	t.Cleanup(out.Close)
	return out
}

func (s *server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	s.seen++
	strike := s.strike
	if s.seen != s.at {
		strike = nil
	}
	s.mu.Unlock()
	if strike == nil || strike(w, req) {
		s.Registry.ServeHTTP(w, req)
	}
}

// strikeAt calls strike at the nth request, counted from 1. It says whether the registry is to answer that.
func (s *server) strikeAt(n int, strike func(w http.ResponseWriter, req *http.Request) (answer bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.strike = n, strike
}

// requests is the number of requests so far.
func (s *server) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// addr is the registry's name.
func (s *server) addr() string { return strings.TrimPrefix(s.URL, "http://") }

// tags are the tags of the repository.
func (s *server) tags() map[string]string { return s.Tags(repo) }
