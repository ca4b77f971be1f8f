// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sourcing are the scenarios of how a release finds its images.
func sourcing() []scenario {
	return []scenario{
		{"digests-named", releaseDigestsNamed},
		{"digests-held", releaseDigestsHeld},
		{"bare-digests", releaseBareDigests},
		{"template", releaseTemplate},
		{"promote-version", promoteVersion},
		{"late-source", releaseLateSource},
		{"resume", resume},
	}
}

// releaseDigestsNamed takes the folder that docker's multi-runner recipe leaves: one empty file a platform, named by the
// bare hex of what the runner pushed by digest.
func releaseDigestsNamed(at target) {
	sources := at.fixture("attested")
	at.pushByDigest(sources)
	folder := at.TempDir()
	for tag := range sources {
		writeFile(at.T, filepath.Join(folder, hexOf(sources[tag].digest)), "")
	}
	out := at.release("--git-tag=v1.2.3", "--digests="+folder, "--platforms="+join(sevenPlatforms()...))
	at.wantPublished(out, versionTags()...)
	list := at.index("1.2.3")
	at.wantPlatforms(list, sevenPlatforms()...)
	at.wantChildren(list, sources.images())
}

// releaseDigestsHeld takes a folder of files that hold a digest each.
func releaseDigestsHeld(at target) {
	sources := at.fixture("docker")
	at.pushByDigest(sources)
	folder := at.TempDir()
	for tag := range sources {
		writeFile(at.T, filepath.Join(folder, tag+".txt"), sources[tag].digest+"\n")
	}
	at.wantPublished(at.release("--git-tag=v1.2.3", "--digests="+folder), versionTags()...)
	list := at.index("1.2.3")
	at.wantPlatforms(list, sevenPlatforms()...)
	at.wantChildren(list, sources.images())
}

func releaseBareDigests(at target) {
	sources := at.fixture("oci").only("12be34-linux-s390x", "12be34-linux-arm-v6", "12be34-linux-amd64")
	at.pushByDigest(sources)
	at.wantPublished(at.release("--git-tag=v1.2.3", "--sources="+join(sources.images()...)), versionTags()...)
	list := at.index("1.2.3")
	at.wantPlatforms(list, "linux/amd64", "linux/arm/v6", "linux/s390x")
	at.wantChildren(list, sources.images())
}

func releaseTemplate(at target) {
	sources := at.fixture("oci").renamed(func(tag string) string {
		return strings.Replace(tag, "12be34-linux-", "ci.12be34_", 1)
	})
	at.push(sources)
	out := at.release(append(sevenSources(), "--source-template=ci.{source_tag}_{arch}{-variant}")...)
	at.wantPublished(out, versionTags()...)
	at.wantChildren(at.index("1.2.3"), sources.images())
}

// promoteVersion finds no tag of the stem, so the source tag names the image itself, which is carried over as it is.
func promoteVersion(at target) {
	const tested = "test-build-11c53"
	sources := at.fixture("multi")
	at.push(sources)
	out := at.release("--git-tag=v1.2.3", "--source-tag="+tested, "--platforms=linux/amd64,linux/arm64")
	if digest := at.wantPublished(out, versionTags()...); digest != sources[tested].digest {
		at.Errorf("digest = %s, want %s", digest, sources[tested].digest)
	}
}

// releaseLateSource starts before the last image is there. While it waits, another run releases a higher version, which it
// must have noticed before it writes.
func releaseLateSource(at target) {
	const last = "12be34-linux-s390x"
	sources := at.fixture("oci")
	late, early := sources.only(last), maps.Clone(sources)
	delete(early, last)
	at.push(early)

	p := at.command(sevenSources()...).start(at.T)
	at.proxy.waitFor(at.T, request{http.MethodGet, "manifests/" + last})
	higher := at.wantPublished(at.releaseVersion("v1.3.0", at.pushStem("docker", "78cd90")...), "1", "1.3", "1.3.0", "latest")
	select {
	case <-at.Context().Done():
	case <-time.After(2 * time.Second): // shorter waits need no second look at the tags
	}
	at.proxy.reset()
	at.push(late)
	out := at.wait(p)
	at.wantPublished(out, "1.2", "1.2.3")
	at.wantStatus(out, "1 kept", "1.2 created", "1.2.3 created", "latest kept")
	at.wantTags(allAt(higher, "1", "1.3", "1.3.0", "latest"))
	at.wantSaid(out, "waiting", last)
	at.wantChildren(at.index("1.2.3"), sources.images())
}

// resume finishes a release whose sources are gone: the exact tag is there, latest is not.
func resume(at target) {
	sources := at.fixture("attested")
	at.push(sources)
	at.proxy.refuse("latest")
	first := at.release(sevenSources()...)
	at.wantExit(first, 1)
	at.remove(sources)

	at.proxy.reset()
	begin := time.Now()
	again := at.release(sevenSources()...)
	at.wantExit(again, 0)
	if took := time.Since(begin); took > 30*time.Second {
		at.Errorf("resuming took %v, want it not to wait for the sources", took)
	}
	at.wantPushed(again, "latest")
	at.wantStatus(again, "1 unchanged", "1.2 unchanged", "1.2.3 unchanged", "latest created")
	at.wantTags(allAt(first.result.Digest, versionTags()...))
	at.wantChildren(at.index("latest"), sources.images())
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
