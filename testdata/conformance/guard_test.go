// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"maps"
	"strings"
)

// guarding are the scenarios of several releases into one repository.
func guarding() []scenario {
	return []scenario{
		{"rerun", rerun},
		{"conflict", conflict},
		{"backport", backport},
		{"prerelease", prerelease},
		{"history", history},
	}
}

// pushStem pushes images of two platforms under a stem and returns the inputs that name them.
func (at target) pushStem(layout, stem string) []string {
	at.Helper()
	sources := at.fixture(layout).only("12be34-linux-amd64", "12be34-linux-arm64-v8")
	at.push(sources.renamed(func(tag string) string { return strings.Replace(tag, "12be34", stem, 1) }))
	return []string{"--source-tag=" + stem, "--platforms=linux/amd64,linux/arm64/v8"}
}

// releaseVersion releases a git tag from the sources that the inputs name.
func (at target) releaseVersion(gitTag string, inputs ...string) outcome {
	at.Helper()
	return at.release(append([]string{"--git-tag=" + gitTag}, inputs...)...)
}

// rerun repeats a release that is complete.
func rerun(at target) {
	inputs := at.pushStem("attested", "12be34")
	digest := at.wantPublished(at.releaseVersion("v1.2.3", inputs...), versionTags()...)

	at.proxy.reset()
	again := at.releaseVersion("v1.2.3", inputs...)
	at.wantExit(again, 0)
	at.wantPushed(again)
	at.wantStatus(again, "1 unchanged", "1.2 unchanged", "1.2.3 unchanged", "latest unchanged")
	at.wantTags(allAt(digest, versionTags()...))
	if again.result.Digest != digest {
		at.Errorf("digest of the rerun = %s, want %s", again.result.Digest, digest)
	}
}

// conflict releases a version again from other images.
func conflict(at target) {
	digest := at.wantPublished(at.releaseVersion("v1.2.3", at.pushStem("oci", "12be34")...), versionTags()...)

	at.proxy.reset()
	inputs := at.pushStem("docker", "78cd90")
	at.wantRefused(at.releaseVersion("v1.2.3", inputs...), "1.2.3", digest, "overwrite")
	at.wantTags(allAt(digest, versionTags()...))

	replaced := at.wantPublished(at.releaseVersion("v1.2.3", append(inputs, "--overwrite=true")...), versionTags()...)
	if replaced == digest {
		at.Errorf("digest after the overwrite is still %s", digest)
	}
}

// backport releases a lower version after a higher one.
func backport(at target) {
	high := at.wantPublished(at.releaseVersion("v1.2.3", at.pushStem("oci", "12be34")...), versionTags()...)

	at.proxy.reset()
	out := at.releaseVersion("v1.1.9", at.pushStem("oci", "78cd90")...)
	at.wantPublished(out, "1.1", "1.1.9")
	at.wantTags(allAt(high, versionTags()...))
	at.wantStatus(out, "1 kept", "1.1 created", "1.1.9 created", "latest kept")
	at.wantSaid(out, "1.2.3 is higher")
}

// prerelease releases 2.0.0-rc.1 after 1.2.3.
func prerelease(at target) {
	stable := at.wantPublished(at.releaseVersion("v1.2.3", at.pushStem("oci", "12be34")...), versionTags()...)

	at.proxy.reset()
	at.wantPublished(at.releaseVersion("v2.0.0-rc.1", at.pushStem("oci", "78cd90")...), "2.0.0-rc.1")
	at.wantTags(allAt(stable, versionTags()...))
	at.wantTags(allAt("", "2", "2.0", "2.0.0"))
}

// history releases version after version, and checks after each that nothing else moved.
func history(at target) {
	inputs := at.pushStem("oci", "12be34")
	steps := []struct {
		gitTag, suffix string
		tags           []string
	}{
		{"v0.9.0", "", []string{"0.9", "0.9.0", "latest"}}, // no 0: a major of 0 promises nothing
		{"v1.9.0", "", []string{"1", "1.9", "1.9.0", "latest"}},
		{"v1.10.0", "", []string{"1", "1.10", "1.10.0", "latest"}}, // numbers, not words
		{"v1.9.1", "", []string{"1.9", "1.9.1"}},
		{"v1.9.1", "-alpine", []string{"1-alpine", "1.9-alpine", "1.9.1-alpine", "latest-alpine"}}, // a family of its own
		{"v1.10.1-rc.1", "", []string{"1.10.1-rc.1"}},
		{"v0.9.1", "", []string{"0.9", "0.9.1"}},
		{"v1.10.1", "", []string{"1", "1.10", "1.10.1", "latest"}},
		{"v1.10.0", "-alpine", []string{"1-alpine", "1.10-alpine", "1.10.0-alpine", "latest-alpine"}},
	}
	published := map[string]string{}
	for _, step := range steps {
		at.proxy.reset()
		out := at.releaseVersion(step.gitTag, append([]string{"--suffix=" + step.suffix}, inputs...)...)
		at.wantExit(out, 0)
		at.wantPushed(out, step.tags...)
		maps.Copy(published, allAt(out.result.Digest, step.tags...))
		at.wantTags(published)
	}
}
