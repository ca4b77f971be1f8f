// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tested is the tag of the one image in the layout multi.
const tested = "test-build-11c53"

// TestCopyBetween copies from each kind of registry to each other.
func TestCopyBetween(t *testing.T) {
	t.Parallel()
	all := start(t, servers())
	for _, from := range all {
		for _, to := range all {
			if from.name != to.name {
				t.Run(from.name+" to "+to.name, func(t *testing.T) {
					t.Parallel()
					copyPromoted(t, from, to)
					copyJoined(t, from, to)
				})
			}
		}
	}
}

// copyPromoted publishes a tested index, attestations and all, in another registry.
func copyPromoted(t *testing.T, from, to registry) {
	t.Helper()
	var j journal
	source, target := newPlace(t, &j, from, to.name+"/staging-tested"), newPlace(t, &j, to, from.name+"/tested")
	sources := source.fixture("multi")
	source.push(sources)
	args := []string{"--git-tag=v1.2.3", "--sources=" + source.image() + ":" + tested}
	out := releaseTo(t, 0, []place{target}, args...)
	if want := sources[tested].digest; out.result.Digest != want {
		t.Errorf("digest = %s, want %s as it was tested", out.result.Digest, want)
	}
	wantCopied(t, &j, source, target, out)
	target.wantOnlyTags(out.result.Digest, versionTags()...)
	wantNothingLeft(t, &j, target, args...)
}

// copyJoined publishes an index of seven images with attestations, from another registry.
func copyJoined(t *testing.T, from, to registry) {
	t.Helper()
	var j journal
	source, target := newPlace(t, &j, from, to.name+"/staging-joined"), newPlace(t, &j, to, from.name+"/joined")
	sources := source.fixture("attested")
	source.push(sources)
	args := []string{"--git-tag=v1.2.3", "--platforms=" + join(sevenPlatforms()...), "--sources=" + refsOf(source, sources)}
	out := releaseTo(t, 0, []place{target}, args...)
	wantCopied(t, &j, source, target, out)
	list := target.index("1.2.3")
	target.wantPlatforms(list, sevenPlatforms()...)
	target.wantChildren(list, sources.images())
	target.wantOnlyTags(out.result.Digest, versionTags()...)
	wantNothingLeft(t, &j, target, args...)
}

// refsOf names all manifests of a fixture as sources.
func refsOf(at place, f fixture) string {
	var refs []string
	for tag := range f {
		refs = append(refs, at.image()+":"+tag)
	}
	return join(refs...)
}

// wantCopied checks that the target has everything, and that each blob was read from the source once.
func wantCopied(t *testing.T, j *journal, source, target place, out outcome) {
	t.Helper()
	want := map[string]int{}
	for _, blob := range target.blobs(out.result.Digest) {
		want[blob] = 1
	}
	if diff := cmp.Diff(want, j.blobsRead(source.tap)); diff != "" {
		t.Errorf("how often blobs were read (-want +got):\n%s", diff)
	}
	if writes := j.find(source.tap, isWrite); len(writes) > 0 && source.tap != target.tap {
		t.Errorf("%d writes to the source, want none", len(writes))
	}
}

// wantNothingLeft runs a release again, which has nothing to do.
func wantNothingLeft(t *testing.T, j *journal, target place, args ...string) {
	t.Helper()
	j.reset()
	again := releaseTo(t, 0, []place{target}, args...)
	if writes := j.find(nil, isWrite); len(writes) > 0 {
		t.Errorf("the second run wrote %d times, want nothing\n%s", len(writes), again.output)
	}
}

// TestCopyWithin takes images over from another repository of the same registry.
func TestCopyWithin(t *testing.T) {
	t.Parallel()
	for _, r := range start(t, servers()) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, layout := range []string{"multi", "attested", "docker"} {
				var j journal
				source := newPlace(t, &j, r, layout+"/staging")
				target := source.beside(layout + "/app")
				sources := source.fixture(layout)
				source.push(sources)
				out := releaseTo(t, 0, []place{target}, "--git-tag=v1.2.3", "--sources="+refsOf(source, sources))
				blobs := target.blobs(out.result.Digest)
				if got := j.find(nil, isMount); len(got) != len(blobs) {
					t.Errorf("%s: %d mounts, want %d\n%s", layout, len(got), len(blobs), out.output)
				}
				if got := j.find(nil, isUpload); len(got) != 0 {
					t.Errorf("%s: %d blobs were sent, want none\n%s", layout, len(got), out.output)
				}
				target.wantOnlyTags(out.result.Digest, versionTags()...)
			}
		})
	}
}

// TestCopyMountRefused sends what a registry does not take over by itself.
func TestCopyMountRefused(t *testing.T) {
	t.Parallel()
	for _, r := range start(t, servers()) {
		for _, status := range []int{http.StatusAccepted, http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed} {
			t.Run(r.name+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				var j journal
				source := newPlace(t, &j, r, fmt.Sprintf("staging/%d", status))
				target := source.beside(fmt.Sprintf("app/%d", status))
				sources := source.fixture("multi")
				source.push(sources)
				source.tap.refuseAll(func(r *http.Request) int {
					switch {
					case !r.URL.Query().Has("mount"):
						return 0
					case status == http.StatusAccepted:
						r.URL.RawQuery = "" // begins an upload
						return 0
					}
					return status
				})
				out := releaseTo(t, 0, []place{target}, "--git-tag=v1.2.3", "--sources="+source.image()+":"+tested)
				wantCopied(t, &j, source, target, out)
				blobs := target.blobs(out.result.Digest)
				if got := j.find(nil, isUpload); len(got) != len(blobs) {
					t.Errorf("%d blobs were sent, want %d\n%s", len(got), len(blobs), out.output)
				}
				target.wantOnlyTags(out.result.Digest, versionTags()...)
			})
		}
	}
}
