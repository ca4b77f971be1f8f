// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// threeTargets returns a source and targets in three other registries.
func threeTargets(t *testing.T, j *journal) (source place, targets []place) {
	t.Helper()
	all := start(t, []server{{name: "ecr-like", start: startECRLike}, distribution2(true), distribution3(true), {name: "olareg", start: startOlareg}})
	for _, r := range all[1:] {
		targets = append(targets, newPlace(t, j, r, "acme/app"))
	}
	return newPlace(t, j, all[0], "acme/staging"), targets
}

// TestCopyToThree publishes one image in three registries: by one digest, from one read of each blob, and in each before a tag moves in any.
func TestCopyToThree(t *testing.T) {
	t.Parallel()
	var j journal
	source, targets := threeTargets(t, &j)
	sources := source.fixture("attested")
	source.push(sources)
	args := []string{"--git-tag=v1.2.3", "--platforms=" + join(sevenPlatforms()...), "--sources=" + refsOf(source, sources)}
	out := releaseTo(t, 0, targets, args...)
	for _, target := range targets {
		wantCopied(t, &j, source, target, out)
		target.wantOnlyTags(out.result.Digest, versionTags()...)
	}
	tagged, staged := j.find(nil, isTagPut), j.find(nil, isStaging)
	if len(tagged) != 3*len(versionTags()) || slices.Max(staged) > slices.Min(tagged) {
		t.Errorf("%d tags were put from request %d on, and the last of the rest was request %d", len(tagged), slices.Min(tagged), slices.Max(staged))
	}
	j.reset()
	releaseTo(t, 0, targets, args...)
	if writes := j.find(nil, isWrite); len(writes) > 0 {
		t.Errorf("the second run wrote %d times, want nothing", len(writes))
	}
}

// TestCopyToThreeFails lets one of three registries refuse something that is staged. No tag moves in any; when it is well again, the same
// release completes, and sends nothing again that is there.
func TestCopyToThreeFails(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]func(*http.Request) bool{
		"blob": func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/")
		},
		"upload": func(r *http.Request) bool { return r.Method == http.MethodPost },
		"manifest": func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var j journal
			source, targets := threeTargets(t, &j)
			sources := source.fixture("multi")
			source.push(sources)
			args := []string{"--git-tag=v1.2.3", "--sources=" + source.image() + ":" + tested}
			last := targets[2]
			last.tap.refuseAll(func(r *http.Request) int {
				if refused(r) {
					return http.StatusForbidden
				}
				return 0
			})
			out := releaseTo(t, 1, targets, args...)
			if !strings.Contains(out.output, last.tap.addr) || !strings.Contains(out.output, denied) {
				t.Errorf("the output does not say what failed:\n%s", out.output)
			}
			for _, target := range targets {
				target.wantNoTags(versionTags()...)
			}
			if tags := j.find(nil, isTagPut); len(tags) > 0 {
				t.Errorf("%d tags were put, want none", len(tags))
			}
			sent := j.blobsSent()
			last.tap.refuseAll(nil)
			j.reset()
			out = releaseTo(t, 0, targets, args...)
			for _, target := range targets {
				target.blobs(out.result.Digest)
				target.wantOnlyTags(sources[tested].digest, versionTags()...)
			}
			for blob := range j.blobsSent() {
				if sent[blob] {
					t.Errorf("%s was sent again", blob)
				}
			}
		})
	}
}

// TestCopyToOneThatHas publishes in two registries of which one has the image already: it is given nothing, and stays as it is until the
// other has it too.
func TestCopyToOneThatHas(t *testing.T) {
	t.Parallel()
	var j journal
	source, targets := threeTargets(t, &j)
	sources := source.fixture("multi")
	source.push(sources)
	targets[1].push(sources)
	out := releaseTo(t, 0, targets[:2], "--git-tag=v1.2.3", "--sources="+source.image()+":"+tested)
	wantCopied(t, &j, source, targets[0], out)
	if diff := cmp.Diff([]int(nil), j.find(targets[1].tap, isUpload)); diff != "" {
		t.Errorf("blobs sent to where they were (-want +got):\n%s", diff)
	}
	for _, target := range targets[:2] {
		target.wantTags(allAt(out.result.Digest, versionTags()...))
	}
}
