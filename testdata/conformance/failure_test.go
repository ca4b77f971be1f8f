// SPDX-License-Identifier: Apache-2.0

package conformance_test

// denied is what the proxy says with a 403, and the program has to pass on.
const denied = "this tag may not be written"

// failing are the scenarios of writes that a registry refuses, or answers into the void.
func failing() []scenario {
	return []scenario{
		{"refused-first-release", refusedFirstRelease},
		{"refused-exact-tag", refusedExactTag},
		{"refused-behind-exact-tag", refusedBehindExactTag},
		{"lost-answer", lostAnswer},
	}
}

// refusedFirstRelease fails between the first floating tag and the exact one, in an empty repository. The floating tag is
// deleted, unless the registry cannot delete a tag: then it is left, and said.
func refusedFirstRelease(at target) {
	inputs := at.pushStem("oci", "12be34")
	at.proxy.refuse("1.2")
	out := at.releaseVersion("v1.2.3", inputs...)
	at.wantExit(out, 1)
	left, status := "", "rolled back"
	if !at.server.deletesTags {
		left, status = out.result.Digest, "failed"
	}
	at.wantTags(map[string]string{"1": left, "1.2": "", "1.2.3": "", "latest": ""})
	at.wantStatus(out, "1 "+status, "1.2 failed", "1.2.3 failed", "latest failed")
	at.wantSaid(out, at.image()+":1.2", denied)

	at.wantConverged(inputs, out.result.Digest)
}

// refusedExactTag fails at the exact tag, when the floating tags in front of it have moved away from a former version.
func refusedExactTag(at target) {
	former := at.releaseVersion("v1.2.2", at.pushStem("oci", "12be34")...)
	at.wantExit(former, 0)
	inputs := at.pushStem("docker", "78cd90")
	at.proxy.refuse("1.2.3")
	out := at.releaseVersion("v1.2.3", inputs...)
	at.wantExit(out, 1)
	at.wantTags(allAt(former.result.Digest, "1", "1.2", "1.2.2", "latest"))
	at.wantTags(allAt("", "1.2.3"))
	at.wantStatus(out, "1 rolled back", "1.2 rolled back", "1.2.3 failed", "latest failed")
	at.wantSaid(out, "1.2.3", denied)

	at.wantConverged(inputs, out.result.Digest)
}

// refusedBehindExactTag fails at latest, when the version is there.
func refusedBehindExactTag(at target) {
	former := at.releaseVersion("v1.2.2", at.pushStem("oci", "12be34")...)
	at.wantExit(former, 0)
	inputs := at.pushStem("docker", "78cd90")
	at.proxy.refuse("latest")
	out := at.releaseVersion("v1.2.3", inputs...)
	at.wantExit(out, 1)
	at.wantTags(allAt(out.result.Digest, "1", "1.2", "1.2.3"))
	at.wantTags(allAt(former.result.Digest, "1.2.2", "latest"))
	at.wantStatus(out, "1 moved", "1.2 moved", "1.2.3 created", "latest failed")
	at.wantSaid(out, "latest", denied)

	at.wantConverged(inputs, out.result.Digest)
}

// lostAnswer breaks the connection after the exact tag was written: what counts is what the registry has.
func lostAnswer(at target) {
	inputs := at.pushStem("oci", "12be34")
	at.proxy.loseAnswer("1.2.3")
	out := at.releaseVersion("v1.2.3", inputs...)
	at.wantExit(out, 0)
	at.wantTags(allAt(out.result.Digest, versionTags()...))
}

// wantConverged checks that the same release succeeds when the fault is gone, with the digest it had before.
func (at target) wantConverged(inputs []string, digest string) {
	at.Helper()
	at.proxy.reset()
	out := at.releaseVersion("v1.2.3", inputs...)
	at.wantExit(out, 0)
	if out.result.Digest != digest || digest == "" {
		at.Errorf("digest of the rerun = %q, want that of the failed run, %q", out.result.Digest, digest)
	}
	at.wantTags(allAt(out.result.Digest, versionTags()...))
}
