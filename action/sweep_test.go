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
	bearer, undeletable, quiet := patch, fresh, patch
	bearer.name, bearer.options = "bearer", registrytest.Options{Users: map[string]string{"bot": "secret"}, Bearer: true}
	undeletable.name, undeletable.options = "fresh, no deletes", registrytest.Options{Delete: registrytest.DeleteNothing}
	quiet.name, quiet.options = "no digest header", registrytest.Options{NoDigestHeader: true}
	return []scenario{fresh, undeletable, patch, backport, literal, two, bearer, quiet}
}

// failure is a way in which requests fail.
type failure struct {
	way   string
	fault registrytest.Fault
	// match says which requests it can hit. Nil: all.
	match func(registrytest.Request) bool
	// once means one request alone, and otherwise all from that one on.
	once bool
	// timeout is the input; empty: the default.
	timeout time.Duration
	// cancel means that the run is cancelled when the request arrives, and hang that this and all later ones get no answer then.
	cancel, hang bool
	// harmless means that the release must come to the same end nevertheless.
	harmless func(registrytest.Request) bool
}

func failures(s scenario) []failure {
	always := func(registrytest.Request) bool { return true }
	never := func(registrytest.Request) bool { return false }
	renews := func(q registrytest.Request) bool { return s.options.Bearer && strings.HasPrefix(q.Path, "/v2/") }
	challenge := http.Header{"Www-Authenticate": {`Bearer realm="https://` + host + `/token",service="registry"`}}
	ways := []struct {
		name     string
		fault    registrytest.Fault
		harmless func(registrytest.Request) bool
	}{
		{"503", registrytest.Fault{Status: 503}, always},
		{"429", registrytest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, always},
		{"reset", registrytest.Fault{Reset: true}, always},
		{"answer lost", registrytest.Fault{Reset: true, Applied: true}, always},
		{"applied but 500", registrytest.Fault{Status: 500, Applied: true}, always},
		{"truncated", registrytest.Fault{Truncate: true}, always},
		{"401", registrytest.Fault{Status: 401, Header: challenge}, renews},
		{"403", registrytest.Fault{Status: 403}, never},
		{"404", registrytest.Fault{Status: 404}, never},
		{"405", registrytest.Fault{Status: 405}, never},
		{"HTML", registrytest.Fault{Status: 200, HTML: true}, never},
		{"HTML 404", registrytest.Fault{Status: 404, HTML: true}, never},
		{"HTML 502", registrytest.Fault{Status: 502, HTML: true}, always},
	}
	var out []failure
	for _, w := range ways {
		out = append(out,
			failure{way: w.name + " once", fault: w.fault, once: true, harmless: w.harmless},
			failure{way: w.name + " from there on", fault: w.fault, harmless: never})
	}
	lie := registrytest.Fault{Status: http.StatusCreated}
	out = append(out,
		failure{way: "write that is only acknowledged, once", fault: lie, match: isWrite, once: true, harmless: never},
		failure{way: "writes that are only acknowledged, from there on", fault: lie, match: isWrite, harmless: never})
	stuck := registrytest.Fault{Delay: time.Hour}
	out = append(out,
		failure{way: "no answer once", fault: stuck, once: true, timeout: 20 * time.Second, harmless: never},
		failure{way: "no answer from there on", fault: stuck, timeout: 20 * time.Second, harmless: never},
		failure{way: "cancelled", cancel: true, once: true, harmless: never},
		failure{way: "cancelled, and no answer from there on", cancel: true, hang: true, harmless: never})
	for _, w := range ways {
		switch w.name {
		case "503", "403", "404", "405", "HTML":
			out = append(out,
				failure{way: w.name + " for writes from there on", fault: w.fault, match: isWrite, harmless: never},
				failure{way: w.name + " for reads from there on", fault: w.fault, match: isRead, harmless: never})
		}
	}
	return out
}

func isWrite(q registrytest.Request) bool {
	return q.Method == http.MethodPut || q.Method == http.MethodDelete
}

func isRead(q registrytest.Request) bool {
	return !isWrite(q) && strings.HasPrefix(q.Path, "/v2/"+repo)
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
	for _, h := range clean.names() {
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

// at is the fault that strikes at a point.
func (f failure) at(p point, cancel func()) registrytest.Fault {
	fault := f.fault
	fault.Match, fault.From = p.match, p.n
	if f.once {
		fault.Times = 1
	}
	if f.cancel {
		seen := 0
		fault.From, fault.Times, fault.Delay = 0, 0, time.Hour
		fault.Match = func(q registrytest.Request) bool {
			if p.match == nil || p.match(q) {
				if seen++; seen == p.n {
					cancel()
				}
			}
			return f.hang && seen >= p.n
		}
	}
	return fault
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
	if again.status != 0 || !maps.Equal(state(registries), clean.want) {
		trial.errorf(t, "the second run exits with %d and leaves %v, want 0 and %v\n%s", again.status, state(registries), clean.want, again.stderr)
	}
	for h, r := range registries {
		if trial.status == 0 && len(r.Writes()) > 0 {
			trial.errorf(t, "%s: the second run wrote %q after a first that succeeded", h, r.Writes())
		}
	}
}
