// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Upload implements [release.Blobs] by a POST and one PUT of it all, as
// containerd does: it is what registries see most of.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put
func (r *repository) Upload(ctx context.Context, desc v1.Descriptor, content io.Reader) error {
	location := r.takeSession(desc.Digest)
	if location == nil {
		var err error
		if location, err = r.beginUpload(ctx); err != nil {
			return err
		}
	}
	return r.finishUpload(ctx, location, desc, content)
}

// beginUpload returns where a blob is to be sent.
func (r *repository) beginUpload(ctx context.Context) (*url.URL, error) {
	resp, err := r.ask(ctx, http.MethodPost, r.url("blobs/uploads/"), nil, http.StatusAccepted)
	if err != nil {
		return nil, err
	}
	discard(resp)
	return sessionOf(resp)
}

// sessionOf returns the URL of the upload that a registry has begun. It may be on
// another host, that of its storage.
func sessionOf(resp *http.Response) (*url.URL, error) {
	location, err := resp.Location()
	if err != nil {
		if malformed, ok := errors.AsType[*url.Error](err); ok {
			err = malformed.Err // without the URL, which may be signed
		}
		return nil, fmt.Errorf("%s: the answer does not say where to upload to: %w", about(resp.Request), err)
	}
	if err := stray(resp.Request.URL, location); err != nil {
		return nil, err
	}
	location.User = nil // nobody is signed in to by what an answer says
	return location, nil
}

func (r *repository) finishUpload(ctx context.Context, location *url.URL, desc v1.Descriptor, content io.Reader) error {
	rt, err := r.connect(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body := newOutgoing(content, desc.Size, cancel)
	defer body.detach()

	target := *location
	if target.RawQuery != "" { // kept as it is: it may be signed
		target.RawQuery += "&"
	}
	target.RawQuery += "digest=" + url.QueryEscape(desc.Digest.String())
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, target.String(), body)
	if err != nil {
		return fmt.Errorf("preparing an upload: %w", err)
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	req.ContentLength = desc.Size
	if desc.Size == 0 {
		if err := body.drain(); err != nil {
			return err
		}
		req.Body = http.NoBody
	}
	want := []int{http.StatusCreated}
	if target.Host != r.repo.RegistryStr() {
		want = append(want, http.StatusOK, http.StatusNoContent) // storage has words of its own
	}
	resp, err := r.send(rt, req, want...)
	if err != nil {
		return body.explain(unfinished(err, r.repo.RegistryStr()))
	}
	discard(resp)
	return nil
}

// unfinished marks what is about the upload, rather than about the blob: the
// registry may take the same blob in a new upload.
func unfinished(err error, host string) error {
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	again := answer.Status == http.StatusUnauthorized || // the token has expired in the meantime
		answer.Status == http.StatusNotFound || answer.Status == http.StatusRequestedRangeNotSatisfiable || // the upload has
		answer.request != nil && answer.request.URL.Host != host || // the signature of the URL has
		answer.has(transport.BlobUploadUnknownErrorCode) || answer.has(transport.BlobUploadInvalidErrorCode)
	if !again {
		return err
	}
	marked := *answer
	marked.transient = true
	return &marked
}
