// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/semtag"
)

// whole compares plans, snapshots and results with all that can be seen of them.
var whole = cmp.Options{
	cmp.Comparer(func(a, b name.Repository) bool { return a == b }),
	cmp.Comparer(func(a, b name.Tag) bool { return a == b }),
	cmp.Comparer(func(a, b name.Digest) bool { return a == b }),
	cmp.Comparer(func(a, b semtag.Version) bool { return a == b }),
	cmpopts.IgnoreUnexported(release.TargetPlan{}, release.TagPlan{}, semtag.Tag{}, platform.Template{}),
	cmpopts.IgnoreFields(release.Image{}, "Config"), // where it is used, it would be missed
	cmpopts.EquateEmpty(),
}

func repository(tb testing.TB, text string) name.Repository {
	tb.Helper()
	repo, err := name.NewRepository(text)
	if err != nil {
		tb.Fatal(err)
	}
	return repo
}

func version(tb testing.TB, text string) semtag.Version {
	tb.Helper()
	if text == "" {
		return semtag.Version{}
	}
	v, err := semtag.ParseVersion(text)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// request asks for a release of a version, empty for none, to one repository. No templates are the default ones.
func request(tb testing.TB, v string, templates ...string) release.Request {
	tb.Helper()
	return suffixed(tb, v, "", templates...)
}

func suffixed(tb testing.TB, v, suffix string, templates ...string) release.Request {
	tb.Helper()
	scheme, err := semtag.ParseScheme(templates, suffix)
	if err != nil {
		tb.Fatal(err)
	}
	tags, err := scheme.Expand(version(tb, v), semtag.Vars{})
	if err != nil {
		tb.Fatal(err)
	}
	return release.Request{
		Targets: []name.Repository{repository(tb, "registry.example/acme/app")},
		Version: version(tb, v), Tags: tags, Scheme: scheme,
	}
}

// platforms parses what the input of that name holds.
func platforms(tb testing.TB, texts ...string) []platform.Spec {
	tb.Helper()
	var out []platform.Spec
	for _, text := range texts {
		p, err := platform.Parse(text)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// sourceOf is one image as it is after reading. What its manifest holds does not matter to a plan.
func sourceOf(repo name.Repository, tag, platformText string) release.Source {
	m := opaque(tag)
	p, err := v1.ParsePlatform(platformText)
	if err != nil {
		panic(err)
	}
	return release.Source{
		SourceRef: release.SourceRef{Text: tag, Ref: repo.Tag(tag)},
		Manifest:  m,
		Images:    []release.Image{{Child: index.Child{Descriptor: entry(m, p)}, Size: int64(100 + len(tag))}},
	}
}

// sizesOf are the sizes of the sources' images.
func sizesOf(sources ...release.Source) map[v1.Hash]int64 {
	out := map[v1.Hash]int64{}
	for _, s := range sources {
		for _, image := range s.Images {
			out[image.Descriptor.Digest] = image.Size
		}
	}
	return out
}

// promotion is a snapshot of one tested image, which is released as it is: its digest is that of opaque("tested"). The one
// target holds the tags that points has; those whose value is "ours" have the image already.
func promotion(req release.Request, points map[string]string) release.Snapshot {
	source := sourceOf(req.Primary(), "tested", "linux/amd64")
	return release.Snapshot{
		Sources: []release.Source{source}, Promoted: true,
		Targets: []release.TargetState{targetState(req, req.Primary(), points)},
	}
}

// targetState is what a target holds, as reading it would tell.
func targetState(req release.Request, repo name.Repository, points map[string]string) release.TargetState {
	state := release.TargetState{Repo: repo, Points: map[string]v1.Hash{}, Former: map[string]release.Manifest{}}
	state.Tags = slices.Sorted(maps.Keys(points))
	for _, t := range req.Tags {
		text, ok := points[t.Name]
		if !ok {
			continue
		}
		if text == "ours" {
			text = "tested"
		}
		state.Points[t.Name] = opaque(text).Digest
		if t.Kind != semtag.Exact && !req.Guarded(t) {
			state.Former[t.Name] = opaque(text)
		}
	}
	return state
}

// images are the entries of sources, in their order.
func images(sources ...release.Source) []index.Child {
	var out []index.Child
	for _, s := range sources {
		for _, image := range s.Images {
			out = append(out, image.Child)
		}
	}
	return out
}
