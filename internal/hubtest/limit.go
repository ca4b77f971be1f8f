// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"net/http"
	"strconv"
	"time"
)

// limit counts a request, and answers it if there have been too many in this minute.
// https://docs.docker.com/reference/api/hub/latest/#tag/rate-limiting
func (h *Hub) limit(w http.ResponseWriter) (pass bool) {
	limit := h.options.RateLimit
	if limit == 0 {
		limit = 180
	}
	h.mu.Lock()
	now := time.Now()
	if now.Sub(h.window) >= time.Minute {
		h.window, h.spent = now, 0
	}
	h.spent++
	left, reset := limit-h.spent, h.window.Add(time.Minute)
	h.mu.Unlock()

	// A whole second later, the time is over for certain.
	unix := strconv.FormatInt(reset.Unix()+1, 10)
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	w.Header().Set("X-RateLimit-Reset", unix)
	if left >= 0 {
		return true
	}
	if h.options.UnixRetryAfter {
		w.Header().Set("X-Retry-After", unix)
	} else {
		w.Header().Set("Retry-After", strconv.Itoa(int(reset.Sub(now)/time.Second)+1))
	}
	send(w, http.StatusTooManyRequests, `{"detail":"Rate limit exceeded","error":false}`)
	return false
}
