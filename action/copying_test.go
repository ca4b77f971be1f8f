// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/registrytest"
)

// TestBarGivesWay copies to a registry that is busy: on a terminal, what is said meanwhile takes the place of the bar.
func TestBarGivesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		from, to := registrytest.New(registrytest.Options{}), registrytest.New(registrytest.Options{})
		from.PushImage(t, repo+":tested", "linux/amd64")
		to.Inject(registrytest.Fault{Match: registrytest.On(http.MethodPost, "/blobs/uploads/$"), Times: 1, Status: http.StatusServiceUnavailable, Delay: time.Second})
		var stdout, stderr bytes.Buffer
		c := action.Command{
			Args:   []string{"--images", host + "/" + repo, "--tags", "a", "--sources", "staging.example/" + repo + ":tested"},
			Stdout: &stdout, Stderr: &stderr, Terminal: true,
			Transport: network(map[string]*registrytest.Registry{host: to, "staging.example": from}),
		}
		if status := c.Main(t.Context()); status != 0 {
			t.Fatalf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
		}
		waits, bars := 0, 0
		for line := range strings.Lines(stdout.String()) {
			bars += strings.Count(line, "\r\x1b[K[")
			before, _, ok := strings.Cut(line, "waiting ")
			if !ok {
				continue
			}
			waits++
			if !strings.HasSuffix(before, "\r\x1b[K") {
				t.Errorf("a line is %q, want the bar erased before what is waited for", line)
			}
		}
		if waits == 0 || bars < 2 {
			t.Errorf("%d lines say what is waited for, %d bars, want both\n%q", waits, bars, stdout.String())
		}
	})
}
