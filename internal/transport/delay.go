// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	firstDelay = 250 * time.Millisecond // doubled by each further attempt
	maxDelay   = 30 * time.Second

	// What a server asks for is bounded: GHCR says "12.5ms" and means a window of a minute, and an hour would be
	// longer than most jobs have.
	minRetryAfter = time.Second
	maxRetryAfter = 2 * time.Minute

	// githubDelay is what GitHub wants where it names no delay, or it may ban the client:
	// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
	githubDelay = time.Minute
)

// delay returns how long to wait after the nth attempt (from 1) was answered with resp, or not at all: then resp is
// nil. What the server asks for wins. The jitter keeps the jobs of a matrix from coming back together.
func delay(n int, resp *http.Response, now time.Time) time.Duration {
	if resp != nil {
		if d, ok := retryAfter(resp.Header, now); ok {
			return d + jitter(d/10)
		}
		if resp.StatusCode == http.StatusForbidden {
			return githubDelay + jitter(githubDelay/10)
		}
	}
	d := firstDelay
	for i := 1; i < n && d < maxDelay; i++ {
		d *= 2
	}
	d = min(d, maxDelay)
	return d/2 + jitter(d/2)
}

// jitter returns a random duration from 0 to d.
func jitter(d time.Duration) time.Duration {
	return rand.N(d + 1) //nolint:gosec // no secret depends on it
}

// retryAfter returns the delay that h asks for, from [minRetryAfter] to [maxRetryAfter], and whether it asks for one:
// Retry-After in seconds or as a date (RFC 9110, section 10.2.3), else X-Retry-After, the Unix time of Docker Hub's API
// (https://docs.docker.com/reference/api/hub/latest/). What is none of these counts as not there.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := h.Get("Retry-After")
	if seconds, ok := parseSeconds(value); ok {
		return bound(time.Duration(seconds) * time.Second), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return bound(date.Sub(now)), true
	}
	if seconds, ok := parseSeconds(h.Get("X-Retry-After")); ok {
		return bound(time.Unix(seconds, 0).Sub(now)), true
	}
	return 0, false
}

// maxSeconds is the year 2242 as Unix time, and as a delay still below the range of [time.Duration].
const maxSeconds = 1 << 33

// parseSeconds reads a number of decimal digits, which is all that a delay in seconds may be, and cuts it at
// [maxSeconds].
func parseSeconds(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return int64(min(n, maxSeconds)), true
}

func bound(d time.Duration) time.Duration { return min(max(d, minRetryAfter), maxRetryAfter) }
