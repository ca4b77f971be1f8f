// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// cut is a release by a process, of which the end is known.
type cut struct {
	scenario
	program

	images       map[string]v1.Image
	before, want map[string]string
	requests     int
}

func newCut(t *testing.T) cut {
	t.Helper()
	c := cut{scenario: scenario{version: "1.2.3", before: []string{"1.2.2", "0.9.0"}}, program: build(t)}
	c.images = c.scenario.images(t)
	s := c.serve(t, c.images)
	c.before = s.tags()
	if p := c.release(t, s); p.wait(t) != 0 {
		t.Fatalf("the release fails:\n%s", &p.stderr)
	}
	c.want, c.requests = s.tags(), s.requests()
	return c
}

// release starts the release.
func (c cut) release(t *testing.T, s *server) *process {
	t.Helper()
	c.hosts = []string{s.addr()}
	return c.start(t, nil, c.command()...)
}

// struck starts the release and strikes at its nth request, with the process in hand.
func (c cut) struck(t *testing.T, n int, strike func(p *process, s *server, w http.ResponseWriter, req *http.Request) bool) (*process, *server) {
	t.Helper()
	s := c.serve(t, c.images)
	started := make(chan *process, 1)
	s.strikeAt(n, func(w http.ResponseWriter, req *http.Request) bool { return strike(<-started, s, w, req) })
	p := c.release(t, s)
	started <- p
	return p, s
}

// TestKill kills the process at each request: before it was carried out, and after, when only the answer is missing. What is left is no
// more than the order of writes allows, and a second run completes it.
func TestKill(t *testing.T) {
	t.Parallel()
	c := newCut(t)
	for n := 1; n <= c.requests; n++ {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d applied %t", n, applied), func(t *testing.T) {
				t.Parallel()
				p, s := c.struck(t, n, func(p *process, s *server, _ http.ResponseWriter, req *http.Request) bool {
					if applied {
						s.Registry.ServeHTTP(httptest.NewRecorder(), req)
					}
					if err := p.Process.Kill(); err != nil {
						t.Error(err)
					}
					panic(http.ErrAbortHandler)
				})
				if status := p.wait(t); status != -1 {
					t.Errorf("exit status %d, want the end by a signal", status)
				}
				c.checkLeft(t, s)
				if p := c.release(t, s); p.wait(t) != 0 {
					t.Errorf("the second run fails:\n%s", &p.stderr)
				}
				if got := s.tags(); !maps.Equal(got, c.want) {
					t.Errorf("the second run leaves %v, want %v", got, c.want)
				}
			})
		}
	}
}

// checkLeft looks at what a killed process has left.
func (c cut) checkLeft(t *testing.T, s *server) {
	t.Helper()
	tags := s.tags()
	for tag, digest := range tags {
		if _, _, ok := s.Manifest(repo, digest); !ok {
			t.Errorf("%s names %s, which is not there", tag, digest)
		}
		if digest != c.before[tag] && digest != c.want[tag] {
			t.Errorf("%s is at %s, want it where it was or where it will be", tag, digest)
		}
	}
	for tag := range c.before {
		if tags[tag] == "" {
			t.Errorf("%s is gone", tag)
		}
	}
}

// TestSignal interrupts the process at each request. It ends by finishing if it has written anything, and else at once, with nothing
// written.
func TestSignal(t *testing.T) {
	t.Parallel()
	c := newCut(t)
	for n := 1; n <= c.requests; n++ {
		for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			t.Run(fmt.Sprintf("%d %v", n, signal), func(t *testing.T) {
				t.Parallel()
				p, s := c.struck(t, n, func(p *process, _ *server, _ http.ResponseWriter, _ *http.Request) bool {
					if err := p.Process.Signal(signal); err != nil {
						t.Error(err)
					}
					return true
				})
				switch status := p.wait(t); {
				case status == 0 && !maps.Equal(s.tags(), c.want):
					t.Errorf("exit status 0 with %v, want %v", s.tags(), c.want)
				case status == 130 && (len(s.Writes()) > 0 || !maps.Equal(s.tags(), c.before)):
					t.Errorf("exit status 130 after %q, want nothing written", s.Writes())
				case status != 0 && status != 130:
					t.Errorf("exit status %d, want 0 or 130\n%s", status, &p.stderr)
				}
			})
		}
	}
}

// TestSignalSettles interrupts the process while the write of the exact tag hangs. It gives that up after two seconds, and takes back what
// it has done.
func TestSignalSettles(t *testing.T) {
	t.Parallel()
	c := newCut(t)
	for n := 1; n <= c.requests; n++ {
		var hangs atomic.Bool
		p, s := c.struck(t, n, func(p *process, _ *server, _ http.ResponseWriter, req *http.Request) bool {
			if req.Method != http.MethodPut || req.URL.Path != "/v2/"+repo+"/manifests/"+c.version {
				return true
			}
			hangs.Store(true)
			if err := p.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			_, _ = io.Copy(io.Discard, req.Body) // a server sees the client go only after that
			<-req.Context().Done()
			panic(http.ErrAbortHandler)
		})
		status := p.wait(t)
		if !hangs.Load() {
			continue
		}
		if status != 1 || !maps.Equal(s.tags(), c.before) {
			t.Errorf("exit status %d with %v, want 1 and all tags as before\n%s", status, s.tags(), &p.stderr)
		}
		return
	}
	t.Error("the exact tag was never written")
}
