// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"context"
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

// annotated stores an index of some media type, with annotations.
func (s *store) annotated(mediaType types.MediaType, annotations map[string]string, entries ...v1.Descriptor) v1.Descriptor {
	return s.put(mediaType, encode(v1.IndexManifest{SchemaVersion: 2, MediaType: mediaType, Manifests: entries, Annotations: annotations}))
}

// with gives an entry annotations.
func with(d v1.Descriptor, annotations map[string]string) v1.Descriptor {
	d.Annotations = annotations
	return d
}

// TestCompare compares everything that may differ, alone and at once.
func TestCompare(t *testing.T) {
	t.Parallel()
	s := newStore()
	amd64, arm64, newer := s.image("linux/amd64", 1), s.image("linux/arm64", 2), s.image("linux/arm64", 3)
	first, second := on("linux", "amd64", amd64), on("linux", "arm64", arm64)
	variant := second
	variant.Platform = &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	docker := second
	docker.MediaType = types.DockerManifestSchema2
	statement := s.put(types.OCIManifestSchema1, attestation)
	attests := with(on("unknown", "unknown", statement), map[string]string{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": arm64.Digest.String(),
	})
	chart := s.put(types.OCIManifestSchema1, helm)
	chart.ArtifactType = "application/vnd.cncf.helm.config.v1+json"
	oci := func(entries ...v1.Descriptor) v1.Descriptor { return s.index(entries...) }
	text := func(text string) *string { return &text }

	same := func(platform string, d v1.Descriptor) inspect.Pair {
		return inspect.Pair{Platform: platform, A: d.Digest, B: d.Digest}
	}
	differs := func(what ...inspect.Difference) inspect.Pair {
		return inspect.Pair{Platform: "linux/arm64", A: arm64.Digest, B: arm64.Digest, Differs: what}
	}
	sameFirst, sameSecond := same("linux/amd64", first), same("linux/arm64", second)
	for _, tt := range []struct {
		name string
		a, b v1.Descriptor
		want inspect.Comparison // but for A and B
	}{
		{"the same", oci(first, second), oci(first, second), inspect.Comparison{}},
		{"another image", oci(first, second), oci(first, on("linux", "arm64", newer)), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer},
			Images:  []inspect.Pair{sameFirst, {Platform: "linux/arm64", A: arm64.Digest, B: newer.Digest, Differs: []inspect.Difference{inspect.DigestDiffers}}},
		}},
		{"only in a", oci(first, second), oci(first), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer},
			Images:  []inspect.Pair{sameFirst, {Platform: "linux/arm64", A: arm64.Digest}},
		}},
		{"only in b, and nothing in a", oci([]v1.Descriptor{}...), oci(second), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer},
			Images:  []inspect.Pair{{Platform: "linux/arm64", B: arm64.Digest}},
		}},
		{"order", oci(first, second), oci(second, first), inspect.Comparison{
			Differs: []inspect.Difference{inspect.OrderDiffers}, Images: []inspect.Pair{sameFirst, sameSecond},
		}},
		{"order beside what is only in one", oci(first, second), oci(second, on("linux", "riscv64", newer)), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer},
			Images:  []inspect.Pair{{Platform: "linux/amd64", A: amd64.Digest}, sameSecond, {Platform: "linux/riscv64", B: newer.Digest}},
		}},
		{"media type", oci(first), s.annotated(types.DockerManifestList, nil, first), inspect.Comparison{
			Differs: []inspect.Difference{inspect.MediaTypeDiffers}, Images: []inspect.Pair{sameFirst},
		}},
		{
			"annotations",
			s.annotated(types.OCIImageIndex, map[string]string{"a": "1", "both": "x", "only in a": ""}, first),
			s.annotated(types.OCIImageIndex, map[string]string{"a": "2", "both": "x", "only in b": "y"}, first),
			inspect.Comparison{
				Differs: []inspect.Difference{inspect.AnnotationsDiffer}, Images: []inspect.Pair{sameFirst},
				Annotations: []inspect.Annotation{{"a", text("1"), text("2")}, {"only in a", text(""), nil}, {"only in b", nil, text("y")}},
			},
		},
		{"annotations of an entry", oci(second), oci(with(second, map[string]string{"a": "b"})), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer}, Images: []inspect.Pair{differs(inspect.AnnotationsDiffer)},
		}},
		{"media type of an entry", oci(second), oci(docker), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer}, Images: []inspect.Pair{differs(inspect.MediaTypeDiffers)},
		}},
		{"platform of an entry", oci(second), oci(variant), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer}, Images: []inspect.Pair{differs(inspect.PlatformDiffers)},
		}},
		{"platform that is left out", oci(second), oci(arm64), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer}, Images: []inspect.Pair{differs(inspect.PlatformDiffers)},
		}},
		{"attestations", oci(second), oci(second, attests), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer}, Images: []inspect.Pair{differs(inspect.AttestationsDiffer)},
		}},
		{"artifacts", oci(first, chart), oci(first, attests), inspect.Comparison{
			Differs: []inspect.Difference{inspect.OtherDiffers}, Images: []inspect.Pair{sameFirst},
			Other: []inspect.Entry{{Descriptor: chart}, {Descriptor: attests, InB: true}},
		}},
		{"bytes", oci(first), s.put(types.OCIImageIndex, encode(v1.IndexManifest{SchemaVersion: 2, Manifests: []v1.Descriptor{first}})+"\n"), inspect.Comparison{
			Differs: []inspect.Difference{inspect.BytesDiffer}, Images: []inspect.Pair{sameFirst},
		}},
		{"an index within an index", oci(first), oci(oci(first)), inspect.Comparison{
			Differs: []inspect.Difference{inspect.BytesDiffer}, Images: []inspect.Pair{sameFirst},
		}},
		{"an index and the image in it", oci(with(second, map[string]string{"a": "b"}), attests), arm64, inspect.Comparison{
			Differs: []inspect.Difference{inspect.MediaTypeDiffers}, Images: []inspect.Pair{sameSecond},
		}},
		{"two images", arm64, newer, inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer},
			Images:  []inspect.Pair{{Platform: "linux/arm64", A: arm64.Digest, B: newer.Digest, Differs: []inspect.Difference{inspect.DigestDiffers}}},
		}},
		{"several for one platform", oci(second, on("linux", "arm64", newer)), oci(on("linux", "arm64", newer), second, second), inspect.Comparison{
			Differs: []inspect.Difference{inspect.ImagesDiffer, inspect.OrderDiffers},
			Images:  []inspect.Pair{sameSecond, same("linux/arm64", newer), {Platform: "linux/arm64", B: arm64.Digest}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := inspect.Compare(t.Context(), s.source(tt.a), s.source(tt.b))
			if err != nil {
				t.Fatal(err)
			}
			for _, side := range []struct {
				got inspect.Side
				of  v1.Descriptor
			}{{got.A, tt.a}, {got.B, tt.b}} {
				want := inspect.Side{Reference: "ghcr.io/acme/app@" + side.of.Digest.String(), Digest: side.of.Digest, MediaType: side.of.MediaType, Size: side.of.Size}
				if diff := cmp.Diff(want, side.got); diff != "" {
					t.Errorf("side (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(inspect.Comparison{}, "A", "B"), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Compare() (-want +got):\n%s", diff)
			}
			if want := tt.a.Digest == tt.b.Digest; got.Same() != want || want != (len(got.Differs) == 0) {
				t.Errorf("Same() = %t, Differs = %v, want %t", got.Same(), got.Differs, want)
			}
		})
	}
}

