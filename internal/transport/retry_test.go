// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/transport"
)

const manifest = "https://registry.example/v2/app/manifests/1.2.3"

// recorder keeps the waits that a round tripper announces.
type recorder struct {
	mu    sync.Mutex
	waits []transport.Wait
}

func (r *recorder) notify(w transport.Wait) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waits = append(r.waits, w)
}

func (r *recorder) total() (d time.Duration) {
	for _, w := range r.waits {
		d += w.Delay
	}
	return d
}

// within is a context for synctest's clock, with a deadline.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestTwelveTooManyRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rec recorder
		statuses := append(slices.Repeat([]int{http.StatusTooManyRequests}, 12), http.StatusCreated)
		rt := transport.New(transport.Options{Base: answers(statuses...), Notify: rec.notify})
		start := time.Now()
		req := request(t, http.MethodPut, manifest+"?x=s3cret", strings.NewReader("{}")).WithContext(within(t, 30*time.Minute))
		if status, _, err := do(t, rt, req); status != http.StatusCreated {
			t.Fatalf("answer = %d, %v, want 201", status, err)
		}
		if got, want := time.Since(start), rec.total(); got != want {
			t.Errorf("it took %v, but announced %v", got, want)
		}
		nominal := 250 * time.Millisecond
		for i, w := range rec.waits {
			if w.Delay < nominal/2 || w.Delay > nominal {
				t.Errorf("wait %d = %v, want %v to %v", i+1, w.Delay, nominal/2, nominal)
			}
			want := transport.Wait{
				Method: http.MethodPut, Host: "registry.example", Path: "/v2/app/manifests/1.2.3",
				Status: http.StatusTooManyRequests, Delay: w.Delay, Attempt: i + 1,
			}
			if diff := cmp.Diff(want, w); diff != "" {
				t.Errorf("wait %d (-want +got):\n%s", i+1, diff)
			}
			nominal = min(2*nominal, 30*time.Second)
		}
		if len(rec.waits) != 12 {
			t.Errorf("waits = %d, want 12", len(rec.waits))
		}
	})
}

func TestServerAsksForDelay(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status        int
		header, value string // %DATE and %UNIX are 42 s from now
		min, max      time.Duration
	}{
		"seconds":      {429, "Retry-After", "10", 10 * time.Second, 11 * time.Second},
		"date":         {429, "Retry-After", "%DATE", 42 * time.Second, 47 * time.Second},
		"Unix time":    {429, "X-Retry-After", "%UNIX", 42 * time.Second, 47 * time.Second},
		"floor":        {429, "Retry-After", "0", time.Second, 1100 * time.Millisecond},
		"cap":          {429, "Retry-After", "86400", 2 * time.Minute, 132 * time.Second},
		"server error": {503, "Retry-After", "10", 10 * time.Second, 11 * time.Second},
		"forbidden":    {403, "Retry-After", "60", time.Minute, 66 * time.Second},
		"unreadable":   {429, "Retry-After", "soon", 125 * time.Millisecond, 250 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				then := time.Now().Add(42 * time.Second).UTC()
				value := strings.NewReplacer("%DATE", then.Format(http.TimeFormat), "%UNIX", strconv.FormatInt(then.Unix(), 10)).Replace(tt.value)
				n := 0
				rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
					if n++; n == 1 {
						return answer(req, tt.status, tt.header, value), nil
					}
					return answer(req, http.StatusOK), nil
				})})
				start := time.Now()
				if status, _, err := do(t, rt, request(t, http.MethodGet, manifest, nil)); status != http.StatusOK {
					t.Fatalf("answer = %d, %v, want 200", status, err)
				}
				if got := time.Since(start); got < tt.min || got > tt.max {
					t.Errorf("it took %v, want %v to %v", got, tt.min, tt.max)
				}
			})
		})
	}
}

func TestDeadlineGivesTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := transport.New(transport.Options{
			Base: base(func(req *http.Request) (*http.Response, error) {
				return answer(req, http.StatusTooManyRequests, "Retry-After", "60"), nil
			}),
		})
		start := time.Now()
		req := request(t, http.MethodGet, manifest, nil).WithContext(within(t, 150*time.Second))
		status, body, err := do(t, rt, req)
		if status != http.StatusTooManyRequests || body != "body of Too Many Requests" || err != nil {
			t.Errorf("answer = %d, %q, %v, want the 429", status, body, err)
		}
		if got := time.Since(start); got < 120*time.Second || got > 132*time.Second {
			t.Errorf("it took %v, want two waits of a minute", got)
		}
	})
}

func TestDeadlineGivesTheError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := transport.New(transport.Options{Base: answers(0)})
		start := time.Now()
		_, _, err := do(t, rt, request(t, http.MethodGet, manifest, nil).WithContext(within(t, 100*time.Millisecond)))
		if !errors.Is(err, syscall.ECONNRESET) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want %v", err, syscall.ECONNRESET)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("it took %v, want no wait", got)
		}
	})
}

