// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// maxRetries is how often a request is sent again after server errors and broken connections: some 8 s in all.
const maxRetries = 5

// exchange is one request with all its attempts. The retry engine is made anew for each, because its hooks are not
// told which request they are about.
type exchange struct {
	t               *transport
	req             *http.Request
	attempts        int
	limited, failed int    // attempts by verdict, each with a back-off of its own
	wait            Wait   // before the next attempt
	pending         string // how the last attempt ended, while the next is waited for
}

// run sends the request until there is nothing to gain from another attempt.
func (x *exchange) run() (*http.Response, error) {
	if !replayable(x.req) {
		x.attempts = 1
		return x.t.send(x.req)
	}
	engine := retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     roundTripperFunc(x.t.send),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		RetryMax:     math.MaxInt, // check knows when to stop
		CheckRetry:   x.check,
		Backoff:      x.backoff,
		PrepareRetry: x.rewind,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	// The literal keeps the engine from reading the body into memory, which its constructors do.
	resp, err := engine.Do(&retryablehttp.Request{Request: x.req})
	return resp, cause(err)
}

// check is the engine's CheckRetry: it counts the attempt, and decides whether there is another and when.
func (x *exchange) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	x.attempts++
	x.pending = ""
	var attempt int
	switch x.judge(ctx, resp, err) {
	case final:
		return false, nil
	case limited:
		x.limited++
		attempt = x.limited
	case failed:
		x.failed++
		attempt = x.failed
		if x.failed > maxRetries {
			return false, nil
		}
	}
	x.wait = Wait{
		Method: x.req.Method, Host: x.req.URL.Host, Path: x.req.URL.Path,
		Err: cause(err), Attempt: x.attempts,
	}
	if resp != nil {
		x.wait.Status = resp.StatusCode
	}
	now := time.Now()
	x.wait.Delay = delay(attempt, resp, now)
	if deadline, ok := ctx.Deadline(); ok && !now.Add(x.wait.Delay).Before(deadline) {
		return false, nil
	}
	x.pending = x.wait.reason()
	return true, nil
}

// backoff is the engine's Backoff, called when it is about to wait for what check has decided.
func (x *exchange) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	x.t.notify(x.wait)
	return x.wait.Delay
}

// explain says what err is about, and what was tried.
func (x *exchange) explain(err error) error {
	what := x.req.Method + " " + redact(x.req.URL)
	switch {
	case x.pending != "": // the context ended the wait
		return fmt.Errorf("%s: waiting after attempt %d (%s): %w", what, x.attempts, x.pending, err)
	case x.attempts > 1 && x.req.Context().Err() != nil: // it ended an attempt, which says nothing of those before
		return fmt.Errorf("%s: after %d attempts (%s): %w", what, x.attempts, x.wait.reason(), err)
	case x.attempts > 1:
		return fmt.Errorf("%s: after %d attempts: %w", what, x.attempts, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (w Wait) reason() string {
	if w.Err != nil {
		return w.Err.Error()
	}
	return strconv.Itoa(w.Status) + " " + http.StatusText(w.Status)
}

// replayable reports whether req can be sent twice.
func replayable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// rewind is the engine's PrepareRetry, called after the wait: it gives req, a copy of the request that was sent, a fresh
// body.
func (x *exchange) rewind(req *http.Request) error {
	x.pending = ""
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return fmt.Errorf("rewinding the request body: %w", err)
	}
	req.Body = body
	return nil
}

// cause strips the [url.Error] that [http.Client] adds, whose URL is not redacted.
func cause(err error) error {
	if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // only the outermost is the client's
		return wrapped.Err
	}
	return err
}
