// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/polytag/polytag/internal/transport"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		header, value string
		want          time.Duration
		wantOK        bool
	}{
		"seconds":                {"Retry-After", "7", 7 * time.Second, true},
		"leading zeros":          {"Retry-After", "007", 7 * time.Second, true},
		"zero has a floor":       {"Retry-After", "0", time.Second, true},
		"capped":                 {"Retry-After", "3600", 2 * time.Minute, true},
		"beyond 64 bits":         {"Retry-After", "99999999999999999999999", 2 * time.Minute, true},
		"date":                   {"Retry-After", "Sun, 01 Mar 2026 12:00:42 GMT", 42 * time.Second, true},
		"RFC 850 date":           {"Retry-After", "Sunday, 01-Mar-26 12:00:42 GMT", 42 * time.Second, true},
		"past date":              {"Retry-After", "Sun, 01 Mar 2026 11:00:00 GMT", time.Second, true},
		"far date":               {"Retry-After", "Sun, 01 Mar 2099 12:00:00 GMT", 2 * time.Minute, true},
		"Unix time":              {"X-Retry-After", strconv.FormatInt(now.Unix()+30, 10), 30 * time.Second, true},
		"past Unix time":         {"X-Retry-After", strconv.FormatInt(now.Unix()-30, 10), time.Second, true},
		"Unix time, 64 bits":     {"X-Retry-After", "18446744073709551615", 2 * time.Minute, true},
		"negative":               {"Retry-After", "-1", 0, false},
		"sign":                   {"Retry-After", "+1", 0, false},
		"fraction":               {"Retry-After", "1.5", 0, false},
		"unit":                   {"Retry-After", "12.5ms", 0, false},
		"underscores":            {"Retry-After", "1_000", 0, false},
		"date without time zone": {"Retry-After", "2026-03-01 12:00:42", 0, false},
		"empty":                  {"Retry-After", "", 0, false},
		"another header":         {"X-RateLimit-Reset", "60", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h.Set(tt.header, tt.value)
			got, ok := transport.RetryAfter(h, now)
			if got != tt.want || ok != tt.wantOK {
				t.Errorf("RetryAfter(%s: %s) = %v, %t, want %v, %t", tt.header, tt.value, got, ok, tt.want, tt.wantOK)
			}
		})
	}
}

func TestRetryAfterPrefersTheStandardHeader(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	h := http.Header{"Retry-After": {"5"}, "X-Retry-After": {"1800000060"}}
	if got, ok := transport.RetryAfter(h, now); got != 5*time.Second || !ok {
		t.Errorf("RetryAfter(both) = %v, %t, want 5s, true", got, ok)
	}
	h.Set("Retry-After", "soon")
	if got, ok := transport.RetryAfter(h, now); got != time.Minute || !ok {
		t.Errorf("RetryAfter(the first unreadable) = %v, %t, want 1m0s, true", got, ok)
	}
}

// FuzzRetryAfter checks that no header makes the client hammer the server or hang, and that a date and the number of
// seconds until then mean the same.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{
		"", "0", "1", "120", "121", "3600", "-5", "1e3", "0x10", " 7", "7 ", "12.5ms", "1800000030", "18446744073709551616",
		"Sun, 01 Mar 2026 12:00:42 GMT", "Sunday, 01-Mar-26 12:00:42 GMT", "Sun Mar  1 12:00:42 2026", "Mon, 31 Dec 9999 23:59:59 GMT",
	} {
		f.Add(s, int64(1_800_000_000))
	}
	f.Fuzz(func(t *testing.T, value string, unix int64) {
		now := time.Unix(unix%(1<<33), 0).UTC()
		for _, name := range []string{"Retry-After", "X-Retry-After"} {
			got, ok := transport.RetryAfter(http.Header{name: {value}}, now)
			if !ok && got != 0 {
				t.Errorf("RetryAfter(%s: %q) = %v, false", name, value, got)
			}
			if ok && (got < time.Second || got > 2*time.Minute) {
				t.Errorf("RetryAfter(%s: %q) = %v, out of bounds", name, value, got)
			}
		}
		seconds, err := strconv.ParseUint(value, 10, 16)
		if err != nil || now.Year() < 0 || now.Year() > 9998 {
			return
		}
		want, _ := transport.RetryAfter(http.Header{"Retry-After": {value}}, now)
		date := now.Add(time.Duration(seconds) * time.Second)
		for name, same := range map[string]string{
			"Retry-After":   date.Format(http.TimeFormat),
			"X-Retry-After": strconv.FormatInt(date.Unix(), 10),
		} {
			if date.Unix() < 0 && name == "X-Retry-After" {
				continue
			}
			if got, ok := transport.RetryAfter(http.Header{name: {same}}, now); got != want || !ok {
				t.Errorf("RetryAfter(%s: %s) = %v, %t, want %v, as for %s s", name, same, got, ok, want, value)
			}
		}
	})
}
