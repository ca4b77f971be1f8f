// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/hashicorp/go-retryablehttp"
)

// verdict is what is to be done about the outcome of an attempt.
type verdict int

const (
	final   verdict = iota // the caller gets it
	limited                // the server wants us to come back later: as often as there is time
	failed                 // it may pass: maxRetries times
)

// judge rates one attempt, of which either resp or err is the outcome.
func (x *exchange) judge(ctx context.Context, resp *http.Response, err error) verdict {
	switch {
	case ctx.Err() != nil:
		return final
	case err != nil:
		return x.judgeError(ctx, err)
	case resp.StatusCode == http.StatusTooManyRequests, x.limitedByStatus403(resp):
		return limited
	case resp.StatusCode < 500, resp.StatusCode == http.StatusNotImplemented, resp.StatusCode == http.StatusHTTPVersionNotSupported:
		return final
	case idempotent(x.req), resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		return failed
	}
	return final
}

func (x *exchange) judgeError(ctx context.Context, err error) verdict {
	_, met := x.t.met.Load(x.req.URL.Host)
	transient, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, err) // knows the errors that net/http has no type for
	switch {
	case !transient, permanent(err):
		return final
	case errors.Is(err, syscall.ECONNREFUSED) && !met: // a wrong address, rather than a server that restarts
		return final
	case idempotent(x.req), unsent(err):
		return failed
	}
	return final
}

// limitedByStatus403 reports whether resp is a 403 that means 429. GitHub says so by a header when the primary limit is
// used up, and only in the body when a secondary one is:
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
func (x *exchange) limitedByStatus403(resp *http.Response) bool {
	if resp.StatusCode != http.StatusForbidden {
		return false
	}
	if resp.Header.Get("Retry-After") != "" {
		return true
	}
	if host := x.req.URL.Hostname(); host != "ghcr.io" && host != "api.github.com" {
		return false
	}
	return resp.Header.Get("X-RateLimit-Remaining") == "0" ||
		bytes.Contains(bytes.ToLower(peek(resp)), []byte("secondary rate limit"))
}

// peek returns the start of resp's body and leaves the body as if it had not been read.
func peek(resp *http.Response) []byte {
	const enough = 4 << 10
	start, _ := io.ReadAll(io.LimitReader(resp.Body, enough)) // the next reader meets the error again
	resp.Body = body{io.MultiReader(bytes.NewReader(start), resp.Body), resp.Body}
	return start
}

// idempotent reports whether sending req twice has the effect of sending it once (RFC 9110, section 9.2.2). Of the
// PATCH requests here, the one that appends to a blob upload does not, and the one that sets fields at Docker Hub does;
// the POST that begins a blob upload, or mounts, leaves behind an upload that is never finished, and registries expire.
func idempotent(req *http.Request) bool {
	switch req.Method {
	case http.MethodPost:
		return strings.HasSuffix(req.URL.Path, "/blobs/uploads/")
	case http.MethodPatch:
		return req.Header.Get("Content-Type") != "application/octet-stream"
	}
	return true
}

// permanent reports whether err will be the same next time, or is the caller's own doing. A server without TLS is
// what go-containerregistry finds out about by trying.
func permanent(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return true
	}
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	_, badCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	return noTLS || badCertificate || errors.Is(err, http.ErrSchemeMismatch) || errors.Is(err, context.Canceled)
}

// unsent reports whether err came before anything was sent to the server.
func unsent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
