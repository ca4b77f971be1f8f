// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// wantExit ends the test if the program ended otherwise.
func (at target) wantExit(out outcome, want int) {
	at.Helper()
	if out.exit != want {
		at.Fatalf("exit status = %d, want %d\n%s", out.exit, want, out.output)
	}
}

// wantSaid checks that the program's output holds each of the words.
func (at target) wantSaid(out outcome, words ...string) {
	at.Helper()
	for _, word := range words {
		if !strings.Contains(out.output, word) {
			at.Errorf("output does not name %q:\n%s", word, out.output)
		}
	}
}

// wantTruth checks that what the result says of each tag is so.
func (at target) wantTruth(out outcome) {
	at.Helper()
	for _, row := range out.tags() {
		if got := at.digest(row.Tag); got != row.To {
			at.Errorf("%s is said to be at %q, is at %q\n%s", row.Tag, row.To, got, out.output)
		}
	}
}

// wantStatus checks what the result says became of each tag, as "tag status".
func (at target) wantStatus(out outcome, want ...string) {
	at.Helper()
	var got []string
	for _, row := range out.tags() {
		got = append(got, row.Tag+" "+row.Status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		at.Errorf("what became of the tags (-want +got):\n%s\n%s", diff, out.output)
	}
}

// wantTags checks what tags point at; "" means that there is no such tag.
func (at target) wantTags(want map[string]string) {
	at.Helper()
	got := map[string]string{}
	for tag := range want {
		got[tag] = at.digest(tag)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		at.Errorf("tags (-want +got):\n%s", diff)
	}
}

// allAt says that each of the tags points at one digest.
func allAt(digest string, tags ...string) map[string]string {
	m := map[string]string{}
	for _, tag := range tags {
		m[tag] = digest
	}
	return m
}

// wantPublished checks that the program wrote these tags, in this order and nothing else, for the first PUT brings the
// index along, and that all of them resolve to the digest it reports. It returns that digest.
func (at target) wantPublished(out outcome, tags ...string) string {
	at.Helper()
	at.wantExit(out, 0)
	at.wantPushed(out, tags...)
	at.wantTags(allAt(out.result.Digest, tags...))
	return out.result.Digest
}

// wantPushed checks that the writes that reached the proxy are these tags' PUTs; none means no write at all.
func (at target) wantPushed(out outcome, tags ...string) {
	at.Helper()
	var want []string
	for _, tag := range tags {
		want = append(want, "PUT manifests/"+tag)
	}
	if diff := cmp.Diff(want, at.proxy.writes()); diff != "" {
		at.Errorf("writes (-want +got):\n%s\n%s", diff, out.output)
	}
}

// wantRefused checks that the program gave up without a write, and said why in these words.
func (at target) wantRefused(out outcome, words ...string) {
	at.Helper()
	if out.exit == 0 {
		at.Fatalf("exit status = 0, want a refusal\n%s", out.output)
	}
	at.wantPushed(out)
	at.wantSaid(out, words...)
}

// wantChildren checks that an index lists exactly these manifests, and that the registry has each of them.
func (at target) wantChildren(list *v1.IndexManifest, digests []string) {
	at.Helper()
	var got []string
	for _, d := range list.Manifests {
		got = append(got, d.Digest.String())
		child := at.get(at.repo.Digest(d.Digest.String()))
		if child.Size != d.Size || child.MediaType != d.MediaType {
			at.Errorf("entry %s: size %d, %s; manifest: size %d, %s", d.Digest, d.Size, d.MediaType, child.Size, child.MediaType)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(digests)), slices.Sorted(slices.Values(got))); diff != "" {
		at.Errorf("children (-want +got):\n%s", diff)
	}
}

// isAttestation says whether an index entry is a BuildKit attestation.
func isAttestation(d v1.Descriptor) bool {
	return d.Annotations["vnd.docker.reference.type"] == "attestation-manifest"
}

// wantPlatforms checks the platforms of an index's images, in order.
func (at target) wantPlatforms(list *v1.IndexManifest, want ...string) {
	at.Helper()
	var got []string
	for _, d := range list.Manifests {
		if !isAttestation(d) {
			got = append(got, d.Platform.String())
		}
	}
	if diff := cmp.Diff(plainARM64(want), plainARM64(got)); diff != "" {
		at.Errorf("platforms (-want +got):\n%s", diff)
	}
}

// plainARM64 gives both spellings of one platform the shorter form.
func plainARM64(platforms []string) []string {
	out := slices.Clone(platforms)
	for i, p := range out {
		if p == "linux/arm64/v8" {
			out[i] = "linux/arm64"
		}
	}
	return out
}

// digestOf returns the digest of bytes.
func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }
