// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// TestManifestsAreRationed proves that a source cannot fill the memory with manifests, each of which is as large as allowed.
func TestManifestsAreRationed(t *testing.T) {
	t.Parallel()
	const n = 6
	fatten := func(t *testing.T, m release.Manifest, mark int) release.Manifest {
		t.Helper()
		var parsed v1.Manifest
		if err := json.Unmarshal(m.Raw, &parsed); err != nil {
			t.Fatal(err)
		}
		parsed.Annotations = map[string]string{strconv.Itoa(mark): strings.Repeat("x", 4<<20-1000)}
		return manifest(m.MediaType, encode(t, parsed))
	}
	tests := map[string]func(t *testing.T, s *store){
		"images": func(t *testing.T, s *store) {
			t.Helper()
			var entries []v1.Descriptor
			for i := range n {
				entries = append(entries, entry(s.add("", fatten(t, s.push(t, amd64, nil), i)), &amd64))
			}
			s.pushIndex(t, entries, "tested")
		},
		"indexes": func(t *testing.T, s *store) {
			t.Helper()
			var entries []v1.Descriptor
			for i := range n {
				raw := fmt.Appendf(nil, `{"schemaVersion":2,"manifests":[],"x":%d}%s`, i, strings.Repeat(" ", 4<<20-1000))
				entries = append(entries, entry(s.add("", manifest(types.OCIImageIndex, raw)), nil))
			}
			s.pushIndex(t, entries, "tested")
		},
		"artifacts": func(t *testing.T, s *store) {
			t.Helper()
			image := s.push(t, amd64, nil)
			entries := []v1.Descriptor{entry(image, &amd64)}
			for i := range n {
				e := entry(s.add("", fatten(t, image, i)), nil)
				e.ArtifactType = "application/vnd.example"
				entries = append(entries, e)
			}
			s.pushIndex(t, entries, "tested")
		},
		"referrers": func(t *testing.T, s *store) {
			t.Helper()
			image := s.push(t, amd64, nil, "tested")
			for i := range n {
				m := s.add("", fatten(t, image, i))
				s.referrers[image.Digest] = append(s.referrers[image.Digest], entry(m, nil))
			}
		},
	}
	for name, fill := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			fill(t, s)
			req := request(t, "1.2.3", "{version}")
			from := repository(t, "other.example/staging")
			req.Sources = release.Sources{Refs: []release.SourceRef{{Text: "tested", Ref: from.Tag("tested")}}}
			_, err := release.Read(t.Context(), req, registries{from: s, req.Primary(): newStore()}, nil)
			if err == nil || !strings.Contains(err.Error(), "all manifests together are larger than 16 MiB") {
				t.Errorf("Read = %v, want that the manifests are too large", err)
			}
		})
	}
}
