// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"io"
	"net/http"
)

// maxWhole is the length up to which an answer is read before it is handed over: manifests, configs and lists of tags.
const maxWhole = 1 << 20

// whole reads the body of a short answer to a GET, so that a connection which breaks in the middle of it is one that the
// request is sent again for. The body of any other answer is streamed, and errors in it are the reader's.
func whole(req *http.Request, resp *http.Response) error {
	if req.Method != http.MethodGet || resp.ContentLength <= 0 || resp.ContentLength > maxWhole {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		_ = resp.Body.Close()
		return err //nolint:wrapcheck // it is judged first; RoundTrip wraps what is left
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), resp.Body}
	return nil
}
