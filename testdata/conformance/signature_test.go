// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestSignatures copies an image that cosign has signed, and looks for the signatures in the target as cosign does.
func TestSignatures(t *testing.T) {
	t.Parallel()
	for _, form := range []struct {
		layout string // of the signatures
		verify func(place, fixture, fixture)
	}{{"signed", wantSigned}, {"referring", wantReferring}} {
		for _, from := range start(t, []server{distribution3(true), {name: "olareg", start: startOlareg}}) {
			for _, to := range start(t, []server{distribution2(true), {name: "olareg", start: startOlareg}}) {
				t.Run(form.layout+" from "+from.name+" to "+to.name, func(t *testing.T) {
					t.Parallel()
					var j journal
					source, target := newPlace(t, &j, from, to.name+"/staging"), newPlace(t, &j, to, from.name+"/app")
					image, signatures := source.fixture("multi"), source.fixture(form.layout)
					source.push(image)
					source.sign(signatures)
					args := []string{"--git-tag=v1.2.3", "--sources=" + source.image() + ":" + tested}
					out := releaseTo(t, 0, []place{target}, args...)
					form.verify(target, image, signatures)
					for blob, n := range j.blobsRead(source.tap) {
						if n != 1 {
							t.Errorf("blob %s was read %d times, want once\n%s", blob, n, out.output)
						}
					}
					wantNothingLeft(t, &j, target, args...)

					bare := target.beside(from.name + "/bare")
					releaseTo(t, 0, []place{bare}, append(args, "--referrers=skip")...)
					bare.wantOnlyTags(image[tested].digest, versionTags()...)
				})
			}
		}
	}
}

// sign pushes signatures as cosign does: under its tags, or by digest if they have a subject.
func (at place) sign(signatures fixture) {
	at.Helper()
	for tag, m := range signatures {
		if strings.HasPrefix(tag, "sha256-") {
			at.push(signatures.only(tag))
		} else {
			at.pushByDigest(fixture{tag: m})
		}
	}
}

// wantSigned checks the signatures that are found by cosign's tags.
func wantSigned(at place, _, signatures fixture) {
	at.Helper()
	key := publicKey(at.T)
	for tag, m := range signatures {
		if got := at.digest(tag); got != m.digest {
			at.Errorf("%s is at %q, want %s", tag, got, m.digest)
			continue
		}
		at.blobs(m.digest)
		subject, kind, _ := strings.Cut(strings.Replace(tag, "-", ":", 1), ".")
		switch kind {
		case "sig":
			at.wantSignature(key, m.digest, subject)
		case "att":
			at.wantEnvelope(key, m.digest, subject)
		}
	}
}

// wantReferring checks the signatures that are found among the referrers.
func wantReferring(at place, image, signatures fixture) {
	at.Helper()
	key := publicKey(at.T)
	for subject, names := range referrersOf(image) {
		listed, err := remote.Referrers(at.repo.Digest(subject), at.options()...)
		if err != nil {
			at.Fatal(err)
		}
		list, err := listed.IndexManifest()
		if err != nil {
			at.Fatal(err)
		}
		var want, got []string
		for _, name := range names {
			want = append(want, signatures[name].digest)
		}
		for _, d := range list.Manifests {
			if !strings.Contains(d.ArtifactType, "sig") && !strings.Contains(d.ArtifactType, "empty") {
				continue // attestations of BuildKit, where the registry notices their subject
			}
			got = append(got, d.Digest.String())
			at.blobs(d.Digest.String())
			if strings.HasSuffix(d.ArtifactType, "cosign.artifact.sig.v1+json") {
				at.wantSignature(key, d.Digest.String(), subject)
			} else {
				at.wantBundle(key, d.Digest.String(), subject)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			at.Errorf("signatures among the referrers of %s (-want +got):\n%s", subject, diff)
		}
		at.wantListed(subject, want)
	}
}

// referrersOf says by their names in the layout referring what refers to an image.
func referrersOf(image fixture) map[string][]string {
	amd64 := image[tested].images[0]
	return map[string][]string{
		image[tested].digest: {"index-signature", "index-bundle"},
		amd64:                {"amd64-signature", "amd64-attestation-bundle"},
	}
}

// wantListed lets regctl list what refers to an image.
func (at place) wantListed(image string, digests []string) {
	at.Helper()
	env := []string{"REGCTL_CONFIG=" + filepath.Join(at.TempDir(), "regctl.json")}
	said := string(tool(at.T, env, goTool(at.T, "regctl"), "--host=reg="+at.tap.addr+",tls=disabled",
		"artifact", "list", "--format={{range .Descriptors}}{{println .Digest}}{{end}}", at.image()+"@"+image))
	for _, digest := range digests {
		if !strings.Contains(said, digest) {
			at.Errorf("regctl lists %q for %s, want %s in it", said, image, digest)
		}
	}
}