// counting counts what is read.
type counting struct {
	release.Origin

	reads []string
}

func (c *counting) Manifest(ctx context.Context, ref string) (release.Manifest, error) {
	c.reads = append(c.reads, ref)
	return c.Origin.Manifest(ctx, ref)
}

// TestCompareReads: no image is read whose platform the index says, and of two with one digest nothing but the manifest.
func TestCompareReads(t *testing.T) {
	t.Parallel()
	s := newStore()
	a := s.index(on("linux", "amd64", s.image("linux/amd64", 1)))
	b := s.index(on("linux", "amd64", s.image("linux/amd64", 2)))
	for _, tt := range []struct{ a, b v1.Descriptor }{{a, a}, {a, b}} {
		inA, inB := &counting{Origin: s}, &counting{Origin: s}
		sourceA, sourceB := s.source(tt.a), s.source(tt.b)
		sourceA.Origin, sourceB.Origin = inA, inB
		if _, err := inspect.Compare(t.Context(), sourceA, sourceB); err != nil {
			t.Fatal(err)
		}
		want := [][]string{{tt.a.Digest.String()}, {tt.b.Digest.String()}}
		if diff := cmp.Diff(want, [][]string{inA.reads, inB.reads}); diff != "" {
			t.Errorf("reads (-want +got):\n%s", diff)
		}
	}
}

