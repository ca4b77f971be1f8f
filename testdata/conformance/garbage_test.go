// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// TestGarbageCollection collects garbage in distribution after a release, and measures what is left of it.
//
// With -m (--delete-untagged), v2.8 deletes every manifest without a tag of its own, even if a tagged index lists it. So
// there the images of a release are safe only as long as they have temporary tags. If each came with attestations, they
// are not safe even then, for the temporary tag is that of an index around the image. v3 keeps what an index lists.
// https://github.com/distribution/distribution/commit/601b37d98
func TestGarbageCollection(t *testing.T) {
	t.Parallel()
	v2, v3 := lookPath(t, "docker-registry", "docker-registry"), goTool(t, "registry")
	tests := map[string]struct {
		exe      string
		layout   string
		cleanUp  bool
		flags    []string
		wantLost bool
	}{
		"v2.8 docker":                 {exe: v2, layout: "docker", cleanUp: true},
		"v2.8 attested":               {exe: v2, layout: "attested", cleanUp: true},
		"v2.8 docker -m":              {exe: v2, layout: "docker", cleanUp: true, flags: []string{"-m"}, wantLost: true},
		"v2.8 docker -m, tags kept":   {exe: v2, layout: "docker", flags: []string{"-m"}},
		"v2.8 attested -m, tags kept": {exe: v2, layout: "attested", flags: []string{"-m"}, wantLost: true},
		"v3 attested":                 {exe: v3, layout: "attested", cleanUp: true},
		"v3 docker -m":                {exe: v3, layout: "docker", cleanUp: true, flags: []string{"-m"}},
		"v3 attested -m":              {exe: v3, layout: "attested", cleanUp: true, flags: []string{"-m"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := local.NewDistribution(t, test.exe, t.TempDir(), true)
			server := server{deletesTags: test.exe == v3}
			at := newTarget(t, server, d.Start(t), "acme/app")
			sources := at.fixture(test.layout)
			at.push(sources)
			args := sevenSources()
			if test.cleanUp {
				args = sevenCleaned()
			}
			out := at.release(args...)
			at.wantExit(out, 0)

			at = newTarget(t, server, d.CollectGarbage(t, test.flags...), "acme/app")
			at.wantTags(allAt(out.result.Digest, versionTags()...))
			if test.wantLost {
				at.wantChildrenLost("1.2.3")
				return
			}
			at.wantChildren(at.index("1.2.3"), sources.images())
			at.copyWithSkopeo()
		})
	}
}

// wantChildrenLost checks that an index is there, and nothing of what it lists.
func (at target) wantChildrenLost(tag string) {
	at.Helper()
	var got []string
	for _, d := range at.index(tag).Manifests {
		if at.resolve(at.repo.Digest(d.Digest.String())) != "" {
			got = append(got, d.Digest.String())
		}
	}
	if diff := cmp.Diff([]string(nil), got); diff != "" {
		at.Errorf("children that are still there (-want +got):\n%s", diff)
	}
}
