// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

const (
	// maxManifest is the largest manifest that registries must accept, the largest
	// config that we read, and the largest answer of any other kind.
	// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
	maxManifest = 4 << 20
	// maxList is the largest page of a list of tags. Some registries know no
	// pages: this is half a million tags.
	maxList = 16 << 20
	// maxErrorBody is how much of an error is read.
	maxErrorBody = 64 << 10
)

// bound cuts off what a registry sends without end. A blob has its reader to do
// that; of an error the beginning is enough.
func bound(req *http.Request, resp *http.Response) {
	switch {
	case resp.StatusCode/100 != 2:
		resp.Body = answer{io.LimitReader(resp.Body, maxErrorBody), resp.Body}
	case isBlob(req):
	case strings.HasSuffix(original(req).URL.Path, "/tags/list"):
		resp.Body = answer{&bounded{Reader: resp.Body, limit: maxList}, resp.Body}
	default:
		resp.Body = answer{&bounded{Reader: resp.Body, limit: maxManifest}, resp.Body}
	}
}

// answer is the body of an answer.
type answer struct {
	io.Reader
	io.Closer
}

// bounded fails when more than limit bytes come.
type bounded struct {
	io.Reader

	limit, n int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.n += int64(n)
	if b.n > b.limit {
		return 0, fmt.Errorf("the answer is larger than %d bytes", b.limit)
	}
	return n, err //nolint:wrapcheck // an io.Reader hands io.EOF on as it is
}
