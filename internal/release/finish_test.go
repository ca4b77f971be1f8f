// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// TestNewPlanCleanup: only tags that this release alone needs are removed.
func TestNewPlanCleanup(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		source    string
		temporary bool
		cleanup   bool
		frozen    bool
		want      []release.TemporaryTag
	}{
		{"a per-platform tag", "12be34-linux-amd64", true, true, false, []release.TemporaryTag{{Name: "12be34-linux-amd64", Digest: opaque("12be34-linux-amd64").Digest}}},
		{"not asked for", "12be34-linux-amd64", true, false, false, nil},
		{"a reference of the user's", "12be34-linux-amd64", false, true, false, nil},
		{"a tag that is published", "nightly", true, true, false, []release.TemporaryTag{
			{Name: "nightly", Digest: opaque("nightly").Digest, Keep: "this release publishes it"},
		}},
		{"a version", "1.2.2", true, true, false, []release.TemporaryTag{
			{Name: "1.2.2", Digest: opaque("1.2.2").Digest, Keep: "it is the tag of version 1.2.2"},
		}},
		{"a floating tag", "v1", true, true, false, []release.TemporaryTag{
			{Name: "v1", Digest: opaque("v1").Digest, Keep: "it is a floating tag"},
		}},
		{"an immutable tag", "12be34", true, true, true, []release.TemporaryTag{
			{Name: "12be34", Digest: opaque("12be34").Digest, Keep: "the registry's rules make it immutable"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := request(t, "1.2.3", "nightly", "{version}")
			req.Cleanup = tt.cleanup
			source := sourceOf(req.Primary(), tt.source, "linux/amd64")
			source.Temporary = tt.temporary
			snap := release.Snapshot{Sources: []release.Source{source}, Targets: []release.TargetState{targetState(req, req.Primary(), nil)}}
			snap.Targets[0].Frozen = func(string) bool { return tt.frozen }
			plan, err := release.NewPlan(req, snap)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, plan.Temporary, whole); diff != "" {
				t.Errorf("Temporary (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNewPlanPage: the page describes the highest version.
func TestNewPlanPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		req  release.Request
		tags []string
		want *release.PagePlan
	}{
		{"the highest version", request(t, "1.2.3"), []string{"1.2.2", "1.3.0-rc.1"}, &release.PagePlan{}},
		{"a backport", request(t, "1.2.3"), []string{"1.3.0", "2.0.0"}, &release.PagePlan{Kept: "2.0.0 is higher"}},
		{"a pre-release", request(t, "1.2.3-rc.1"), nil, &release.PagePlan{Kept: "a pre-release leaves the page alone"}},
		{"no version", request(t, "", "nightly"), []string{"1.3.0"}, &release.PagePlan{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, page := range []bool{true, false} {
				tt.req.Page = page
				snap := promotion(tt.req, nil)
				snap.Targets[0].Tags = tt.tags
				plan, err := release.NewPlan(tt.req, snap)
				if err != nil {
					t.Fatal(err)
				}
				want := tt.want
				if !page {
					want = nil
				}
				if diff := cmp.Diff(want, plan.Targets[0].Page); diff != "" {
					t.Errorf("page %t: plan (-want +got):\n%s", page, diff)
				}
			}
		})
	}
}

// pages and untagger are what a test says about pages and temporary tags.
type (
	pages    func(repo name.Repository) (bool, error)
	untagger func(tags []release.TemporaryTag, needed []v1.Hash) []error
)

func (f pages) Describe(_ context.Context, repo name.Repository) (bool, error) { return f(repo) }

func (f untagger) Untag(_ context.Context, _ name.Repository, tags []release.TemporaryTag, needed []v1.Hash) []error {
	return f(tags, needed)
}

func TestFinish(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	req.Page, req.Cleanup = true, true
	for _, text := range []string{"a", "b", "c", "d"} {
		req.Targets = append(req.Targets, repository(t, text+".example/app"))
	}
	s := newStore()
	arm, amd := s.push(t, arm64, nil), s.push(t, amd64, nil)
	snap := release.Snapshot{}
	for _, repo := range req.Targets {
		snap.Targets = append(snap.Targets, targetState(req, repo, nil))
	}
	snap.Targets[4].Tags = []string{"2.0.0"}
	for _, image := range []release.Image{imageOf(amd, amd64, nil), imageOf(arm, arm64, nil)} {
		snap.Sources = append(snap.Sources, release.Source{
			SourceRef: temporary(req, "t-"+image.Platform().Arch, image.Platform()),
			Manifest:  release.Manifest{Raw: image.Raw, MediaType: image.Descriptor.MediaType, Digest: image.Descriptor.Digest},
			Images:    []release.Image{image},
		})
	}
	snap.Absent = []release.SourceRef{temporary(req, "t-s390x", spec(t, "linux/s390x"))}
	plan, err := release.NewPlan(req, snap)
	if err != nil {
		t.Fatal(err)
	}
	s.add("index", plan.Manifest, "1.2.3")
	outcome := map[name.Repository]error{req.Targets[2]: errLost, req.Targets[3]: release.ErrUnsupported}
	describe := func(repo name.Repository) (bool, error) { return repo == req.Targets[0], outcome[repo] }

	rows := func(amdStatus, armStatus release.Status, reason string) []release.TemporaryRow {
		return []release.TemporaryRow{
			{Tag: req.Primary().Tag("t-amd64"), Digest: amd.Digest, Status: amdStatus, Reason: reason},
			{Tag: req.Primary().Tag("t-arm64"), Digest: arm.Digest, Status: armStatus, Reason: reason},
			{Tag: req.Primary().Tag("t-s390x"), Status: release.Absent},
		}
	}
	for _, tt := range []struct {
		name  string
		untag untagger
		want  []release.TemporaryRow
		harm  string
	}{
		{"removed", func(tags []release.TemporaryTag, _ []v1.Hash) []error { return make([]error, len(tags)) }, rows(release.Removed, release.Removed, ""), ""},
		{"moved", func([]release.TemporaryTag, []v1.Hash) []error {
			return []error{&release.MovedError{Now: amd.Digest}, &release.MovedError{Now: amd.Digest}}
		}, rows(release.Kept, release.Kept, "it has moved to "+amd.Digest.String()+" since it was read"), ""},
		{"failed", func([]release.TemporaryTag, []v1.Hash) []error { return []error{errLost, errLost} }, rows(release.Failed, release.Failed, "connection reset"), ""},
		{"one of them", func([]release.TemporaryTag, []v1.Hash) []error { return []error{nil, errLost} }, []release.TemporaryRow{
			{Tag: req.Primary().Tag("t-amd64"), Digest: amd.Digest, Status: release.Removed},
			{Tag: req.Primary().Tag("t-arm64"), Digest: arm.Digest, Status: release.Failed, Reason: "connection reset"},
			{Tag: req.Primary().Tag("t-s390x"), Status: release.Absent},
		}, ""},
		{"and the image with it", func(tags []release.TemporaryTag, needed []v1.Hash) []error {
			for _, d := range needed {
				if d != plan.Manifest.Digest && d != arm.Digest {
					delete(s.manifests, d)
				}
			}
			return make([]error, len(tags))
		}, rows(release.Removed, release.Removed, ""), "the clean-up lost " + amd.Digest.String() + "; it was put back"},
	} {
		// One after the other, because they share the store.
		done := release.Finish(t.Context(), plan, snap, registries{req.Primary(): s}, pages(describe), tt.untag)
		gotPages, got := done.Pages, done.Temporary
		if (done.Harm == nil) != (tt.harm == "") || done.Harm != nil && done.Harm.Error() != tt.harm {
			t.Errorf("%s: harm = %v, want %q", tt.name, done.Harm, tt.harm)
		}
		if diff := cmp.Diff(tt.want, got, whole); diff != "" {
			t.Errorf("%s: temporary tags (-want +got):\n%s", tt.name, diff)
		}
		wantPages := []release.PageRow{
			{Repo: req.Targets[0], Status: release.Synced},
			{Repo: req.Targets[1], Status: release.Unchanged},
			{Repo: req.Targets[2], Status: release.Failed, Reason: "connection reset"},
			{Repo: req.Targets[3], Status: release.NotSupported, Reason: "not supported by this registry"},
			{Repo: req.Targets[4], Status: release.Kept, Reason: "2.0.0 is higher"},
		}
		if diff := cmp.Diff(wantPages, gotPages, whole); diff != "" {
			t.Errorf("%s: pages (-want +got):\n%s", tt.name, diff)
		}
		for _, m := range []release.Manifest{plan.Manifest, amd, arm} {
			if _, ok := s.manifests[m.Digest]; !ok {
				t.Errorf("%s: %s is gone", tt.name, m.Digest)
			}
		}
	}
}

func TestFinishErr(t *testing.T) {
	t.Parallel()
	repo := repository(t, "registry.example/acme/app")
	well := release.Result{Finished: release.Finished{
		Pages:     []release.PageRow{{Repo: repo, Status: release.Synced}, {Repo: repo, Status: release.NotSupported, Reason: "x"}},
		Temporary: []release.TemporaryRow{{Tag: repo.Tag("a"), Status: release.Kept, Reason: "x"}},
	}}
	if err := well.FinishErr(); err != nil {
		t.Errorf("FinishErr() = %v, want nil", err)
	}
	failed := well
	failed.Pages = append(failed.Pages, release.PageRow{Repo: repo, Status: release.Failed, Reason: "denied"})
	failed.Temporary = append(failed.Temporary, release.TemporaryRow{Tag: repo.Tag("b"), Status: release.Failed, Reason: "denied"})
	err := failed.FinishErr()
	want := &release.FinishError{Finished: release.Finished{Pages: failed.Pages[2:], Temporary: failed.Temporary[1:]}}
	got, ok := errors.AsType[*release.FinishError](err)
	if !ok {
		t.Fatalf("FinishErr() = %v, want a *FinishError", err)
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("FinishErr (-want +got):\n%s", diff)
	}
	const text = "syncing the page of registry.example/acme/app: denied\nremoving registry.example/acme/app:b: denied"
	if err.Error() != text {
		t.Errorf("Error() = %q, want %q", err, text)
	}
}