func TestCompareErrors(t *testing.T) {
	t.Parallel()
	s := newStore()
	image := s.image("linux/amd64", 1)
	lost := v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}}
	gone := v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("b", 64)}}
	broken := s.index(lost) // whose platform is not said
	for _, tt := range []struct {
		name string
		a, b v1.Descriptor
		want []string
		is   error
	}{
		{"a is gone", lost, image, []string{"reading " + s.source(lost).Name + ": not found"}, release.ErrNotFound},
		{"both are gone", lost, gone, []string{"reading " + s.source(lost).Name, "reading " + s.source(gone).Name}, release.ErrNotFound},
		{"an image is gone", broken, image, []string{"reading " + s.source(broken).Name + ": reading " + lost.Digest.String()}, release.ErrNotFound},
		{"schema 1", image, s.put(types.DockerManifestSchema1, `{}`), []string{"is neither an image nor an index"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := inspect.Compare(t.Context(), s.source(tt.a), s.source(tt.b))
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("Compare() = %+v, %v, want an error that matches %v", got, err, tt.is)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Compare() = %v, want %q in it", err, want)
				}
			}
			if diff := cmp.Diff(inspect.Comparison{}, got); diff != "" {
				t.Errorf("Compare() beside an error (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzCompare compares an index with an altered one: both ways the same is found, and something that differs is always named.
func FuzzCompare(f *testing.F) {
	s := newStore()
	image := on("linux", "amd64", s.image("linux/amd64", 1))
	entry := encode(image)
	f.Add(`{"schemaVersion":2,"manifests":[`+entry+`]}`, `{"schemaVersion":2,"manifests":[]}`)
	f.Add(`{"schemaVersion":2,"manifests":[`+entry+`,`+entry+`]}`, `{"schemaVersion":2,"manifests":[`+entry+`],"annotations":{"a":""}}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		s := newStore()
		s.image("linux/amd64", 1)
		first, second := s.source(s.put(types.OCIImageIndex, a)), s.source(s.put(types.OCIImageIndex, b))
		there, err := inspect.Compare(t.Context(), first, second)
		back, backErr := inspect.Compare(t.Context(), second, first)
		if (err == nil) != (backErr == nil) {
			t.Fatalf("Compare() = %v, and the other way %v", err, backErr)
		}
		if err != nil {
			return
		}
		if there.Same() != (a == b) || there.Same() != (len(there.Differs) == 0) {
			t.Errorf("Same() = %t, Differs = %v", there.Same(), there.Differs)
		}
		if len(there.Images) != len(back.Images) || len(there.Annotations) != len(back.Annotations) || len(there.Other) != len(back.Other) {
			t.Errorf("Compare() = %+v, and the other way %+v", there, back)
		}
	})
}
