// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
)

// An index that is what was asked for stays what was tested, to the byte.
func TestRewriteIdentity(t *testing.T) {
	t.Parallel()
	multi := layout("multi")
	tested := multi.tags(t)["test-build-11c53"]
	plain := image("a", "linux/amd64").Descriptor
	annotated := []byte(`{"schemaVersion":2, "annotations":{"a":"b","c":"d"}, "manifests":[{"size":1,"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + plain.Digest.String() + `"}]}`)
	tests := []struct {
		name    string
		raw     []byte
		options index.Options
	}{
		{"nothing asked", multi.blob(t, tested.Digest), index.Options{}},
		{"OCI already", multi.blob(t, tested.Digest), index.Options{Format: index.OCI}},
		{"OCI without media type", annotated, index.Options{Format: index.OCI}},
		{"Docker already", document(t, types.DockerManifestList, docker(image("a", "linux/amd64")).Descriptor), index.Options{Format: index.Docker}},
		{"nothing to strip", document(t, types.OCIImageIndex, plain), index.Options{StripAttestations: true}},
		{"annotated already", annotated, index.Options{Annotations: map[string]string{"c": "d"}}},
		{"mixed by another tool", document(t, types.DockerManifestList, plain), index.Options{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := index.Rewrite(tt.raw, tt.options)
			if err != nil || string(got.Raw) != string(tt.raw) {
				t.Errorf("Rewrite = %s, %v, want %s", got.Raw, err, tt.raw)
			}
		})
	}
	if got, err := index.Rewrite(tests[0].raw, index.Options{}); err != nil || got.Digest != tested.Digest || len(entriesOf(got)) != 4 {
		t.Errorf("Rewrite has digest %s with %d entries, %v, want %s with 4", got.Digest, len(entriesOf(got)), err, tested.Digest)
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	arm, amd := image("b", "linux/arm64", "p"), image("a", "linux/amd64", "q")
	orphan := image("gone", "linux/amd64", "r").Attestations[0]
	const known = `"size":1,"digest":"`
	entryArm := `{"mediaType":"application/vnd.oci.image.manifest.v1+json",` + known + digest("b").String() + `","platform":{"architecture":"arm64","os":"linux"}}`
	entryAmd := strings.NewReplacer(digest("b").String(), digest("a").String(), "arm64", "amd64").Replace(entryArm)
	dockerType := strings.NewReplacer("vnd.oci.image.manifest.v1", "vnd.docker.distribution.manifest.v2")
	marked := `{"mediaType":"application/vnd.docker.distribution.manifest.v2+json",` + known + digest("b").String() + `", "com.example.x":1.50, "annotations":{"a":"b"}}`
	tests := []struct {
		name    string
		raw     string
		options index.Options
		want    string
	}{
		{
			"strip, the order stays", string(document(t, types.OCIImageIndex, arm.Attestations[0], arm.Descriptor, orphan, amd.Attestations[0], amd.Descriptor)),
			index.Options{StripAttestations: true},
			`{"com.example":{"n":1.0},"manifests":[` + entryArm + `,` + entryAmd + `],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}`,
		},
		{
			"annotate, others stay", `{"schemaVersion":2,"manifests":[` + entryArm + `],"annotations":{"a":"1","b":"2"}}`,
			index.Options{Annotations: map[string]string{"b": "3", "c": "x&y"}},
			`{"annotations":{"a":"1","b":"3","c":"x&y"},"manifests":[` + entryArm + `],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}`,
		},
		{
			"Docker to OCI, annotated", string(document(t, types.DockerManifestList, docker(amd).Descriptor)),
			index.Options{Format: index.OCI, Annotations: map[string]string{"a": "b"}},
			`{"annotations":{"a":"b"},"com.example":{"n":1.0},"manifests":[` + dockerType.Replace(entryAmd) + `],"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}`,
		},
		{
			"OCI to Docker", `{"schemaVersion":2,"manifests":[` + marked + `,` + dockerType.Replace(entryAmd) + `]}`,
			index.Options{Format: index.Docker},
			`{"manifests":[{"com.example.x":1.50,"digest":"` + digest("b").String() + `","mediaType":"application/vnd.docker.distribution.manifest.v2+json","size":1},` +
				dockerType.Replace(entryAmd) + `],"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","schemaVersion":2}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := index.Rewrite([]byte(tt.raw), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Raw) != tt.want {
				t.Errorf("Rewrite =\n%s, want\n%s", got.Raw, tt.want)
			}
			again, err := index.Rewrite(got.Raw, tt.options)
			if diff := cmp.Diff(got, again); err != nil || diff != "" {
				t.Errorf("Rewrite once more: %v (-once +twice):\n%s", err, diff)
			}
		})
	}
}

func TestRewriteKeepsTheRest(t *testing.T) {
	t.Parallel()
	nested := v1.Descriptor{MediaType: types.OCIImageIndex, Size: 1, Digest: digest("n")}
	orphan := image("gone", "linux/amd64", "r").Attestations[0]
	a := image("a", "linux/amd64", "p")
	got, err := index.Rewrite(document(t, types.OCIImageIndex, nested, orphan, a.Attestations[0], a.Descriptor), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []v1.Descriptor{a.Descriptor, a.Attestations[0], nested, orphan}
	if diff := cmp.Diff(want, entriesOf(got)); diff != "" {
		t.Errorf("Descriptors (-want +got):\n%s", diff)
	}
}

func TestRewriteErrors(t *testing.T) {
	t.Parallel()
	attested := image("a", "linux/amd64", "p")
	onDocker := docker(image("a", "linux/amd64")).Descriptor
	annotations := map[string]string{"a": "b"}
	tests := []struct {
		name    string
		raw     []byte
		options index.Options
		want    string // in the error, line by line
	}{
		{"list annotated", document(t, types.DockerManifestList, onDocker), index.Options{Annotations: annotations}, "annotations: a Docker manifest list has none"},
		{
			"OCI to Docker", document(t, types.OCIImageIndex, attested.Descriptor, attested.Attestations[0]),
			index.Options{Format: index.Docker, Annotations: annotations},
			"format: a Docker manifest list cannot hold linux/amd64\nattestations: a Docker manifest list cannot keep\nannotations: a Docker manifest list has none",
		},
		{
			"OCI to Docker, annotated before",
			[]byte(strings.Replace(string(document(t, types.OCIImageIndex, onDocker)), `"com.example"`, `"annotations":{"a":"b"},"com.example"`, 1)),
			index.Options{Format: index.Docker},
			"format: a Docker manifest list cannot hold the annotations that the index has",
		},
		{"nothing but attestations", document(t, types.OCIImageIndex, attested.Attestations[0]), index.Options{}, "it lists no image"},
		{"empty", document(t, types.OCIImageIndex, []v1.Descriptor{}...), index.Options{}, "rewriting index: it lists no image"},
		{"too large afterwards", document(t, types.OCIImageIndex, attested.Descriptor), index.Options{Annotations: map[string]string{"a": strings.Repeat("b", index.MaxSize)}}, "more than the 4194304"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := index.Rewrite(tt.raw, tt.options)
			if err == nil {
				t.Fatalf("Rewrite = %s, want an error", got.Raw)
			}
			for want := range strings.Lines(tt.want) {
				if !strings.Contains(err.Error(), strings.TrimSuffix(want, "\n")) {
					t.Errorf("Rewrite: %v, want %q in it", err, want)
				}
			}
		})
	}
}