func TestCancelEndsTheWait(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		base base
		want string
	}{
		"answer": {answers(502, 429), "GET " + manifest + ": waiting after attempt 2 (429 Too Many Requests): context canceled"},
		"error":  {answers(502, 0), "GET " + manifest + ": waiting after attempt 2 (read tcp: connection reset by peer): context canceled"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				waits := 0
				rt := transport.New(transport.Options{Base: tt.base, Notify: func(transport.Wait) {
					if waits++; waits == 2 {
						time.AfterFunc(time.Millisecond, cancel)
					}
				}})
				_, _, err := do(t, rt, request(t, http.MethodGet, manifest, nil).WithContext(ctx))
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("error = %v, want %v", err, context.Canceled)
				}
				if err.Error() != tt.want {
					t.Errorf("error = %v, want %s", err, tt.want)
				}
			})
		})
	}
}

// TestDeadlineEndsAnAttempt: why the attempts before it failed is told, too.
func TestDeadlineEndsAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rt := transport.New(transport.Options{Base: base(func(req *http.Request) (*http.Response, error) {
			if n++; n < 3 {
				return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
			}
			<-req.Context().Done()
			return nil, context.Cause(req.Context())
		})})
		_, _, err := do(t, rt, request(t, http.MethodGet, manifest, nil).WithContext(within(t, time.Minute)))
		const want = "GET " + manifest + ": after 3 attempts (read tcp: connection reset by peer): context deadline exceeded"
		if !errors.Is(err, context.DeadlineExceeded) || err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	})
}

func TestErrorTellsTheAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rec recorder
		rt := transport.New(transport.Options{Base: answers(0), Notify: rec.notify})
		_, _, err := do(t, rt, request(t, http.MethodGet, manifest+"?n=s3cret", nil))
		const want = "GET " + manifest + "?n=REDACTED: after 6 attempts: read tcp: connection reset by peer"
		if err == nil || err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
		for _, w := range rec.waits {
			if !errors.Is(w.Err, syscall.ECONNRESET) || strings.Contains(w.Err.Error(), "s3cret") || w.Status != 0 {
				t.Errorf("wait = %+v, want the reset", w)
			}
		}
	})
}

// TestCounters mixes the kinds of failures: a rate limit neither uses up the five retries nor lengthens their waits.
func TestCounters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rec recorder
		rt := transport.New(transport.Options{
			Base:   answers(429, 429, 429, 429, 0, 502, 503, 504, 500, 429, 200),
			Notify: rec.notify,
		})
		if status, _, err := do(t, rt, request(t, http.MethodGet, manifest, nil)); status != http.StatusOK {
			t.Fatalf("answer = %d, %v, want 200", status, err)
		}
		if d := rec.waits[4].Delay; d > 250*time.Millisecond {
			t.Errorf("first wait after a reset = %v, want at most 250ms", d)
		}
	})
}

func TestRewindError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		rt := transport.New(transport.Options{Base: answers(503)})
		req := request(t, http.MethodPut, manifest, strings.NewReader("{}"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, gone }
		_, _, err := do(t, rt, req)
		if !errors.Is(err, gone) {
			t.Fatalf("error = %v, want %v", err, gone)
		}
		const want = "PUT " + manifest + ": rewinding the request body: gone"
		if err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	})
}

// TestConcurrentRequests has many requests wait side by side on one round tripper.
func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const requests, failures = 50, 3
		var (
			rec  recorder
			mu   sync.Mutex
			seen = map[string]int{}
			wg   sync.WaitGroup
		)
		rt := transport.New(transport.Options{Notify: rec.notify, Base: base(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			if seen[req.URL.Path]++; seen[req.URL.Path] <= failures {
				return answer(req, http.StatusTooManyRequests, "Retry-After", "30"), nil
			}
			return answer(req, http.StatusOK), nil
		})})
		start := time.Now()
		for i := range requests {
			wg.Go(func() {
				req := request(t, http.MethodGet, "https://registry.example/"+strconv.Itoa(i), nil)
				if status, _, err := do(t, rt, req); status != http.StatusOK {
					t.Errorf("answer %d = %d, %v, want 200", i, status, err)
				}
			})
		}
		wg.Wait()
		if got := len(rec.waits); got != requests*failures {
			t.Errorf("waits = %d, want %d", got, requests*failures)
		}
		if got := time.Since(start); got < 90*time.Second || got > 99*time.Second {
			t.Errorf("it took %v, want three waits of 30 s, side by side", got)
		}
		if rec.waits[0].Delay == rec.waits[1].Delay && rec.waits[1].Delay == rec.waits[2].Delay {
			t.Error("the waits have no jitter")
		}
	})
}
