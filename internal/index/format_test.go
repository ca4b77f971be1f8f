// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for want, s := range map[index.Format]string{index.Auto: "auto", index.OCI: "oci", index.Docker: "docker"} {
		if got, err := index.ParseFormat(s); err != nil || got != want || got.String() != s {
			t.Errorf("ParseFormat(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "OCI", "v2s2", "Format(3)"} {
		if got, err := index.ParseFormat(s); err == nil {
			t.Errorf("ParseFormat(%q) = %v, want an error", s, got)
		}
	}
	if got := index.Format(3).String(); got != "Format(3)" {
		t.Errorf("Format(3).String() = %q", got)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mt             types.MediaType
		isIndex, image bool
	}{
		{types.OCIImageIndex, true, false},
		{types.DockerManifestList, true, false},
		{types.OCIManifestSchema1, false, true},
		{types.DockerManifestSchema2, false, true},
		{types.DockerManifestSchema1, false, false},
		{types.OCILayer, false, false},
		{"", false, false},
	}
	for _, tt := range tests {
		if isIndex, image := index.IsIndex(tt.mt), index.IsImage(tt.mt); isIndex != tt.isIndex || image != tt.image {
			t.Errorf("%q: IsIndex = %t, IsImage = %t, want %t, %t", tt.mt, isIndex, image, tt.isIndex, tt.image)
		}
	}
}
