// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// maxWhole is the length up to which an answer is read before it is handed over: manifests, configs and lists of
	// tags.
	maxWhole = 1 << 20
	// wholeTime is how long that may take.
	wholeTime = 2 * time.Minute
)

var errSlow = errors.New("the answer has begun and does not end")

// whole reads the body of a short answer to a GET, so that a connection which breaks or stops in the middle of it is one
// that the request is sent again for; cancel ends the request. The body of any other answer is streamed, and errors in
// it are the reader's.
func whole(req *http.Request, resp *http.Response, cancel context.CancelFunc) error {
	if req.Method != http.MethodGet || resp.ContentLength <= 0 || resp.ContentLength > maxWhole {
		return nil
	}
	timer := time.AfterFunc(wholeTime, cancel)
	content, err := io.ReadAll(resp.Body)
	if slow := !timer.Stop(); err != nil {
		_ = resp.Body.Close()
		if slow {
			return errSlow
		}
		return err //nolint:wrapcheck // it is judged first; RoundTrip wraps what is left
	}
	resp.Body = body{bytes.NewReader(content), resp.Body}
	return nil
}

// body is the body of an answer.
type body struct {
	io.Reader
	io.Closer
}

// ending is a body with which the context of its request ends.
type ending struct {
	io.ReadCloser

	cancel context.CancelFunc
}

// Close implements [io.Closer].
func (e ending) Close() error {
	defer e.cancel()
	return e.ReadCloser.Close() //nolint:wrapcheck // as the body does
}
