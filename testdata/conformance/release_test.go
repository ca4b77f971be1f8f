// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// scenario is something that must go the same way on every registry. It has a repository of its own.
type scenario struct {
	name string
	run  func(at target)
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	all := slices.Concat(joining(), sourcing(), refusing(), guarding(), failing(), cleaning())
	for _, s := range servers() {
		runOn(t, s, all)
	}
	for _, s := range serversWithoutDelete() {
		runOn(t, s, slices.Concat(failing(), notCleaning()))
	}
}

// runOn runs scenarios side by side against one registry.
func runOn(t *testing.T, s server, scenarios []scenario) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		t.Parallel()
		registry := s.start(t)
		for _, sc := range scenarios {
			t.Run(sc.name, func(t *testing.T) {
				t.Parallel()
				sc.run(newTarget(t, s, registry, "acme/"+sc.name))
			})
		}
	})
}

// joining are the scenarios of what an index is made from and looks like.
func joining() []scenario {
	return []scenario{
		{"attested", releaseAttested},
		{"docker", releaseDocker},
		{"oci", releaseOCI},
		{"mixed", releaseMixed},
		{"promote", promote},
		{"windows", releaseWindows},
	}
}

// versionTags are the tags of version 1.2.3, in push order.
func versionTags() []string { return []string{"1", "1.2", "1.2.3", "latest"} }

// sevenSources are the inputs of a release of v1.2.3 from seven images that share a stem.
func sevenSources() []string {
	return []string{"--git-tag=v1.2.3", "--source-tag=12be34", "--platforms=" + join(sevenPlatforms()...)}
}

func releaseAttested(at target) {
	sources := at.fixture("attested")
	at.push(sources)
	at.wantPublished(at.release(sevenSources()...), versionTags()...)

	list := at.index("1.2.3")
	if list.MediaType != types.OCIImageIndex {
		at.Errorf("media type = %s, want %s", list.MediaType, types.OCIImageIndex)
	}
	at.wantPlatforms(list, sevenPlatforms()...)
	at.wantChildren(list, sources.images())

	images := map[string]bool{} // digest → has its attestation
	for _, d := range list.Manifests[:7] {
		if isAttestation(d) {
			at.Errorf("attestation %s among the first seven entries, want it behind the images", d.Digest)
		}
		images[d.Digest.String()] = false
	}
	for _, d := range list.Manifests[7:] {
		of := d.Annotations["vnd.docker.reference.digest"]
		attested, isImage := images[of]
		if !isImage || attested {
			at.Errorf("attestation %s is for %q, want an image that has none yet", d.Digest, of)
		}
		images[of] = true
		if got := d.Platform.String(); got != "unknown/unknown" {
			at.Errorf("platform of attestation %s = %s, want unknown/unknown", d.Digest, got)
		}
	}
}

func releaseDocker(at target) {
	sources := at.fixture("docker")
	at.push(sources)
	at.wantPublished(at.release(sevenSources()...), versionTags()...)

	list := at.index("latest")
	if list.MediaType != types.DockerManifestList {
		at.Errorf("media type = %s, want %s", list.MediaType, types.DockerManifestList)
	}
	at.wantPlatforms(list, sevenPlatforms()...)
	at.wantChildren(list, sources.images())
}

func releaseOCI(at target) {
	sources := at.fixture("oci")
	at.push(sources)
	at.wantPublished(at.release(sevenSources()...), versionTags()...)

	list := at.index("1")
	if list.MediaType != types.OCIImageIndex {
		at.Errorf("media type = %s, want %s", list.MediaType, types.OCIImageIndex)
	}
	at.wantPlatforms(list, sevenPlatforms()...)
	at.wantChildren(list, sources.images())
}

func releaseMixed(at target) {
	docker := at.fixture("docker").only("12be34-linux-amd64", "12be34-linux-arm-v7")
	oci := at.fixture("oci").only("12be34-linux-arm64-v8")
	at.push(docker)
	at.push(oci)
	// Not in the order of the index: that is the program's to find.
	out := at.release("--git-tag=v1.2.3", "--sources="+join(
		at.image()+":12be34-linux-arm64-v8", at.image()+":12be34-linux-arm-v7", at.image()+":12be34-linux-amd64"))
	at.wantPublished(out, versionTags()...)

	list := at.index("1.2")
	if list.MediaType != types.OCIImageIndex {
		at.Errorf("media type = %s, want %s", list.MediaType, types.OCIImageIndex)
	}
	at.wantPlatforms(list, "linux/amd64", "linux/arm/v7", "linux/arm64")
	at.wantChildren(list, append(docker.images(), oci.images()...))
}

// promote gives a tested index its release tags without a rebuild.
func promote(at target) {
	const tested = "test-build-11c53"
	sources := at.fixture("multi")
	at.push(sources)
	want, err := sources[tested].content.RawManifest()
	if err != nil {
		at.Fatal(err)
	}

	build := at.command("--source-tag="+tested, "--tags=BUILD-{env:CIRCLE_BUILD_NUM}")
	build.env = []string{"CIRCLE_BUILD_NUM=131"}
	out := at.wait(build.start(at.T))
	at.wantExit(out, 0)
	at.wantPushed(out, "BUILD-131")

	at.proxy.reset()
	out = at.release("--source-tag="+tested, "--tags=0.3.0.RELEASE")
	at.wantExit(out, 0)
	at.wantPushed(out, "0.3.0.RELEASE")

	for _, tag := range []string{tested, "BUILD-131", "0.3.0.RELEASE"} {
		if got := at.get(at.repo.Tag(tag)); !bytes.Equal(got.Manifest, want) {
			at.Errorf("%s = %s, want %s", tag, got.Manifest, want)
		}
	}
	if got, want := out.result.Digest, sources[tested].digest; got != want {
		at.Errorf("digest in the result = %s, want %s", got, want)
	}
	list := at.index("0.3.0.RELEASE")
	at.wantPlatforms(list, "linux/amd64", "linux/arm64")
	at.wantChildren(list, sources.images())
}

func releaseWindows(at target) {
	windows := at.fixture("windows")
	linux := at.fixture("docker").only("12be34-linux-amd64")
	at.push(windows)
	at.push(linux)
	out := at.release("--git-tag=v1.2.3", "--sources="+join(
		at.image()+":nano-10.0.16299.248", at.image()+":nano-10.0.14393.2068", at.image()+":12be34-linux-amd64"),
		"--platforms="+join("linux/amd64", "windows/amd64:10.0.14393.2068", "windows/amd64:10.0.16299.248"))
	at.wantPublished(out, versionTags()...)

	list := at.index("1.2.3")
	if list.MediaType != types.DockerManifestList {
		at.Errorf("media type = %s, want %s", list.MediaType, types.DockerManifestList)
	}
	at.wantPlatforms(list, "linux/amd64", "windows/amd64:10.0.14393.2068", "windows/amd64:10.0.16299.248")
	at.wantChildren(list, append(windows.images(), linux.images()...))
	for _, d := range list.Manifests[1:] {
		if want := windows["nano-"+d.Platform.OSVersion].digest; d.Digest.String() != want {
			at.Errorf("os.version %s is said of %s, want it of %s", d.Platform.OSVersion, d.Digest, want)
		}
	}
}
