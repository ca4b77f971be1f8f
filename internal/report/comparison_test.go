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

func TestComparison(t *testing.T) {
	t.Parallel()
	side := func(ref, digest string, mediaType types.MediaType) inspect.Side {
		return inspect.Side{Reference: ref, Digest: hash(digest), MediaType: mediaType, Size: 1607}
	}
	here, there := side("ghcr.io/acme/app:1.2.3", "index", types.OCIImageIndex), side("docker.io/acme/app:1.2.3", "other index", types.DockerManifestList)
	was, is, odd := "1.2.2", "1.2.3", hostile
	for _, test := range []struct {
		name string
		in   inspect.Comparison
	}{
		{"compare_same", inspect.Comparison{A: here, B: side("oci:out:1.2.3", "index", types.OCIImageIndex)}},
		{"compare_differs", inspect.Comparison{
			A: here, B: there,
			Differs: []inspect.Difference{
				inspect.MediaTypeDiffers, inspect.AnnotationsDiffer, inspect.ImagesDiffer, inspect.OrderDiffers, inspect.OtherDiffers,
			},
			Annotations: []inspect.Annotation{
				{Name: "org.opencontainers.image.revision", B: &is},
				{Name: "org.opencontainers.image.url", A: &was},
				{Name: "org.opencontainers.image.version", A: &was, B: &is},
			},
			Images: []inspect.Pair{
				{Platform: "linux/amd64", A: hash("amd64"), B: hash("amd64")},
				{Platform: "linux/arm64", A: hash("arm64"), B: hash("newer"), Differs: []inspect.Difference{
					inspect.DigestDiffers, inspect.MediaTypeDiffers, inspect.PlatformDiffers, inspect.AnnotationsDiffer, inspect.AttestationsDiffer,
				}},
				{Platform: "linux/s390x", A: hash("s390x")},
				{B: hash("chart")},
			},
			Other: []inspect.Entry{
				{Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, ArtifactType: "application/vnd.example.sbom", Digest: hash("sbom"), Size: 12_345}},
				{Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: hash("lost"), Size: 836}, InB: true},
			},
		}},
		{"compare_bytes", inspect.Comparison{
			A: here, B: side("docker.io/acme/app:1.2.3", "other index", types.OCIImageIndex), Differs: []inspect.Difference{inspect.BytesDiffer},
		}},
		{"compare_hostile", inspect.Comparison{
			A: side(hostile, "x", hostile), B: side("ghcr.io/acme/app", "y", hostile), Differs: []inspect.Difference{inspect.ImagesDiffer},
			Annotations: []inspect.Annotation{{Name: hostile, A: &odd}},
			Images:      []inspect.Pair{{Platform: hostile, A: hash("x")}},
			Other:       []inspect.Entry{{Descriptor: v1.Descriptor{MediaType: hostile, ArtifactType: hostile, Digest: hash("z")}}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			report.WriteComparison(&b, test.in)
			checkPrintable(t, b.String())
			raw, err := report.ComparisonJSON(test.in)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, test.name, b.String()+"==== JSON\n"+string(raw)+"\n")
		})
	}
}
