// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/inspect"
	"github.com/polytag/polytag/internal/release"
)

// refer stores a manifest, and lists it as a referrer.
func (s *store) refer(subject v1.Descriptor, raw string) v1.Descriptor {
	d := s.put(types.OCIManifestSchema1, strings.TrimSuffix(raw, "}")+`,"subject":`+encode(subject)+`}`)
	s.referrers[subject.Digest] = append(s.referrers[subject.Digest], d)
	return d
}

// attach stores a manifest under the tag that cosign gives it.
func (s *store) attach(subject v1.Descriptor, suffix, raw string) (d v1.Descriptor, tag string) {
	d = s.put(types.OCIManifestSchema1, raw)
	tag = strings.Replace(subject.Digest.String(), ":", "-", 1) + suffix
	s.manifests[tag] = s.manifests[d.Digest.String()]
	return d, tag
}

// What tools push, cut down to what says what it is.
const (
	sbom = `{"artifactType":"application/spdx+json","config":{"mediaType":"application/vnd.oci.empty.v1+json"},"layers":[]}`
	// https://github.com/sigstore/cosign/blob/v2.6.0/specs/BUNDLE_SPEC.md
	bundle = `{"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json",
		"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"https://slsa.dev/provenance/v1"}}`
	signature   = `{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"},"layers":[{"annotations":{"dev.cosignproject.cosign/signature":"MEUC"}}]}`
	attestation = `{"config":{"mediaType":"application/vnd.oci.image.config.v1+json"},"layers":[
		{"annotations":{"predicateType":"https://spdx.dev/Document"}},
		{"annotations":{"predicateType":"https://cosign.sigstore.dev/attestation/vuln/v1"}},
		{"annotations":{"predicateType":"https://spdx.dev/Document"}}]}`
	helm = `{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"}}`
)

func TestReferrers(t *testing.T) {
	t.Parallel()
	s := newStore()
	amd64, arm64 := s.image("linux/amd64", 1), s.image("linux/arm64", 2)
	top := s.index(on("linux", "amd64", amd64), on("linux", "arm64", arm64))
	describe := func(d v1.Descriptor, artifactType string) inspect.Referrer {
		return inspect.Referrer{Digest: d.Digest, MediaType: d.MediaType, Size: d.Size, ArtifactType: artifactType}
	}
	const image = "application/vnd.oci.image.config.v1+json"

	ofIndex := s.refer(top, bundle)
	wantOfIndex := describe(ofIndex, "application/vnd.dev.sigstore.bundle.v0.3+json")
	wantOfIndex.Kinds = []string{"https://slsa.dev/provenance/v1"}

	ofAMD64 := s.refer(amd64, sbom)
	s.referrers[amd64.Digest] = append(s.referrers[amd64.Digest], arm64) // which is shown already
	signed, tag := s.attach(ofAMD64, ".sig", signature)
	wantSigned := describe(signed, image)
	wantSigned.Cosign, wantSigned.Tag = inspect.CosignSignature, tag
	wantOfAMD64 := describe(ofAMD64, "application/spdx+json")
	wantOfAMD64.Referrers = []inspect.Referrer{wantSigned}

	attested, tag := s.attach(arm64, ".att", attestation)
	wantAttested := describe(attested, image)
	wantAttested.Cosign, wantAttested.Tag = inspect.CosignAttestation, tag
	wantAttested.Kinds = []string{"https://spdx.dev/Document", "https://cosign.sigstore.dev/attestation/vuln/v1"}
	listed, tag := s.attach(arm64, ".sbom", helm)
	wantListed := describe(listed, "application/vnd.cncf.helm.config.v1+json")
	wantListed.Cosign, wantListed.Tag = inspect.CosignSBOM, tag

	got, err := s.inspect(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	want := inspect.Inspection{Referrers: []inspect.Referrer{wantOfIndex}, Images: []inspect.Image{
		{Platform: "linux/amd64", Digest: amd64.Digest, Size: amd64.Size, Layers: 1, LayersSize: 1, Referrers: []inspect.Referrer{wantOfAMD64}},
		{Platform: "linux/arm64", Digest: arm64.Digest, Size: arm64.Size, Layers: 1, LayersSize: 2, Referrers: []inspect.Referrer{wantAttested, wantListed}},
	}}
	onlyFound := cmpopts.IgnoreFields(inspect.Inspection{}, "Reference", "Digest", "MediaType", "Size", "Raw")
	if diff := cmp.Diff(want, got, onlyFound, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Read() (-want +got):\n%s", diff)
	}

	got, err = s.inspect(t.Context(), arm64)
	if err != nil {
		t.Fatal(err)
	}
	want = inspect.Inspection{Images: want.Images[1:]} // those of a single image are with the image alone
	if diff := cmp.Diff(want, got, onlyFound, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("Read() of an image (-want +got):\n%s", diff)
	}
}

func TestReferrerErrors(t *testing.T) {
	t.Parallel()
	s := newStore()
	image := s.image("linux/amd64", 1)
	broken, _ := s.attach(image, ".sig", `[]`)
	got, err := s.inspect(t.Context(), image)
	if want := "parsing manifest " + broken.Digest.String() + ", which refers to " + image.Digest.String(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Read() = %v, want an error with %q", err, want)
	}
	if got.Images != nil || got.Raw == nil {
		t.Errorf("Read() = %+v beside an error, want what was read of the reference alone", got)
	}
}

// TestManifest reads no more than the manifest, whatever that is.
func TestManifest(t *testing.T) {
	t.Parallel()
	s := newStore()
	for _, d := range []v1.Descriptor{
		s.index(on("linux", "arm64", v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}})),
		s.put(types.DockerManifestSchema1Signed, `{}`),
	} {
		if m, err := inspect.Manifest(t.Context(), s.source(d)); err != nil || m.Digest != d.Digest {
			t.Errorf("Manifest(%s) = %s, %v, want it", d.Digest, m.Digest, err)
		}
	}
	none := v1.Descriptor{Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}}
	if _, err := inspect.Manifest(t.Context(), s.source(none)); !errors.Is(err, release.ErrNotFound) || !strings.HasPrefix(err.Error(), "reading ghcr.io/acme/app@sha256:aaa") {
		t.Errorf("Manifest() = %v, want %v", err, release.ErrNotFound)
	}
}
