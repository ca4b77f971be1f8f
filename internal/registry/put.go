// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// Put implements [release.Tags].
func (r *repository) Put(ctx context.Context, ref string, m release.Manifest) error {
	_, err := r.put(ctx, ref, m)
	return err
}

// PutReferrer implements [release.Blobs]. Where there is no way to list a
// referrer it puts it, and returns [release.ErrUnsupported].
func (r *repository) PutReferrer(ctx context.Context, m release.Manifest, entry v1.Descriptor) error {
	subject := subjectOf(m)
	if subject == (v1.Hash{}) {
		return fmt.Errorf("putting %s as a referrer: it has no subject", m.Digest)
	}
	header, err := r.put(ctx, m.Digest.String(), m)
	if err != nil {
		return err
	}
	// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
	if header.Get("OCI-Subject") == subject.String() && !r.noReferrers.Load() {
		return nil
	}
	return r.list(ctx, subject, entry)
}

// put sends a manifest, and returns the header of the answer.
func (r *repository) put(ctx context.Context, ref string, m release.Manifest) (http.Header, error) {
	rt, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, r.url("manifests/"+ref).String(), bytes.NewReader(m.Raw))
	if err != nil {
		return nil, fmt.Errorf("preparing a push: %w", err)
	}
	req.Header.Set("Content-Type", string(m.MediaType))
	resp, err := r.send(rt, req, http.StatusCreated, http.StatusOK, http.StatusAccepted)
	if err != nil {
		return nil, err
	}
	discard(resp)
	r.saw(ref)
	// Whatever was stored instead, no tag may follow.
	if stored := resp.Header.Get("Docker-Content-Digest"); stored != "" && stored != m.Digest.String() {
		return nil, fmt.Errorf("%s: sent %s, and the registry says that it stored %s", about(req), m.Digest, clip(stored))
	}
	return resp.Header, nil
}

// subjectOf returns the digest that a manifest refers to, zero if it does not.
func subjectOf(m release.Manifest) v1.Hash {
	var parts struct {
		Subject struct {
			Digest v1.Hash `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(m.Raw, &parts); err != nil {
		return v1.Hash{} // the registry is the judge of what it takes
	}
	return parts.Subject.Digest
}
