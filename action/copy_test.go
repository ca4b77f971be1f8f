// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
)

// signed is a registry with an index of one image, as "tested", with a signature under cosign's tag and an SBOM as a referrer.
func signed(tb testing.TB, images map[string]v1.Image) *registrytest.Registry {
	tb.Helper()
	r := registrytest.New(registrytest.Options{Referrers: registrytest.ReferrersAPI})
	index := mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{Add: images["build-linux-amd64"]})
	digest := r.Push(tb, repo+":tested", index)
	subject, err := partial.Descriptor(index)
	if err != nil {
		tb.Fatal(err)
	}
	r.Push(tb, repo+":"+signatureOf(digest.String()), image(tb, "linux/amd64", "signature"))
	r.Push(tb, repo, mutate.Subject(image(tb, "linux/amd64", "sbom"), *subject).(v1.Image))
	return r
}

// signatureOf is the tag under which cosign looks for a signature.
func signatureOf(digest string) string { return strings.Replace(digest, ":", "-", 1) + ".sig" }

// checkCopies looks whether a tag moved although not everything was in every target. A registry that says to have stored what it has not
// is not believed twice, but it is believed.
func (x trial) checkCopies(t *testing.T) {
	t.Helper()
	if !maps.Equal(tagsOf(x.before, x.from), tagsOf(x.after, x.from)) {
		x.errorf(t, "the source has %v, want it untouched", tagsOf(x.after, x.from))
	}
	digest := tagsOf(x.before, x.from)["tested"]
	for _, h := range x.names() {
		if tagsOf(x.after, h)["1"] == tagsOf(x.before, h)["1"] || x.fault.Status == http.StatusCreated {
			continue
		}
		for _, other := range x.names() {
			for _, wrong := range lacking(t, x.registries[other], digest) {
				if x.isUnsigned() && isSignature(wrong) {
					continue
				}
				x.errorf(t, "%s has moved tags, and %s lacks %s", h, other, wrong)
			}
		}
	}
}

// same compares two states. Nobody can tell what is missing if a source says that it has no signatures, or a target that it has stored
// them.
func (x trial) same(a, b map[string]string) bool {
	if x.isUnsigned() {
		return maps.Equal(withoutSignatures(a), withoutSignatures(b))
	}
	return maps.Equal(a, b)
}

// isUnsigned reports whether signatures may be missing.
func (x trial) isUnsigned() bool {
	switch {
	case x.from == "":
		return false
	case x.fault.Status == http.StatusCreated:
		return true
	}
	return x.host == x.from && (x.fault.Status == http.StatusNotFound || x.fault.Status == http.StatusMethodNotAllowed || x.fault.HTML)
}

// withoutSignatures is a state without the tags that belong to signatures.
func withoutSignatures(state map[string]string) map[string]string {
	out := maps.Clone(state)
	maps.DeleteFunc(out, func(key, _ string) bool { return isSignature(key[strings.Index(key, ":")+1:]) })
	return out
}

// isSignature reports whether a tag belongs to a signature, or lists those of an image.
func isSignature(tag string) bool { return strings.HasPrefix(tag, "sha256-") }

// lacking says what a registry lacks of an index that was copied with its signature and its SBOM.
func lacking(t *testing.T, r *registrytest.Registry, digest string) []string {
	t.Helper()
	var out []string
	refs := []string{digest, signatureOf(digest), strings.Replace(digest, ":", "-", 1)}
	for len(refs) > 0 {
		raw, _, ok := r.Manifest(repo, refs[0])
		if !ok {
			out = append(out, refs[0])
		}
		var parsed struct {
			Manifests []v1.Descriptor `json:"manifests"`
			Layers    []v1.Descriptor `json:"layers"`
			Config    *v1.Descriptor  `json:"config"`
		}
		if err := json.Unmarshal(raw, &parsed); ok && err != nil {
			t.Fatal(err)
		}
		refs = refs[1:]
		for _, d := range parsed.Manifests {
			refs = append(refs, d.Digest.String())
		}
		if parsed.Config != nil {
			parsed.Layers = append(parsed.Layers, *parsed.Config)
		}
		for _, d := range parsed.Layers {
			if _, ok := r.Blob(repo, d.Digest); !ok {
				out = append(out, d.Digest.String())
			}
		}
	}
	return out
}
