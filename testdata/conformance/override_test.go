// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// newUntold is a repository with images that do not say, or say wrong, what they are for.
func newUntold(t *testing.T, j *journal) place {
	t.Helper()
	at := newPlace(t, j, start(t, []server{distribution3(true)})[0], "acme/app")
	for tag, config := range map[string]v1.ConfigFile{
		"windows": {OS: "windows", Architecture: "amd64", OSVersion: "10.0.17763.1", OSFeatures: []string{"old"}},
		"arm":     {OS: "linux", Architecture: "arm", Variant: "v7"},
		"unknown": {},
	} {
		config.RootFS.Type = "layers"
		at.pushImage(config, true, tag)
	}
	return at
}

// TestOverride sets or corrects what an image does not say, or says wrong.
func TestOverride(t *testing.T) {
	t.Parallel()
	var j journal
	at := newUntold(t, &j)
	file := filepath.Join(t.TempDir(), "spec.yaml")
	writeFile(t, file, strings.ReplaceAll(`image: REPO:by-spec
manifests:
  - {image: "REPO:windows", platform: {os: windows, architecture: amd64, os.version: 10.0.20348.2700, os.features: [win32k, other]}}
  - {image: "REPO:arm", platform: {os: linux, architecture: arm, variant: v6}}
  - {image: "REPO:unknown", platform: {os: linux, architecture: riscv64}}
`, "REPO", at.image()))
	sources := "--sources=" + join("windows/amd64:10.0.20348.2700+win32k+other="+at.image()+":windows",
		"linux/arm/v6="+at.image()+":arm", "linux/riscv64="+at.image()+":unknown")
	for tag, args := range map[string][]string{
		"by-sources": {"--images=" + at.image(), "--tags=by-sources", sources},
		"by-spec":    {"--spec=" + file},
	} {
		out := command{args: append([]string{"release"}, args...)}.start(t).wait(t)
		at.wantExit(out, 0)
		at.wantSaid(out, "linux/arm/v7", "linux/arm/v6", "win32k, other")
		list := at.index(tag)
		at.wantPlatforms(list, "linux/arm/v6", "linux/riscv64", "windows/amd64:10.0.20348.2700")
		if got := list.Manifests[2].Platform.OSFeatures; !slices.Equal(got, []string{"win32k", "other"}) {
			t.Errorf("%s: os.features are %v", tag, got)
		}
	}
}

// TestOverrideRefused: an architecture that the config contradicts is nobody's to set, and an image that says nothing needs a name that
// does.
func TestOverrideRefused(t *testing.T) {
	t.Parallel()
	var j journal
	at := newUntold(t, &j)
	for source, words := range map[string][]string{
		"linux/arm64=" + at.image() + ":arm":       {"linux/arm64", "linux/arm/v7"},
		"windows/arm64=" + at.image() + ":windows": {"windows/arm64", "windows/amd64"},
		"linux/amd64=" + at.image() + ":windows":   {"linux/amd64", "windows/amd64"},
		at.image() + ":unknown":                    {"no platform"},
	} {
		for _, format := range []string{"--sources=", "--spec="} {
			args := []string{"release", "--images=" + at.image(), "--tags=wrong", "--sources=" + source}
			if format == "--spec=" {
				args = []string{"release", "--spec=" + at.spec(source)}
			}
			out := command{args: args}.start(t).wait(t)
			if out.exit == 0 || len(j.find(nil, isWrite)) > 0 {
				t.Errorf("%s%s: exit status = 0, or something was written\n%s", format, source, out.output)
			}
			at.wantSaid(out, words...)
		}
	}
}

// spec writes a file with one source that may have a platform.
func (at place) spec(source string) string {
	at.Helper()
	text := "image: " + at.image() + ":wrong\nmanifests:\n"
	platform, image, ok := strings.Cut(source, "=")
	if ok {
		system, arch, _ := split(platform)
		text += "  - {image: '" + image + "', platform: {os: " + system + ", architecture: " + arch + "}}\n"
	} else {
		text += "  - {image: '" + source + "'}\n"
	}
	file := filepath.Join(at.TempDir(), "spec.yaml")
	writeFile(at.T, file, text)
	return file
}
