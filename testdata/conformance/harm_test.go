// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// tags returns every tag of the repository and what it points at.
func (at target) tags() map[string]string {
	at.Helper()
	names, err := remote.List(at.repo, at.options()...)
	if err != nil {
		at.Fatal(err)
	}
	tags := map[string]string{}
	for _, tag := range names {
		if digest := at.digest(tag); digest != "" { // distribution v2.8 lists deleted tags
			tags[tag] = digest
		}
	}
	return tags
}

// wantReleased checks that version 1.2.3 is there with every image that its sources lead to, and that beside its tags
// there are exactly the others.
func (at target) wantReleased(out outcome, sources fixture, others map[string]string) {
	at.Helper()
	want := allAt(out.result.Digest, versionTags()...)
	for tag, digest := range others {
		if _, ours := want[tag]; !ours {
			want[tag] = digest
		}
	}
	if diff := cmp.Diff(want, at.tags()); diff != "" {
		at.Errorf("all tags (-want +got):\n%s\n%s", diff, out.output)
	}
	at.wantChildren(at.index("1.2.3"), sources.images())
}

// wantTemporary checks what became of each temporary tag, and that a reason is given where one is due.
func (at target) wantTemporary(out outcome, want map[string]string) {
	at.Helper()
	got := map[string]string{}
	for _, row := range out.result.Temporary {
		got[row.Tag] = row.Status
		if due := row.Status != "removed" && row.Status != "absent"; due != (row.Reason != "") {
			at.Errorf("reason why %s is %s = %q", row.Tag, row.Status, row.Reason)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		at.Errorf("what became of the temporary tags (-want +got):\n%s\n%s", diff, out.output)
	}
}

// wantVerifiedFirst checks that each tag was read between the last PUT of one of them and the first DELETE.
func (at target) wantVerifiedFirst(tags ...string) {
	at.Helper()
	requests, _ := at.proxy.seen()
	end := slices.IndexFunc(requests, func(r request) bool { return r.method == http.MethodDelete })
	if end < 0 {
		at.Error("nothing was deleted")
		return
	}
	begin := 0
	for i, r := range requests[:end] {
		if r.method == http.MethodPut && slices.Contains(tags, strings.TrimPrefix(r.what, "manifests/")) {
			begin = i + 1
		}
	}
	for _, tag := range tags {
		if !slices.ContainsFunc(requests[begin:end], func(r request) bool { return r.what == "manifests/"+tag }) {
			at.Errorf("%s was not read back before the first DELETE: %v", tag, requests[:end+1])
		}
	}
}

// wantOnlyDummiesDeleted checks that all that was deleted by digest were dummies: images that the program had put itself,
// that it had labelled so, and that no index lists.
func (at target) wantOnlyDummiesDeleted() {
	at.Helper()
	requests, puts := at.proxy.seen()
	var listed map[string]bool
	for _, r := range requests {
		digest := strings.TrimPrefix(r.what, "manifests/")
		if r.method != http.MethodDelete || !strings.HasPrefix(digest, "sha256:") {
			continue
		}
		own := slices.IndexFunc(puts, func(p put) bool { return p.digest == digest })
		if own < 0 || !strings.Contains(string(puts[own].body), `"dev.polytag.dummy"`) {
			at.Errorf("%s deletes a manifest that is no dummy of this run", r)
		}
		if listed == nil {
			listed = at.listed(puts)
		}
		if listed[digest] {
			at.Errorf("%s deletes a manifest that is in use", r)
		}
	}
}

// listed returns the digests of what tags point at, and of what indexes list: those that tags point at, and those that
// the program put.
func (at target) listed(puts []put) map[string]bool {
	at.Helper()
	all := map[string]bool{}
	bodies := make([][]byte, 0, len(puts))
	for _, p := range puts {
		bodies = append(bodies, p.body)
	}
	for digest := range maps.Values(at.tags()) {
		all[digest] = true
		bodies = append(bodies, at.get(at.repo.Digest(digest)).Manifest)
	}
	for _, body := range bodies {
		list, err := v1.ParseIndexManifest(strings.NewReader(string(body)))
		if err != nil {
			at.Fatal(err)
		}
		for _, d := range list.Manifests {
			all[d.Digest.String()] = true
		}
	}
	return all
}
