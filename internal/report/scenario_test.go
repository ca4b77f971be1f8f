// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
	"github.com/polytag/polytag/internal/semtag"
)

// scenario is a run as it might have been.
type scenario struct {
	name   string
	report report.Report
}

// hostile is what a registry may try: to leave its cell, to mention, to load, to steer the terminal or the runner.
const hostile = "x | y\n| @acme `b` <img src=x>\r\n\x1b[31m::error::\u202e &amp; \\| [a](javascript:b)"

func scenarios() []scenario {
	return []scenario{
		{"release", first()},
		{"backport", backport()},
		{"rerun", rerun()},
		{"race", race()},
		{"two_targets", twoTargets()},
		{"committed", committed()},
		{"dry_run", dryRun()},
		{"dry_run_refused", dryRunRefused()},
		{"promoted", promoted()},
		{"resumed", resumed()},
		{"incomplete", incomplete()},
		{"no_plan", report.Report{Version: "1.2.3", Err: errors.New("checking platforms: linux/arm64: missing; there are: 12be34-linux-amd64 (linux/amd64, " + hash("amd64").String() + ")")}},
		{"not_staged", notStaged()},
		{"hostile", foreign(hostile)},
	}
}

func hash(seed string) v1.Hash {
	sum := sha256.Sum256([]byte(seed))
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

func repo(s string) name.Repository {
	r, err := name.NewRepository(s)
	if err != nil {
		panic(err)
	}
	return r
}

func image(p v1.Platform, size int64, attestations ...string) index.Child {
	child := index.Child{Descriptor: v1.Descriptor{
		MediaType: types.OCIManifestSchema1, Size: size, Digest: hash(p.String()), Platform: &p,
	}}
	for _, a := range attestations {
		child.Attestations = append(child.Attestations, v1.Descriptor{Digest: hash(p.String() + a)})
	}
	return child
}

// plan is a plan for an index of three platforms.
func plan(version string, targets ...release.TargetPlan) release.Plan {
	p := release.Plan{Targets: targets}
	p.Manifest = release.Manifest{Raw: make([]byte, 2338), MediaType: types.OCIImageIndex, Digest: hash("index " + version)}
	p.Images = []index.Child{
		image(v1.Platform{OS: "linux", Architecture: "amd64"}, 561, "provenance"),
		image(v1.Platform{OS: "linux", Architecture: "arm", Variant: "v6"}, 561, "provenance"),
		image(v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, 1204, "provenance", "sbom"),
	}
	p.Sizes = map[v1.Hash]int64{}
	for i, image := range p.Images {
		p.Sizes[image.Descriptor.Digest] = int64(i+1) * 31_415_926
	}
	if version != "" {
		v, err := semtag.ParseVersion(version)
		if err != nil {
			panic(err)
		}
		p.Version = v
	}
	return p
}

func tagPlan(tag string, kind semtag.Kind, action release.Action, from v1.Hash, by string) release.TagPlan {
	return release.TagPlan{Tag: semtag.Tag{Name: tag, Kind: kind}, Action: action, From: from, By: by}
}

func row(tag string, kind semtag.Kind, status release.Status, from, to v1.Hash) release.Row {
	return release.Row{Tag: tag, Kind: kind, Status: status, From: from, To: to}
}

func result(targets ...release.TargetResult) *release.Result {
	return &release.Result{Targets: targets}
}

var absent v1.Hash

func first() report.Report {
	hub, ours := repo("acme/app"), hash("index 1.2.3")
	return report.Report{
		Version: "1.2.3", Plan: plan("1.2.3", release.TargetPlan{Repo: hub}), Duration: 1234 * time.Millisecond,
		Result: result(release.TargetResult{Repo: hub, Released: true, Rows: []release.Row{
			row("1", semtag.Floating, release.Created, absent, ours),
			row("1.2", semtag.Floating, release.Created, absent, ours),
			row("1.2.3", semtag.Exact, release.Created, absent, ours),
			row("latest", semtag.Floating, release.Moved, hash("index 1.1.8"), ours),
		}}),
	}
}

func backport() report.Report {
	ghcr, ours, higher := repo("ghcr.io/acme/app"), hash("index 1.1.9"), hash("index 1.2.3")
	major := row("1", semtag.Floating, release.Kept, higher, higher)
	latest := row("latest", semtag.Floating, release.Kept, higher, higher)
	major.By, latest.By = "1.2.3", "1.2.3"
	return report.Report{
		Version: "1.1.9", Plan: plan("1.1.9", release.TargetPlan{Repo: ghcr}), Duration: 987 * time.Millisecond,
		Result: result(release.TargetResult{Repo: ghcr, Released: true, Rows: []release.Row{
			major,
			row("1.1", semtag.Floating, release.Moved, hash("index 1.1.8"), ours),
			row("1.1.9", semtag.Exact, release.Created, absent, ours),
			latest,
		}}),
	}
}

func rerun() report.Report {
	r := backport()
	rows := r.Result.Targets[0].Rows
	ours := hash("index 1.1.9")
	rows[1] = row("1.1", semtag.Floating, release.Unchanged, ours, ours)
	rows[2] = row("1.1.9", semtag.Exact, release.Unchanged, ours, ours)
	return r
}

func race() report.Report {
	ghcr, ours, higher := repo("ghcr.io/acme/app"), hash("index 1.2.3"), hash("index 1.3.0")
	major := row("1", semtag.Floating, release.Superseded, hash("index 1.2.2"), higher)
	latest := row("latest", semtag.Floating, release.Settled, hash("index 1.2.2"), higher)
	major.By, latest.By = "1.3.0", "1.3.0"
	return report.Report{
		Version: "1.2.3", Plan: plan("1.2.3", release.TargetPlan{Repo: ghcr}),
		Result: result(release.TargetResult{Repo: ghcr, Released: true, Rows: []release.Row{
			major,
			row("1.2", semtag.Floating, release.Moved, hash("index 1.2.2"), ours),
			row("1.2.3", semtag.Exact, release.Created, absent, ours),
			latest,
		}}),
	}
}

// twoTargets is a release of which the primary fails before its exact tag.
func twoTargets() report.Report {
	hub, ghcr := repo("acme/app"), repo("ghcr.io/acme/app")
	ours, before := hash("index 1.2.3"), hash("index 1.2.2")
	refused := errors.New("pushing index.docker.io/acme/app:1.2.3: PUT https://index.docker.io/v2/acme/app/manifests/1.2.3: DENIED: requested access to the resource is denied")
	major := row("1", semtag.Floating, release.RolledBack, before, before)
	major.By = "1.2.2"
	exact := row("1.2.3", semtag.Exact, release.Failed, absent, absent)
	exact.Reason = refused.Error()
	latest := row("latest", semtag.Floating, release.Failed, before, absent)
	latest.Unknown, latest.Reason = true, "what it points at could not be read"
	r := report.Report{
		Version: "1.2.3", Plan: plan("1.2.3", release.TargetPlan{Repo: hub}, release.TargetPlan{Repo: ghcr}),
		Result: result(
			release.TargetResult{Repo: hub, Err: refused, Rows: []release.Row{
				major, row("1.2", semtag.Floating, release.RolledBack, absent, absent), exact, latest,
			}},
			release.TargetResult{Repo: ghcr, Released: true, Rows: []release.Row{
				row("1", semtag.Floating, release.Moved, before, ours),
				row("1.2", semtag.Floating, release.Created, absent, ours),
				row("1.2.3", semtag.Exact, release.Created, absent, ours),
				row("latest", semtag.Floating, release.Moved, before, ours),
			}},
		),
	}
	r.Result.Staged = []release.Staged{
		{Repo: ghcr, Images: 6, Referrers: 2, Uploaded: 4, Mounted: 1, Present: 3, Bytes: 48_000_000},
	}
	r.Err = r.Result.Err()
	return r
}

// committed is a release that fails behind its exact tag.
func committed() report.Report {
	r := first()
	target := &r.Result.Targets[0]
	target.Err = errors.New("pushing index.docker.io/acme/app:latest: 429 Too Many Requests")
	target.Rows[3] = row("latest", semtag.Floating, release.Failed, hash("index 1.1.8"), hash("index 1.1.8"))
	target.Rows[3].Reason = target.Err.Error()
	r.Err = r.Result.Err()
	return r
}

func dryRun() report.Report {
	hub, ghcr, ours := repo("acme/app"), repo("ghcr.io/acme/app"), hash("index 1.2.3")
	r := report.Report{
		Version: "1.2.3", DryRun: true, Plan: plan("1.2.3",
			release.TargetPlan{Repo: hub, Tags: []release.TagPlan{
				tagPlan("1", semtag.Floating, release.Keep, hash("index 1.9.4"), "1.9.4"),
				tagPlan("1.2", semtag.Floating, release.Move, hash("index 1.2.2"), ""),
				tagPlan("1.2.3", semtag.Exact, release.Create, absent, ""),
				tagPlan("latest", semtag.Floating, release.Keep, absent, "2.0.0"),
				tagPlan("nightly", semtag.Literal, release.Move, hash("nightly"), ""),
			}},
			release.TargetPlan{Repo: ghcr, Tags: []release.TagPlan{
				tagPlan("1", semtag.Floating, release.Create, absent, ""),
				tagPlan("1.2", semtag.Floating, release.Refresh, ours, ""),
				tagPlan("1.2.3", semtag.Exact, release.Leave, ours, ""),
				tagPlan("latest", semtag.Floating, release.Refresh, ours, ""),
				tagPlan("nightly", semtag.Literal, release.Leave, ours, ""),
			}},
		),
	}
	layer := v1.Descriptor{Size: 12_345_678, Digest: hash("layer")}
	r.Plan.Targets[1].Loads = []release.Load{
		{Manifest: release.Manifest{Digest: hash("amd64")}, Blobs: []v1.Descriptor{layer, {Size: 1234, Digest: hash("config")}}},
		{Manifest: release.Manifest{Digest: hash("arm")}, Blobs: []v1.Descriptor{layer}},
		{Manifest: release.Manifest{Digest: hash("signature")}, For: hash("amd64"), Tag: "sha256-amd64.sig"},
	}
	r.Plan.Targets[0].Page = &release.PagePlan{}
	r.Plan.Targets[1].Page = &release.PagePlan{Kept: "2.0.0 is higher"}
	r.Plan.Temporary = []release.TemporaryTag{
		{Name: "12be34-linux-amd64", Digest: hash("amd64")},
		{Name: "1.2.3-rc.1", Digest: hash("rc"), Keep: "it is the tag of version 1.2.3-rc.1"},
		{Name: "12be34-linux-arm64-v8"},
	}
	return r
}

func dryRunRefused() report.Report {
	r := dryRun()
	hub, have, want := repo("acme/app"), hash("another"), hash("index 1.2.3")
	r.Err = errors.Join(
		&release.ConflictError{Tag: hub.Tag("1.2.3"), Have: have, Want: want},
		&release.FrozenError{Tag: hub.Tag("latest")},
	)
	return r
}

// promoted is a build number on a tested Docker manifest list.
func promoted() report.Report {
	local, ours := repo("localhost:5000/acme/app"), hash("list")
	p := plan("", release.TargetPlan{Repo: local})
	p.Promoted = true
	p.Manifest.MediaType, p.Manifest.Digest = types.DockerManifestList, ours
	p.Images = []index.Child{
		image(v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.14393.2068"}, 1040),
		image(v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.16299.248"}, 1040),
	}
	return report.Report{Plan: p, Result: result(release.TargetResult{Repo: local, Rows: []release.Row{
		row("BUILD-131", semtag.Literal, release.Created, absent, ours),
	}})}
}

func resumed() report.Report {
	r := dryRun()
	r.Plan.Promoted, r.Plan.Resumed = true, true
	r.Plan.Notices = []string{"sources are gone because an earlier run removed them; going on from 1.2.3"}
	r.Plan.Absent = []release.SourceRef{
		{Text: "12be34-linux-amd64", Platform: platform.Spec{OS: "linux", Arch: "amd64"}, Temporary: true},
		{Text: "12be34-linux-arm-v6", Platform: platform.Spec{OS: "linux", Arch: "arm", Variant: "v6"}, Temporary: true},
	}
	return r
}

func incomplete() report.Report {
	r := first()
	primary := r.Result.Targets[0].Repo
	r.Result.Pages = []release.PageRow{
		{Repo: primary, Status: release.Failed, Reason: "403 Forbidden: insufficient scope"},
		{Repo: repo("ghcr.io/acme/app"), Status: release.NotSupported, Reason: "GHCR shows the README of the linked repository"},
	}
	r.Result.Temporary = []release.TemporaryRow{
		{Tag: primary.Tag("12be34-linux-amd64"), Digest: hash("amd64"), Status: release.Removed},
		{Tag: primary.Tag("12be34-linux-arm-v6"), Digest: hash("arm"), Status: release.Kept, Reason: "it has moved to " + hash("other").String() + " since it was read"},
		{Tag: primary.Tag("12be34-linux-arm64-v8"), Status: release.Absent},
	}
	r.Err = r.Result.FinishErr()
	return r
}

// notStaged ended before any tag was tried.
func notStaged() report.Report {
	r := dryRun()
	r.DryRun = false
	r.Err = errors.New("staging ghcr.io/acme/app@" + hash("index 1.2.3").String() + ": 503 Service Unavailable")
	return r
}

// foreign is a run in which a registry, and the images in it, say text wherever they can.
func foreign(text string) report.Report {
	r := backport()
	r.Plan.Images = append(r.Plan.Images, image(v1.Platform{OS: text, Architecture: text}, 1))
	r.Plan.Absent = []release.SourceRef{{Text: text}}
	rows := r.Result.Targets[0].Rows
	rows[0].By = text
	rows[1].Status, rows[1].Reason = release.Failed, text
	r.Result.Targets[0].Err = errors.New(text)
	r.Result.Pages = []release.PageRow{{Repo: r.Result.Targets[0].Repo, Status: release.Failed, Reason: text}}
	r.Result.Temporary = []release.TemporaryRow{{Tag: r.Result.Targets[0].Repo.Tag("tmp"), Status: release.Failed, Reason: text}}
	r.Err = r.Result.Err()
	return r
}
