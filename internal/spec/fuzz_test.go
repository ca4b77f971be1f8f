// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/internal/spec"
)

var beginsWithLine = regexp.MustCompile(`^line [1-9][0-9]*: .`)

// What is accepted means the same when it is written anew, and what is refused names its lines.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, fault := range faults {
		if len(fault.text) < 1<<10 {
			f.Add([]byte(fault.text))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, err := spec.Parse(raw)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !beginsWithLine.MatchString(line) {
					t.Errorf("Parse(%q): %q names no line", raw, line)
				}
			}
			return
		}
		if want.Image == "" || want.Line < 1 || len(want.Manifests) == 0 {
			t.Fatalf("Parse(%q) = %+v lacks what is required", raw, want)
		}
		rewritten := rewrite(t, want)
		got, err := spec.Parse(rewritten)
		if err != nil {
			t.Fatalf("Parse(%q), rewritten from %q: %v", rewritten, raw, err)
		}
		ignored := []cmp.Option{
			cmpopts.IgnoreFields(spec.Spec{}, "Line", "Warnings"), cmpopts.IgnoreFields(spec.Manifest{}, "Line"), cmpopts.EquateEmpty(),
		}
		if diff := cmp.Diff(want, got, ignored...); diff != "" {
			t.Errorf("Parse(%q), rewritten from %q (-want +got):\n%s", rewritten, raw, diff)
		}
	})
}

func rewrite(t *testing.T, s spec.Spec) []byte {
	t.Helper()
	type manifest struct {
		Image    string
		Platform map[string]any
	}
	var manifests []manifest
	for _, m := range s.Manifests {
		p := m.Platform
		manifests = append(manifests, manifest{m.Image, map[string]any{
			"os": p.OS, "architecture": p.Architecture, "variant": p.Variant, "os.version": p.OSVersion, "os.features": p.OSFeatures,
		}})
	}
	raw, err := yaml.Marshal(map[string]any{"image": s.Image, "tags": s.Tags, "annotations": s.Annotations, "manifests": manifests})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
