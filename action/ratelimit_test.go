// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/registrytest"
)

// TestRateLimits proves that twelve 429s in a row do not fail a release that has time left, wherever they come, and whether or not they say
// how long to wait; and that they do fail one that has not.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	s := scenario{name: "rate limits", version: "1.2.3", before: []string{"1.2.2"}}
	clean := rehearse(t, s)
	tests := map[string]struct {
		header http.Header
		least  time.Duration // of the whole run
	}{
		"seconds": {http.Header{"Retry-After": {"20"}}, 4 * time.Minute},
		"date":    {http.Header{"Retry-After": {"Fri, 31 Dec 1999 23:59:59 GMT"}}, 12 * time.Second}, // it is over: a second is the least
		"nothing": {nil, time.Minute},
	}
	for name, tt := range tests {
		for _, where := range []string{"/v2/$", "build-linux-amd64$", "/tags/list$", "/manifests/1.2.3$", "/manifests/latest$", ""} {
			t.Run(name+" "+where, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					registries := s.registries(t, clean.images)
					registries[host].Inject(registrytest.Fault{
						Match: registrytest.On("", where), Times: 12, Status: http.StatusTooManyRequests, Header: tt.header,
					})
					start := time.Now()
					out := run(t.Context(), t, network(registries), s.command())
					if out.status != 0 || !maps.Equal(state(registries), clean.want) {
						t.Errorf("exit status %d, want 0 and all tags\n%s", out.status, out.stderr)
					}
					if took := time.Since(start); where != "" && took < tt.least {
						t.Errorf("it took %s, want %s at least", took, tt.least)
					}
					if n := strings.Count(out.stdout, "429 Too Many Requests"); n != 12 {
						t.Errorf("%d pauses are told, want 12:\n%s", n, out.stdout)
					}
				})
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		registries := s.registries(t, clean.images)
		before := state(registries)
		registries[host].Inject(registrytest.Fault{
			Match: registrytest.On(http.MethodPut, ""), Times: 12, Status: http.StatusTooManyRequests, Header: tests["seconds"].header,
		})
		out := run(t.Context(), t, network(registries), append(s.command(), "--timeout", "3m"))
		if out.status != 1 || !maps.Equal(state(registries), before) {
			t.Errorf("exit status %d with %v, want 1 and all tags as before\n%s", out.status, state(registries), out.stderr)
		}
	})
}
