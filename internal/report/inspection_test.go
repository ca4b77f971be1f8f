// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/inspect"
	"github.com/polytag/polytag/internal/report"
)

// cosign is what cosign stores under a tag.
func cosign(kind inspect.Cosign, suffix string, kinds ...string) inspect.Referrer {
	return inspect.Referrer{
		Digest: hash(suffix), MediaType: types.OCIManifestSchema1, ArtifactType: string(types.OCIConfigJSON), Size: 558,
		Cosign: kind, Tag: "sha256-" + hash("subject").Hex + "." + suffix, Kinds: kinds,
	}
}

func TestInspection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		in   inspect.Inspection
	}{
		{"inspect_index", inspect.Inspection{
			Reference: "ghcr.io/acme/app:1.2.3", Digest: hash("index"), MediaType: types.OCIImageIndex, Size: 2338,
			Annotations: map[string]string{
				"org.opencontainers.image.version": "1.2.3",
				"org.opencontainers.image.source":  "https://github.com/acme/app?a=b&c=d",
			},
			Images: []inspect.Image{
				{
					Platform: "linux/amd64", Digest: hash("amd64"), Size: 561, Layers: 3, LayersSize: 999_949,
					Attestations: []inspect.Attestation{
						{Digest: hash("attestation"), Kinds: []string{"https://slsa.dev/provenance/v1", "https://spdx.dev/Document"}},
					},
				},
				{
					Platform: "linux/arm64/v8", Digest: hash("arm64"), Size: 561, Layers: 12, LayersSize: 999_950,
					Attestations: []inspect.Attestation{
						{Digest: hash("provenance"), Kinds: []string{"https://slsa.dev/provenance/v1"}},
						{Digest: hash("again"), Kinds: []string{"https://slsa.dev/provenance/v1"}},
						{Digest: hash("odd")},
					},
				},
				{
					Platform: "windows/amd64:10.0.17763.6054", Digest: hash("windows"), Size: 1040, Layers: 4, LayersSize: 2_400_000_000,
					Referrers: []inspect.Referrer{{
						Digest: hash("SPDX"), MediaType: types.OCIManifestSchema1, ArtifactType: "application/spdx+json", Size: 700,
						Referrers: []inspect.Referrer{
							{Digest: hash("signed SPDX"), MediaType: types.OCIManifestSchema1, ArtifactType: "application/vnd.cncf.notary.signature", Size: 700},
							{Digest: hash("index of something"), MediaType: types.OCIImageIndex, Size: 300},
						},
					}},
				},
			},
			Referrers: []inspect.Referrer{
				cosign(inspect.CosignSignature, "sig"),
				cosign(inspect.CosignAttestation, "att", "https://slsa.dev/provenance/v1", "https://spdx.dev/Document"),
				cosign(inspect.CosignSBOM, "sbom"),
				{
					Digest: hash("bundle"), MediaType: types.OCIManifestSchema1, ArtifactType: "application/vnd.dev.sigstore.bundle.v0.3+json", Size: 814,
					Kinds: []string{"https://sigstore.dev/cosign/sign/v1"},
				},
			},
			Other: []v1.Descriptor{
				{MediaType: types.OCIManifestSchema1, ArtifactType: "application/vnd.example.sbom", Digest: hash("sbom"), Size: 12_345},
				{MediaType: types.OCIManifestSchema1, Digest: hash("lost"), Size: 836, Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"}},
			},
		}},
		{"inspect_image", inspect.Inspection{
			Reference: "localhost:5000/acme/app:12be34-linux-amd64", Digest: hash("amd64"), MediaType: types.DockerManifestSchema2, Size: 528,
			Images: []inspect.Image{{Platform: "linux/amd64", Digest: hash("amd64"), Size: 528, Layers: 1, LayersSize: 999}},
		}},
		{"inspect_artifact", inspect.Inspection{
			Reference: "ghcr.io/acme/chart:1.2.3", Digest: hash("chart"), MediaType: types.OCIManifestSchema1, Size: 528,
			Images: []inspect.Image{{
				Digest: hash("chart"), Size: 528, Layers: 1, LayersSize: 1000, Referrers: []inspect.Referrer{cosign(inspect.CosignSignature, "sig")},
			}},
		}},
		{"inspect_hostile", inspect.Inspection{
			Reference: "ghcr.io/acme/app@" + hash("x").String(), Digest: hash("x"), MediaType: types.MediaType(hostile), Size: 1,
			Annotations: map[string]string{hostile: hostile},
			Images:      []inspect.Image{{Platform: hostile, Digest: hash("y"), Attestations: []inspect.Attestation{{Digest: hash("z"), Kinds: []string{hostile}}}}},
			Other:       []v1.Descriptor{{MediaType: types.MediaType(hostile), ArtifactType: hostile, Digest: hash("z")}},
			Referrers: []inspect.Referrer{{
				MediaType: types.MediaType(hostile), ArtifactType: hostile, Tag: hostile, Digest: hash("r"), Kinds: []string{hostile},
				Referrers: []inspect.Referrer{{Cosign: hostile, Digest: hash("s")}},
			}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			report.WriteInspection(&b, test.in)
			checkPrintable(t, b.String())
			raw, err := report.InspectionJSON(test.in)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, test.name, b.String()+"==== JSON\n"+string(raw)+"\n")
		})
	}
}
