// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// copied is a release by a process, from a registry that has everything, signed, to two that have nothing of it.
type copied struct {
	program

	images   map[string]v1.Image
	requests map[string]int // of a whole release, by role
	want     map[string]map[string]string
}

// roles are the registries.
var roles = []string{"source", "first", "second"}

// serve starts the registries.
func (c copied) serve(t *testing.T) map[string]*server {
	t.Helper()
	registries := scenario{hosts: roles[1:], from: roles[0], before: []string{"1.2.2"}}.registries(t, c.images)
	out := map[string]*server{}
	for _, role := range roles {
		out[role] = newServer(t, registries[role])
	}
	return out
}

// release starts the release.
func (c copied) release(t *testing.T, s map[string]*server) *process {
	t.Helper()
	is := scenario{version: "1.2.3", hosts: []string{s["first"].addr(), s["second"].addr()}, from: s["source"].addr()}
	return c.start(t, nil, is.command()...)
}

// TestKillCopying kills the process at each request, as TestKill does. No tag has moved then unless everything is in both targets, and a
// second run completes what is left.
func TestKillCopying(t *testing.T) {
	t.Parallel()
	before := scenario{before: []string{"1.2.2"}}
	c := copied{program: build(t), images: before.images(t), requests: map[string]int{}, want: map[string]map[string]string{}}
	clean := c.serve(t)
	if p := c.release(t, clean); p.wait(t) != 0 {
		t.Fatalf("the release fails:\n%s", &p.stderr)
	}
	for role, s := range clean {
		c.requests[role], c.want[role] = s.requests(), s.tags()
	}
	for _, role := range roles[:2] { // one target is as good as the other
		for n := 1; n <= c.requests[role]; n++ {
			for _, applied := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d applied %t", role, n, applied), func(t *testing.T) {
					t.Parallel()
					c.kill(t, role, n, applied)
				})
			}
		}
	}
}

// kill kills the process at the nth request to one of the registries, and runs it again.
func (c copied) kill(t *testing.T, role string, n int, applied bool) {
	t.Helper()
	s := c.serve(t)
	started := make(chan *process, 1)
	s[role].strikeAt(n, func(_ http.ResponseWriter, req *http.Request) bool {
		p := <-started
		if applied {
			s[role].Registry.ServeHTTP(httptest.NewRecorder(), req)
		}
		if err := p.Process.Kill(); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	})
	old := map[string]map[string]string{}
	for role, s := range s {
		old[role] = s.tags()
	}
	p := c.release(t, s)
	started <- p
	if status := p.wait(t); status != -1 {
		t.Errorf("exit status %d, want the end by a signal", status)
	}
	c.checkLeft(t, old, s)
	if p := c.release(t, s); p.wait(t) != 0 {
		t.Errorf("the second run fails:\n%s", &p.stderr)
	}
	for role, s := range s {
		if got := s.tags(); !maps.Equal(got, c.want[role]) {
			t.Errorf("the second run leaves %v on %s, want %v", got, role, c.want[role])
		}
	}
	for _, target := range roles[1:] {
		if wrong := lacking(t, s[target].Registry, c.want["source"]["tested"]); len(wrong) > 0 {
			t.Errorf("after the second run %s lacks %v", target, wrong)
		}
	}
}

// checkLeft looks at what a killed process has left.
func (c copied) checkLeft(t *testing.T, old map[string]map[string]string, s map[string]*server) {
	t.Helper()
	moved := false
	for role, s := range s {
		for tag, digest := range s.tags() {
			if digest != old[role][tag] && digest != c.want[role][tag] {
				t.Errorf("%s: %s is at %s, want it where it was or where it will be", role, tag, digest)
			}
			if _, _, ok := s.Manifest(repo, digest); !ok {
				t.Errorf("%s: %s names %s, which is not there", role, tag, digest)
			}
			moved = moved || digest != old[role][tag] && !isSignature(tag)
		}
	}
	for _, target := range roles[1:] {
		if wrong := lacking(t, s[target].Registry, c.want["source"]["tested"]); moved && len(wrong) > 0 {
			t.Errorf("a tag has moved, and %s lacks %v", target, wrong)
		}
	}
}
