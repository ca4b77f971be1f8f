// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// Put implements [release.Tags]. A manifest with a subject is listed as its
// referrer, too, if the registry does not do that and there is a way to.
func (r *repository) Put(ctx context.Context, ref string, m release.Manifest) error {
	subject, entry := referrerOf(m)
	err := r.putReferrer(ctx, ref, m, subject, entry)
	if errors.Is(err, errNoTag) {
		return nil
	}
	return err
}

// PutReferrer implements [release.Blobs]. Where there is no way to list a
// referrer it puts it, and returns [release.ErrUnsupported].
func (r *repository) PutReferrer(ctx context.Context, m release.Manifest, entry v1.Descriptor) error {
	subject, _ := referrerOf(m)
	if subject == (v1.Hash{}) {
		return fmt.Errorf("putting %s as a referrer: it has no subject", m.Digest)
	}
	return r.putReferrer(ctx, m.Digest.String(), m, subject, entry)
}

// putReferrer puts a manifest, and makes sure that entry is among the referrers
// of its subject, if it has one.
func (r *repository) putReferrer(ctx context.Context, ref string, m release.Manifest, subject v1.Hash, entry v1.Descriptor) error {
	header, err := r.put(ctx, ref, m)
	if err != nil || subject == (v1.Hash{}) {
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
	return resp.Header, nil
}

// referrerOf returns the subject of a manifest, zero if it has none, and how the
// manifest is described among its referrers.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
func referrerOf(m release.Manifest) (subject v1.Hash, entry v1.Descriptor) {
	var parts struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
		Config       struct {
			MediaType types.MediaType `json:"mediaType"`
		} `json:"config"`
		Subject struct {
			Digest v1.Hash `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(m.Raw, &parts); err != nil {
		return v1.Hash{}, v1.Descriptor{} // the registry is the judge of what it takes
	}
	if parts.ArtifactType == "" {
		parts.ArtifactType = string(parts.Config.MediaType)
	}
	return parts.Subject.Digest, v1.Descriptor{
		MediaType: m.MediaType, Size: int64(len(m.Raw)), Digest: m.Digest,
		ArtifactType: parts.ArtifactType, Annotations: parts.Annotations,
	}
}
