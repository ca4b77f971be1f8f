// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/polytag/polytag/internal/inspect"
)

// InspectedReferrer is a manifest that refers to another one: a signature, an SBOM, a statement.
type InspectedReferrer struct {
	Digest    string `json:"digest"`
	MediaType string `json:"mediaType"`
	// ArtifactType says what it is: the manifest's own word, else the media type of its config. Left out if neither says it.
	ArtifactType string `json:"artifactType,omitempty"`
	// Cosign is what cosign stored under Tag: signature, attestation or sbom. Both are left out for what is found by its subject.
	Cosign string `json:"cosign,omitempty"`
	Tag    string `json:"tag,omitempty"`
	// Size is that of the manifest.
	Size int64 `json:"size"`
	// Kinds are the predicate types of its statements: https://slsa.dev/provenance/v1.
	Kinds []string `json:"kinds"`
	// Referrers refer to this one.
	Referrers []InspectedReferrer `json:"referrers"`
}

func inspectedReferrers(in []inspect.Referrer) []InspectedReferrer {
	out := []InspectedReferrer{}
	for _, x := range in {
		out = append(out, InspectedReferrer{
			Digest: digest(x.Digest), MediaType: string(x.MediaType), ArtifactType: x.ArtifactType,
			Cosign: string(x.Cosign), Tag: x.Tag, Size: x.Size,
			Kinds: append([]string{}, x.Kinds...), Referrers: inspectedReferrers(x.Referrers),
		})
	}
	return out
}

// writeReferrers writes what refers to the index and its images. What refers to a referrer comes right after that, and names it.
func writeReferrers(w io.Writer, d InspectionDocument) {
	t := table{}
	t.add("REFERRER", "DIGEST", "OF")
	t.addReferrers("index", d.Referrers)
	for _, x := range d.Images {
		t.addReferrers(cmp.Or(x.Platform, short(x.Digest)), x.Referrers)
	}
	if len(t.rows) > 1 {
		fmt.Fprintln(w)
		t.write(w, false)
	}
}

func (t *table) addReferrers(of string, referrers []InspectedReferrer) {
	for _, x := range referrers {
		t.add(x.words(), short(x.Digest), of)
		t.addReferrers(short(x.Digest), x.Referrers)
	}
}

// words says what a referrer is.
func (r InspectedReferrer) words() string {
	what := cmp.Or(r.ArtifactType, r.MediaType)
	switch {
	case r.Cosign == string(inspect.CosignSBOM):
		what = "cosign SBOM"
	case r.Cosign != "":
		what = "cosign " + r.Cosign
	case strings.HasPrefix(what, "application/vnd.dev.sigstore.bundle."):
		what = "sigstore bundle"
	}
	kinds := make([]string, 0, len(r.Kinds))
	for _, k := range r.Kinds {
		kinds = append(kinds, strings.TrimPrefix(k, "https://"))
	}
	if len(kinds) == 0 {
		return what
	}
	return what + ": " + strings.Join(kinds, ", ")
}
