// SPDX-License-Identifier: Apache-2.0

package conformance_test

import "strings"

// refusing are the scenarios that must end before any write, with a message that names tag, platform and digest.
func refusing() []scenario {
	return []scenario{
		{"wrong-platform", refuseWrongPlatform},
		{"same-platform", refuseSamePlatform},
		{"missing-source", refuseMissingSource},
		{"missing-platform", refuseMissingPlatform},
		{"platform-too-many", refusePlatformTooMany},
		{"promote-missing", refusePromoteMissing},
		{"promote-too-many", refusePromoteTooMany},
	}
}

// refuseWrongPlatform has an arm64 image under the name of linux/386.
func refuseWrongPlatform(at target) {
	const wrong, arm64 = "12be34-linux-386", "12be34-linux-arm64-v8"
	sources := at.fixture("oci")
	sources[wrong] = sources[arm64]
	at.push(sources)
	at.wantRefused(at.release(sevenSources()...), wrong, "linux/386", "linux/arm64", sources[arm64].digest)
}

func refuseSamePlatform(at target) {
	const amd64 = "12be34-linux-amd64"
	docker := at.fixture("docker").only(amd64).renamed(func(string) string { return "docker-amd64" })
	oci := at.fixture("oci").only(amd64, "12be34-linux-s390x")
	at.push(docker)
	at.push(oci)
	out := at.release("--git-tag=v1.2.3", "--sources="+join(
		at.image()+":docker-amd64", at.image()+":12be34-linux-s390x", at.image()+":"+amd64))
	at.wantRefused(out, "linux/amd64", "docker-amd64", docker["docker-amd64"].digest, amd64, oci[amd64].digest)
}

// refuseMissingSource has six of the seven tags of a stem. The last is waited for, until the time is up.
func refuseMissingSource(at target) {
	const missing = "12be34-linux-s390x"
	sources := at.fixture("oci")
	delete(sources, missing)
	at.push(sources)
	out := at.release(append(sevenSources(), "--timeout=3s")...)
	at.wantRefused(out, missing, "linux/s390x")
}

func refuseMissingPlatform(at target) {
	sources := at.fixture("oci").only("12be34-linux-amd64", "12be34-linux-arm-v6")
	at.push(sources)
	out := at.release("--git-tag=v1.2.3", "--platforms=linux/amd64,linux/arm/v6,linux/s390x", "--sources="+join(
		at.image()+":12be34-linux-amd64", at.image()+":12be34-linux-arm-v6"))
	at.wantRefused(out, "linux/s390x")
}

func refusePlatformTooMany(at target) {
	const extra = "12be34-linux-arm-v6"
	sources := at.fixture("oci").only("12be34-linux-amd64", extra)
	at.push(sources)
	out := at.release("--git-tag=v1.2.3", "--platforms=linux/amd64", "--sources="+join(
		at.image()+":12be34-linux-amd64", at.image()+":"+extra))
	at.wantRefused(out, extra, "linux/arm/v6", sources[extra].digest)
}

func refusePromoteMissing(at target) {
	const tested = "test-build-11c53"
	at.push(at.fixture("multi"))
	out := at.release("--git-tag=v1.2.3", "--source-tag="+tested, "--platforms=linux/amd64,linux/arm64,linux/s390x")
	at.wantRefused(out, tested, "linux/s390x")
}

func refusePromoteTooMany(at target) {
	const tested = "test-build-11c53"
	sources := at.fixture("multi")
	at.push(sources)
	var arm64 string
	list := at.index(tested)
	for _, d := range list.Manifests {
		if strings.HasPrefix(d.Platform.String(), "linux/arm64") {
			arm64 = d.Digest.String()
		}
	}
	out := at.release("--git-tag=v1.2.3", "--source-tag="+tested, "--platforms=linux/amd64")
	at.wantRefused(out, tested, "linux/arm64", arm64)
}
