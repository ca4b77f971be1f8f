// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestReferrers(t *testing.T) {
	t.Parallel()
	b := build(t)
	image, other := b.image("a"), b.image("b")

	sbom := imageDoc("sbom")
	sbom["subject"], sbom["artifactType"] = image, "application/spdx+json"
	byType := b.manifest(sbom)
	scan := imageDoc("scan")
	scan["subject"], scan["config"] = image, v1.Descriptor{MediaType: "application/vnd.acme.scan", Digest: digestOf([]byte("{}")), Size: 2}
	byConfig := b.manifest(scan)
	elsewhere := imageDoc("elsewhere")
	elsewhere["subject"] = other
	tagged := v1.Descriptor{
		MediaType: types.OCIManifestSchema1, Digest: digestOf([]byte("tagged")), Size: 6,
		ArtifactType: "application/x", Annotations: map[string]string{"k": "v"},
	}
	byType.ArtifactType, byType.Annotations = "application/spdx+json", map[string]string{"title": "sbom"}
	byConfig.ArtifactType, byConfig.Annotations = "application/vnd.acme.scan", map[string]string{"title": "scan"}

	fallback := strings.Replace(image.Digest.String(), ":", "-", 1)
	listed := byType
	listed.Annotations = nil // those of an entry are the layout's, not the manifest's
	b.list(image, refName, "a").list(listed, refName, "sbom").list(byConfig).list(byConfig).list(b.manifest(elsewhere)).
		list(v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digestOf([]byte("gone")), Size: 4}).
		list(v1.Descriptor{MediaType: "application/octet-stream", Digest: digestOf([]byte("no manifest")), Size: 1}).
		list(b.indexOf(tagged, byType), refName, fallback)

	for form, of := range forms {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			l := mustOpen(t, of(t, b.dir))
			got, err := l.Referrers(t.Context(), image.Digest, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]v1.Descriptor{byType, byConfig, tagged}, got); diff != "" {
				t.Errorf("Referrers (-want +got):\n%s", diff)
			}
			for _, desc := range []v1.Descriptor{byType, tagged} {
				if got, err := l.Referrers(t.Context(), desc.Digest, nil); len(got) > 0 || err != nil {
					t.Errorf("Referrers(%s) = %v, %v, want none", desc.Digest, got, err)
				}
			}
		})
	}
}

func TestReferrersFaults(t *testing.T) {
	t.Parallel()
	image := v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digestOf([]byte("image")), Size: 5}
	fallback := strings.Replace(image.Digest.String(), ":", "-", 1)
	for name, test := range map[string]struct {
		spoil func(b *builder)
		want  string
	}{
		"an entry that is no manifest": {func(b *builder) {
			desc := b.blob([]byte("no manifest"))
			desc.MediaType = types.OCIManifestSchema1
			b.list(desc)
		}, "it is no manifest"},
		"an entry of another size": {func(b *builder) {
			desc := b.image("a")
			desc.Size++
			b.list(desc)
		}, "bytes, not"},
		"many by the fallback tag": {func(b *builder) {
			var all []v1.Descriptor
			for i := range 1001 {
				all = append(all, v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digestOf([]byte{byte(i), byte(i >> 8)}), Size: 2})
			}
			b.list(b.indexOf(all...), refName, fallback)
		}, "there are too many"},
		"many by their subject": {func(b *builder) {
			for i := range 1001 {
				doc := imageDoc(string(rune('a'+i%26)) + strings.Repeat("x", i))
				doc["subject"] = image
				b.entries = append(b.entries, b.manifest(doc))
			}
			b.index()
		}, "there are too many"},
		"annotations without end": {func(b *builder) {
			for i := range 3 {
				doc := imageDoc(strings.Repeat(string(rune('a'+i)), 2<<20))
				doc["subject"] = image
				b.list(b.manifest(doc))
			}
		}, "there are too many"},
		"a fallback tag without its index": {func(b *builder) {
			b.list(v1.Descriptor{MediaType: types.DockerPluginConfig, Digest: digestOf([]byte("gone")), Size: 4}, refName, fallback)
		}, "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := build(t)
			test.spoil(b)
			got, err := mustOpen(t, b.dir).Referrers(t.Context(), image.Digest, nil)
			if err == nil {
				t.Fatalf("Referrers = %d descriptors, want an error", len(got))
			}
			check(t, "Referrers", err, test.want)
		})
	}
}
