// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
)

func TestParseBuildKit(t *testing.T) {
	t.Parallel()
	multi := layout("multi")
	got, err := index.Parse(multi.blob(t, multi.tags(t)["test-build-11c53"].Digest))
	if err != nil {
		t.Fatal(err)
	}
	want := index.Contents{MediaType: types.OCIImageIndex}
	for _, c := range []struct{ arch, digest, attestation string }{
		{"amd64", "e8ebf756cb9528676061ed06c6e9944172261d5f0854a94d6f8551a72c6971a9", "1e0f1c9b5d590a2af72536eb72590266b80ed179cb5324cc6b7228fe216034cb"},
		{"arm64", "b877ec6496705b13ea878420dcf8ddc72ef1f97f45660c8da0f55ca7e90237c7", "5bf9d9f614298d3aae6b5f84363124fab291b5dec2504419a61b51a765ddbe82"},
	} {
		want.Children = append(want.Children, index.Child{
			Descriptor: v1.Descriptor{
				MediaType: types.OCIManifestSchema1, Size: 561, Digest: v1.Hash{Algorithm: "sha256", Hex: c.digest},
				Platform: &v1.Platform{OS: "linux", Architecture: c.arch},
			},
			Attestations: []v1.Descriptor{{
				MediaType: types.OCIManifestSchema1, Size: 836, Digest: v1.Hash{Algorithm: "sha256", Hex: c.attestation},
				Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
				Annotations: map[string]string{
					"vnd.docker.reference.digest": "sha256:" + c.digest,
					"vnd.docker.reference.type":   "attestation-manifest",
				},
			}},
		})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseSortsOut(t *testing.T) {
	t.Parallel()
	a := image("a", "linux/amd64", "p1", "p2")
	b := image("b", "linux/arm64")
	orphan := image("gone", "linux/amd64", "p3").Attestations[0]
	nested := v1.Descriptor{MediaType: types.DockerManifestList, Size: 1, Digest: digest("n")}
	unmarked := orphan
	unmarked.Annotations = map[string]string{"vnd.docker.reference.digest": a.Descriptor.Digest.String()}
	bare := v1.Descriptor{MediaType: types.OCIManifestSchema1, Size: 1, Digest: digest("bare")}
	byCrane := bare
	byCrane.ArtifactType = string(types.DockerConfigJSON)
	artifact := bare
	artifact.ArtifactType = "application/vnd.example.sbom"
	schema1 := v1.Descriptor{MediaType: types.DockerManifestSchema1Signed, Size: 1, Digest: digest("old"), Platform: b.Descriptor.Platform}

	got, err := index.Parse(document(t, types.OCIImageIndex,
		a.Attestations[0], orphan, nested, a.Descriptor, unmarked, b.Descriptor, bare, artifact, byCrane, schema1, a.Attestations[1]))
	if err != nil {
		t.Fatal(err)
	}
	want := index.Contents{
		MediaType: types.OCIImageIndex,
		Children:  []index.Child{a, b, {Descriptor: bare}, {Descriptor: byCrane}},
		Nested:    []v1.Descriptor{nested},
		Other:     []v1.Descriptor{orphan, unmarked, artifact, schema1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseTakesAnIndexWithoutMediaType(t *testing.T) {
	t.Parallel()
	got, err := index.Parse([]byte(`{"schemaVersion":2,"manifests":[],"annotations":{"a":"b"}}`))
	want := index.Contents{MediaType: types.OCIImageIndex, Annotations: map[string]string{"a": "b"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Parse: %v (-want +got):\n%s", err, diff)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	const entry = `"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1`
	tests := []struct{ name, in, want string }{
		{"nothing", ``, "reading JSON"},
		{"not JSON", `<html>`, "reading JSON"},
		{"an array", `[]`, "reading JSON"},
		{"null", `null`, "schemaVersion is 0"},
		{"more than one", `{"schemaVersion":2,"manifests":[]}{}`, "reading JSON"},
		{"too deep", strings.Repeat(`[`, 100_000), "reading JSON"},
		{"image", `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}`, "manifest.v1+json is not that of an index"},
		{"image without media type", `{"schemaVersion":2,"config":{},"layers":[]}`, "it has no list of manifests"},
		{"both", `{"schemaVersion":2,"manifests":[],"layers":[]}`, "it has the fields of an image too"},
		{"schema 1", `{"schemaVersion":1,"manifests":[]}`, "schemaVersion is 1"},
		{"null list", `{"schemaVersion":2,"manifests":null}`, "it has no list of manifests"},
		{"list of another spelling", `{"schemaVersion":2,"Manifests":[]}`, "it has no list of manifests"},
		{"list is no list", `{"schemaVersion":2,"manifests":{}}`, "reading manifests"},
		{"annotation is a number", `{"schemaVersion":2,"manifests":[],"annotations":{"a":1}}`, "reading annotations"},
		{"null entry", `{"schemaVersion":2,"manifests":[null]}`, "reading entry 0: mediaType is missing"},
		{"no digest", `{"schemaVersion":2,"manifests":[{` + entry + `}]}`, "reading entry 0: digest is missing"},
		{"bad digest", `{"schemaVersion":2,"manifests":[{` + entry + `,"digest":"sha256:12"}]}`, "reading entry 0"},
		{"two faults", `{"schemaVersion":2,"manifests":[{},{` + entry + `,"digest":"md5:12"}]}`, "reading entry 1"},
		{"too large", `{"schemaVersion":2,"manifests":[]` + strings.Repeat(" ", index.MaxSize) + `}`, "more than the 4194304 that registries take"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := index.Parse([]byte(tt.in)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %+v, %v, want %q in the error", got, err, tt.want)
			}
			if _, err := index.Rewrite([]byte(tt.in), index.Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Rewrite: %v, want %q in the error", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, of := range []layout{"attested", "multi"} {
		for _, d := range fixtureIndexes(f, of) {
			f.Add(d)
		}
	}
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","size":0,"digest":"` + digest("n").String() + `"}]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":[null],"annotations":null,"mediaType":""}`))
	f.Add([]byte(`{"schemaVersion":2,"layers":1,"manifests":[{"platform":{"os":"unknown"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		contents, err := index.Parse(raw)
		if err != nil {
			return
		}
		got, err := index.Rewrite(raw, index.Options{})
		if empty := len(contents.Children)+len(contents.Nested) == 0; (err != nil) != empty {
			t.Fatalf("Rewrite: %v, of %+v", err, contents)
		}
		if err == nil && string(got.Raw) != string(raw) {
			t.Errorf("Rewrite = %q, want %q", got.Raw, raw)
		}
		marked, err := index.Rewrite(raw, index.Options{Format: index.OCI, Annotations: map[string]string{"a": "b"}})
		if err != nil || len(got.Raw) == 0 {
			return
		}
		if diff := cmp.Diff(contents.Children, marked.Children); diff != "" {
			t.Errorf("an annotation changes the images (-before +after):\n%s", diff)
		}
	})
}

// fixtureIndexes gives the bytes of all indexes that a layout's tags point at.
func fixtureIndexes(f *testing.F, of layout) [][]byte {
	f.Helper()
	var all [][]byte
	for _, name := range []string{"test-build-11c53", "12be34-linux-amd64", "12be34-linux-arm-v7"} {
		if d, ok := of.tags(f)[name]; ok {
			all = append(all, of.blob(f, d.Digest))
		}
	}
	return all
}

// document writes an index as another tool might.
func document(t *testing.T, mt types.MediaType, entries ...v1.Descriptor) []byte {
	t.Helper()
	list, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, `{"mediaType": %q, "manifests": %s, "schemaVersion": 2, "com.example": {"n": 1.0}}`, mt, list)
}
