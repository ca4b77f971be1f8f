// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// Referrer is a manifest that refers to another one: a signature, an SBOM, a statement.
type Referrer struct {
	Digest    v1.Hash
	MediaType types.MediaType
	Size      int64 // of the manifest, in bytes
	// ArtifactType says what it is: the manifest's own word, else the media type of its config.
	ArtifactType string
	// Cosign says what cosign stored under the tag Tag. None, and no tag, for what is listed by its subject.
	Cosign Cosign
	Tag    string
	// Kinds are the predicate types of its statements, such as https://slsa.dev/provenance/v1, each once.
	Kinds []string
	// Referrers refer to this one.
	Referrers []Referrer
}

// Cosign is a kind of content that cosign stores beside an image, under a tag.
type Cosign string

// The kinds of content that cosign knows a tag for.
const (
	CosignNone        Cosign = ""
	CosignSignature   Cosign = "signature"
	CosignAttestation Cosign = "attestation"
	CosignSBOM        Cosign = "sbom"
)

// Annotations that hold a predicate type beside BuildKit's: cosign's on a layer of what it stores under a tag, and sigstore's on
// the manifest of a bundle. The list of a registry without the referrers API may lack the latter.
// https://github.com/sigstore/cosign/blob/v2.6.0/cmd/cosign/cli/attest/attest.go
// https://github.com/sigstore/cosign/blob/v2.6.0/specs/BUNDLE_SPEC.md
const (
	cosignPredicateType = "predicateType"
	bundlePredicateType = "dev.sigstore.bundle.predicateType"
)

// referrers reads what refers to a list and to its images, by their digests.
func (r *reader) referrers(ctx context.Context, l *list) (map[v1.Hash][]Referrer, error) {
	known := append(l.parts(), l.manifest.Digest)
	var subjects []v1.Hash
	if l.single == nil {
		subjects = append(subjects, l.manifest.Digest)
	}
	for _, c := range l.children {
		subjects = append(subjects, c.Descriptor.Digest)
	}
	found, err := release.Referrers(ctx, r.origin, subjects, known)
	if err != nil {
		return nil, err
	}
	of := map[v1.Hash][]Referrer{}
	for _, f := range slices.Backward(found) { // what refers to a referrer comes after it
		referrer, err := newReferrer(f)
		if err != nil {
			return nil, err
		}
		referrer.Referrers = of[referrer.Digest]
		of[f.Subject] = slices.Insert(of[f.Subject], 0, referrer)
	}
	return of, nil
}

func newReferrer(found release.Referrer) (Referrer, error) {
	m := found.Manifest
	r := Referrer{Digest: m.Digest, MediaType: m.MediaType, Size: int64(len(m.Raw)), Tag: found.Tag}
	var parsed struct { // an index, and the artifact manifest of OCI's drafts, have some of it
		ArtifactType string `json:"artifactType"`
		Config       struct {
			MediaType string `json:"mediaType"`
		} `json:"config"`
		Layers []struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"layers"`
		Annotations map[string]string `json:"annotations"`
	}
	if err := json.Unmarshal(m.Raw, &parsed); err != nil {
		return r, fmt.Errorf("parsing manifest %s, which refers to %s: %w", m.Digest, found.Subject, err)
	}
	r.ArtifactType = cmp.Or(parsed.ArtifactType, parsed.Config.MediaType, found.Entry.ArtifactType)
	switch path.Ext(found.Tag) {
	case ".sig":
		r.Cosign = CosignSignature
	case ".att":
		r.Cosign = CosignAttestation
	case ".sbom":
		r.Cosign = CosignSBOM
	}
	for _, layer := range parsed.Layers {
		r.add(layer.Annotations[predicateType])
		r.add(layer.Annotations[cosignPredicateType])
	}
	r.add(parsed.Annotations[bundlePredicateType])
	return r, nil
}

// add adds a kind of statement, if it is one and new.
func (r *Referrer) add(kind string) {
	if kind != "" && !slices.Contains(r.Kinds, kind) {
		r.Kinds = append(r.Kinds, kind)
	}
}
