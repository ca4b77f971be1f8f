// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// Has implements [release.Blobs].
func (r *repository) Has(ctx context.Context, digest v1.Hash) (bool, error) {
	resp, err := r.ask(ctx, http.MethodHead, r.url("blobs/"+digest.String()), nil, http.StatusOK)
	switch {
	case errors.Is(err, release.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	discard(resp)
	return true, nil
}

// Open implements [release.Origin]. If the connection breaks in the middle,
// reading goes on from there where the registry, or its storage, knows ranges.
func (r *repository) Open(ctx context.Context, desc v1.Descriptor) (io.ReadCloser, error) {
	hash, err := v1.Hasher(desc.Digest.Algorithm)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", desc.Digest, err)
	}
	body, err := r.openAt(ctx, desc, 0)
	if err != nil {
		return nil, err
	}
	return &download{desc: desc, hash: hash, body: body, again: func(attempt int, from int64) (*stream, error) {
		if err := release.Pause(ctx, firstPause<<(attempt-1)); err != nil {
			return nil, err
		}
		return r.openAt(ctx, desc, from)
	}}, nil
}

// openAt opens a blob at an offset.
func (r *repository) openAt(ctx context.Context, desc v1.Descriptor, from int64) (*stream, error) {
	header, want := http.Header{}, http.StatusOK
	header.Set("Accept-Encoding", "identity") // offsets and digests are those of what is stored
	if from > 0 {
		header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
		want = http.StatusPartialContent
	}
	ctx, cancel := context.WithCancel(ctx)
	resp, err := r.ask(ctx, http.MethodGet, r.url("blobs/"+desc.Digest.String()), header, want)
	if err == nil {
		if err = checkLength(resp, desc.Size, from); err != nil {
			_ = resp.Body.Close()
		}
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return newStream(resp.Body, cancel), nil
}

// checkLength compares what the headers of an answer say with what was asked for.
func checkLength(resp *http.Response, size, from int64) error {
	if length := resp.ContentLength; length > size-from || from == 0 && length >= 0 && length != size {
		return hopeless{fmt.Errorf("%s: the blob has %d bytes, want %d", about(resp.Request), from+length, size)}
	}
	if from == 0 {
		return nil
	}
	var first, last int64
	var total string
	text := resp.Header.Get("Content-Range")
	_, err := fmt.Sscanf(text, "bytes %d-%d/%s", &first, &last, &total)
	if err != nil || first != from || total != "*" && total != strconv.FormatInt(size, 10) {
		return fmt.Errorf("%s: asked for what follows byte %d of %d, got %q", about(resp.Request), from, size, text)
	}
	return nil
}
