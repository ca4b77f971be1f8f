// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/report"
)

// TestSweep lets each request of a release fail, once and from there on, in each way that a registry can fail. What must be true then
// is said at [trial.check].
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			clean := rehearse(t, s)
			for _, f := range failures(s) {
				t.Run(f.way, func(t *testing.T) {
					t.Parallel()
					for _, point := range f.points(clean) {
						t.Run(point.String(), func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) { clean.try(t, f, point) })
						})
					}
				})
			}
		})
	}
}

func scenarios() []scenario {
	patch := scenario{name: "patch", version: "1.2.3", before: []string{"1.2.2", "0.9.0"}}
	backport := scenario{name: "backport", version: "1.1.9", before: []string{"1.1.8", "1.2.2", "2.0.0"}}
	fresh := scenario{name: "fresh", version: "1.2.3"}
	literal := scenario{
		name: "literal and exact", version: "1.2.3", before: []string{"1.2.2"},
		points: map[string]string{"nightly": "1.2.2"},
		args:   []string{"--tags", "nightly,{version},BUILD-7"},
	}
	two := scenario{name: "two targets", version: "1.2.3", before: []string{"1.2.2"}, hosts: []string{"a.example", "b.example"}}
	mirrors := scenario{name: "copied to two targets", version: "1.2.3", before: []string{"1.2.2"}, hosts: []string{"a.example", "b.example"}, from: "c.example"}
	bearer, undeletable, quiet := patch, fresh, patch
	bearer.name, bearer.options = "bearer", registrytest.Options{Users: map[string]string{"bot": "secret"}, Bearer: true}
	undeletable.name, undeletable.options = "fresh, no deletes", registrytest.Options{Delete: registrytest.DeleteNothing}
	quiet.name, quiet.options = "no digest header", registrytest.Options{NoDigestHeader: true}
	return []scenario{fresh, undeletable, patch, backport, literal, two, mirrors, bearer, quiet}
}

// rehearsal is a release without a fault.
type rehearsal struct {
	scenario

	images   map[string]v1.Image
	want     map[string]string // the final state
	result   report.Document
	requests map[string][]registrytest.Request // by host
}

func rehearse(t *testing.T, s scenario) rehearsal {
	t.Helper()
	clean := rehearsal{scenario: s, images: s.images(t), requests: map[string][]registrytest.Request{}}
	synctest.Test(t, func(t *testing.T) {
		registries := s.registries(t, clean.images)
		out := run(t.Context(), t, network(registries), s.command())
		if out.status != 0 {
			t.Fatalf("%s exits with %d:\n%s%s", s.name, out.status, out.stdout, out.stderr)
		}
		clean.want, clean.result = state(registries), out.result
		for h, r := range registries {
			clean.requests[h] = r.Requests()
		}
	})
	return clean
}

// TestNoList releases to a registry that knows no lists, and so gives nothing to guard floating tags by. Everything else is answered later.
func TestNoList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := scenario{version: "1.1.9", before: []string{"1.1.8", "1.2.2"}}
		registries := s.registries(t, s.images(t))
		before := state(registries)
		registries[host].Inject(
			registrytest.Fault{Match: registrytest.On("", "/tags/list$"), Status: http.StatusNotFound},
			registrytest.Fault{Match: registrytest.On("", "/manifests/"), Delay: time.Second})
		out := run(t.Context(), t, network(registries), s.command())
		if out.status != 1 || !maps.Equal(state(registries), before) || !strings.Contains(out.stderr, "set floating to force") {
			t.Errorf("exit status %d with %v, want 1, all tags as before, and a hint\n%s", out.status, state(registries), out.stderr)
		}
	})
}

// point is where a failure strikes: at the nth request of those that match.
type point struct {
	host    string
	request registrytest.Request // as it was in the rehearsal
	match   func(registrytest.Request) bool
	n       int
}

func (p point) String() string { return fmt.Sprintf("request %d, %s on %s", p.n, p.request, p.host) }

// points are all points at which a failure can strike. A single request is told by what it asks for, since requests side by side come in
// any order.
func (f failure) points(clean rehearsal) []point {
	var out []point
	hosts := clean.names()
	if clean.from != "" {
		hosts = []string{clean.from, hosts[0]} // one target that is copied to is as good as another
	}
	for _, h := range hosts {
		seen := map[string]int{}
		n := 0
		for _, q := range clean.requests[h] {
			if f.match != nil && !f.match(q) {
				continue
			}
			n++
			p := point{host: h, request: q, match: f.match, n: n}
			if f.once {
				seen[q.String()]++
				p.n, p.match = seen[q.String()], func(other registrytest.Request) bool { return other.String() == q.String() }
			}
			out = append(out, p)
		}
	}
	return out
}

// try runs the release with one failure, and then again without.
func (clean rehearsal) try(t *testing.T, f failure, p point) {
	t.Helper()
	registries := clean.registries(t, clean.images)
	trial := trial{rehearsal: clean, failure: f, point: p, registries: registries, before: state(registries)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := time.Now()
	registries[p.host].Inject(f.at(p, func() {
		start = time.Now()
		cancel()
	}))
	args := clean.command()
	if f.timeout != 0 {
		args = append(args, "--timeout", f.timeout.String())
	}
	trial.outcome = run(ctx, t, network(registries), args)
	trial.took, trial.after = time.Since(start), state(registries)
	trial.check(t)

	for _, r := range registries {
		r.Heal()
		r.ResetRequests()
	}
	again := run(t.Context(), t, network(registries), clean.command())
	if again.status != 0 || !trial.same(state(registries), clean.want) {
		trial.errorf(t, "the second run exits with %d and leaves %v, want 0 and %v\n%s", again.status, state(registries), clean.want, again.stderr)
	}
	for h, r := range registries {
		if trial.status == 0 && len(r.Writes()) > 0 {
			trial.errorf(t, "%s: the second run wrote %q after a first that succeeded", h, r.Writes())
		}
	}
}
