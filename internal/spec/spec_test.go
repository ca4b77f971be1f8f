// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/spec"
)

func linux(arch, variant string) v1.Platform {
	return v1.Platform{OS: "linux", Architecture: arch, Variant: variant}
}

// The files have what manifest-tool's README, its release and its registry tests have:
// https://github.com/estesp/manifest-tool/tree/v2.2.1/hack and ../integration.
func TestParseExamples(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]spec.Spec{
		"readme.yaml": {
			Image: "myprivreg:5000/someimage:latest", Line: 1,
			Tags: []string{"1.0.0", "1.0", "1"},
			Manifests: []spec.Manifest{
				{Image: "myprivreg:5000/someimage:arm64", Line: 5, Platform: linux("arm64", "")},
				{Image: "myprivreg:5000/someimage:amd64", Line: 10, Platform: linux("amd64", "")},
			},
		},
		"registry.yaml": {
			Image: "__REGISTRY__/alpine:latest", Line: 1,
			Annotations: map[string]string{
				"org.opencontainers.image.title":    "My Image",
				"org.opencontainers.image.source":   "https://git.example/acme/app",
				"org.opencontainers.image.licenses": "Apache-2.0",
			},
			Manifests: []spec.Manifest{
				{Image: "__REGISTRY__/s390x_alpine:latest", Line: 8, Platform: linux("s390x", "")},
				{Image: "__REGISTRY__/aarch64_alpine:latest", Line: 13, Platform: linux("arm64", "v8")},
			},
		},
		"tags.yaml": {
			Image: "__REGISTRY__:latest", Line: 1,
			Manifests: []spec.Manifest{{Image: "__REGISTRY__:ppc64le_alpine_latest", Line: 4, Platform: linux("ppc64le", "")}},
		},
		"release.yaml": {
			Image: "mplatform/manifest-tool:VERS", Line: 1,
			Tags: []string{"latest"},
			Manifests: []spec.Manifest{
				{Image: "mplatform/manifest-tool:linux_i386_VERS", Line: 5, Platform: linux("386", "")},
				{Image: "mplatform/manifest-tool:linux_arm_v6_VERS", Line: 10, Platform: linux("arm", "v6")},
				{Image: "mplatform/manifest-tool:win2019_VERS", Line: 16, Platform: v1.Platform{OS: "windows", Architecture: "amd64"}},
			},
		},
		"windows.yaml": {
			Image: "registry.example/acme/app:1.2.3", Line: 1,
			Manifests: []spec.Manifest{
				{Image: "registry.example/acme/app:nano-1809", Line: 3, Platform: v1.Platform{
					OS: "windows", Architecture: "amd64", OSVersion: "10.0.17763.6054", OSFeatures: []string{"win32k"},
				}},
				{Image: "registry.example/acme/app:nano-ltsc2022", Line: 5, Platform: v1.Platform{
					OS: "windows", Architecture: "amd64", OSVersion: "10.0.20348.2700", OSFeatures: []string{"win32k"},
				}},
				{Image: "registry.example/acme/app:linux", Line: 13},
			},
			Warnings: []string{"line 12: features is ignored: it is reserved in the OCI specification, and manifest-tool ignores it since version 2"},
		},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			got, err := spec.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Parse(%s) (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestParseSpellings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want spec.Spec
	}{
		"a version is no number": {
			"image: a:1\ntags: [1.10, 2026, 0x10, 1_0, true]\nmanifests: [{image: b:1}]",
			spec.Spec{Image: "a:1", Line: 1, Tags: []string{"1.10", "2026", "0x10", "1_0", "true"}, Manifests: []spec.Manifest{{Image: "b:1", Line: 3}}},
		},
		"JSON, null for nothing": {
			`{"manifests": [{"platform": null, "image": "b:1"}], "tags": null, "annotations": {}, "image": "a:1"}`,
			spec.Spec{Image: "a:1", Line: 1, Manifests: []spec.Manifest{{Image: "b:1", Line: 1}}},
		},
		"a document that is marked, after comments and a byte order mark": {
			"\uFEFF# built by CI\n---\nimage: a:1\nmanifests:\n- image: b:1\n...\n",
			spec.Spec{Image: "a:1", Line: 3, Manifests: []spec.Manifest{{Image: "b:1", Line: 5}}},
		},
		"CRLF": {
			"image: a:1\r\nmanifests:\r\n- image: b:1\r\n",
			spec.Spec{Image: "a:1", Line: 1, Manifests: []spec.Manifest{{Image: "b:1", Line: 3}}},
		},
		"aliases and merge keys": {
			"image: a:1\nmanifests:\n- image: b:1\n  platform: &arm {os: linux, architecture: arm, variant: v7}\n" +
				"- image: c:1\n  platform: {<<: *arm, variant: v6}\n- image: d:1\n  platform: *arm\n" +
				"- image: e:1\n  platform: {<<: [{variant: v5}, *arm]}\n",
			spec.Spec{Image: "a:1", Line: 1, Manifests: []spec.Manifest{
				{Image: "b:1", Line: 3, Platform: linux("arm", "v7")},
				{Image: "c:1", Line: 5, Platform: linux("arm", "v6")},
				{Image: "d:1", Line: 7, Platform: linux("arm", "v7")},
				{Image: "e:1", Line: 9, Platform: linux("arm", "v5")},
			}},
		},
		"the rest of a platform is the image's": {
			"image: a:1\nmanifests:\n- image: b:1\n  platform: {variant: v8}\n- image: c:1\n  platform: {os.version: 10.0.1}",
			spec.Spec{Image: "a:1", Line: 1, Manifests: []spec.Manifest{
				{Image: "b:1", Line: 3, Platform: v1.Platform{Variant: "v8"}},
				{Image: "c:1", Line: 5, Platform: v1.Platform{OSVersion: "10.0.1"}},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := spec.Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", test.text, diff)
			}
		})
	}
}
