// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"maps"
	"net/http"
	"slices"
)

// cleaning are the scenarios of a clean-up where the registry deletes, if only manifests, as distribution v2.8.
func cleaning() []scenario {
	return []scenario{
		{"cleanup-attested", cleanUp("attested")},
		{"cleanup-docker", cleanUp("docker")},
		{"cleanup-oci", cleanUp("oci")},
		{"cleanup-promoted", cleanUpPromoted},
		{"cleanup-moved", cleanUpMoved},
		{"cleanup-refused", cleanUpRefused},
	}
}

// notCleaning are the scenarios of a clean-up where the registry deletes nothing.
func notCleaning() []scenario {
	return []scenario{
		{"no-cleanup-attested", cleanUpInVain("attested")},
		{"no-cleanup-docker", cleanUpInVain("docker")},
		{"no-cleanup-oci", cleanUpInVain("oci")},
		{"no-cleanup-promoted", cleanUpPromotedInVain},
	}
}

// sevenCleaned are the inputs of a release from seven images whose temporary tags are to be removed.
func sevenCleaned() []string { return append(sevenSources(), "--cleanup=true") }

// cleanUp removes seven temporary tags.
func cleanUp(layout string) func(at target) {
	return func(at target) {
		sources, before := at.pushBesideOthers(layout)
		out := at.release(sevenCleaned()...)
		at.wantExit(out, 0)
		at.wantTemporary(out, everyTag(sources, "removed"))
		at.wantVerifiedFirst(versionTags()...)
		at.wantReleased(out, sources, without(before, sources))
	}
}

// cleanUpInVain leaves seven temporary tags, and says so of each.
func cleanUpInVain(layout string) func(at target) {
	return func(at target) {
		sources, before := at.pushBesideOthers(layout)
		out := at.release(sevenCleaned()...)
		at.wantExit(out, 3)
		at.wantTemporary(out, everyTag(sources, "failed"))
		at.wantReleased(out, sources, before)
	}
}

const promoted = "test-build-11c53"

// cleanUpPromoted removes the tag that a tested index was promoted from.
func cleanUpPromoted(at target) {
	sources := at.fixture("multi")
	at.push(sources)
	at.put(at.repo.Tag(promoted+"-again"), sources[promoted])
	before := at.tags()
	out := at.release("--git-tag=v1.2.3", "--source-tag="+promoted, "--cleanup=true")
	at.wantExit(out, 0)
	at.wantTemporary(out, everyTag(sources, "removed"))
	at.wantVerifiedFirst(versionTags()...)
	at.wantReleased(out, sources, without(before, sources))
	if got, want := out.result.Digest, sources[promoted].digest; got != want {
		at.Errorf("digest = %s, want %s", got, want)
	}
}

func cleanUpPromotedInVain(at target) {
	sources := at.fixture("multi")
	at.push(sources)
	before := at.tags()
	out := at.release("--git-tag=v1.2.3", "--source-tag="+promoted, "--cleanup=true")
	at.wantExit(out, 3)
	at.wantTemporary(out, everyTag(sources, "failed"))
	at.wantReleased(out, sources, before)
}

// cleanUpMoved has a temporary tag that is pushed anew while the release is published.
func cleanUpMoved(at target) {
	const moved = "12be34-linux-arm-v7"
	sources, before := at.pushBesideOthers("oci")
	at.put(at.repo.Digest(sources[moved].digest), sources[moved]) // for Gitea, where to push a tag anew destroys what it pointed at
	anew := at.fixture("docker").only(moved)
	at.pushByDigest(anew)
	at.proxy.interject(request{http.MethodPut, "manifests/latest"}, func() {
		at.put(at.repo.Tag(moved), anew[moved])
	})
	out := at.release(sevenCleaned()...)
	at.wantExit(out, 0)
	want := everyTag(sources, "removed")
	want[moved] = "kept"
	at.wantTemporary(out, want)
	at.wantSaid(out, anew[moved].digest)
	tags := without(before, sources)
	tags[moved] = anew[moved].digest
	at.wantReleased(out, sources, tags)
}

// cleanUpRefused has a temporary tag that may not be deleted. Another run finishes the work when it may.
func cleanUpRefused(at target) {
	const refused = "12be34-linux-arm-v7"
	sources, before := at.pushBesideOthers("docker")
	if at.server.deletesTags {
		at.proxy.refuseDelete(refused)
	} else {
		at.proxy.anchor(refused)
	}
	out := at.release(sevenCleaned()...)
	at.wantExit(out, 3)
	want := everyTag(sources, "removed")
	want[refused] = "failed"
	at.wantTemporary(out, want)
	at.wantSaid(out, refused, denied)
	tags := without(before, sources)
	tags[refused] = sources[refused].digest
	at.wantReleased(out, sources, tags)

	at.proxy.reset()
	again := at.release(sevenCleaned()...)
	at.wantExit(again, 0)
	want = everyTag(sources, "absent")
	want[refused] = "removed"
	at.wantTemporary(again, want)
	at.wantReleased(again, sources, without(before, sources))

	at.proxy.reset()
	last := at.release(sevenCleaned()...)
	at.wantExit(last, 0)
	at.wantPushed(last)
	at.wantTemporary(last, everyTag(sources, "absent"))
	at.wantReleased(last, sources, without(before, sources))
}

// pushBesideOthers pushes seven images beside tags that a clean-up could take along: another tag of one of them, one that
// only looks like a temporary tag, and a former version made from them. It returns the images and all tags.
func (at target) pushBesideOthers(layout string) (fixture, map[string]string) {
	at.Helper()
	sources := at.fixture(layout)
	at.push(sources)
	at.put(at.repo.Tag("nightly"), sources["12be34-linux-amd64"])
	at.put(at.repo.Tag("12be34-linux-amd64-debug"), sources["12be34-linux-amd64"])
	former := at.release("--git-tag=v1.2.2", "--source-tag=12be34", "--platforms="+join(sevenPlatforms()...))
	at.wantExit(former, 0)
	at.proxy.reset()
	return sources, at.tags()
}

// everyTag says that one thing became of each tag of a fixture.
func everyTag(f fixture, status string) map[string]string {
	return allAt(status, slices.Collect(maps.Keys(f))...)
}

// without returns tags less those of a fixture.
func without(tags map[string]string, f fixture) map[string]string {
	rest := maps.Clone(tags)
	maps.DeleteFunc(rest, func(tag, _ string) bool { _, temporary := f[tag]; return temporary })
	return rest
}
