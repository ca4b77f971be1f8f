// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

// joined is a snapshot of one image for each platform, under tags named after a stem.
func joined(req release.Request, texts ...string) release.Snapshot {
	snap := release.Snapshot{Targets: []release.TargetState{targetState(req, req.Primary(), nil)}}
	for _, text := range texts {
		snap.Sources = append(snap.Sources, sourceOf(req.Primary(), "test-"+strings.ReplaceAll(text, "/", "-"), text))
	}
	return snap
}

func TestNewPlanJoins(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	snap := joined(req, "linux/arm64", "linux/arm/v7", "linux/amd64", "linux/arm/v6")
	got, err := release.NewPlan(req, snap)
	if err != nil {
		t.Fatal(err)
	}
	s := snap.Sources
	built, err := index.New(images(s[2], s[3], s[1], s[0]), index.Options{
		Annotations: map[string]string{"org.opencontainers.image.version": "1.2.3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := release.Plan{
		Content: release.Content{
			Manifest: release.Manifest{Raw: built.Raw, MediaType: types.OCIImageIndex, Digest: built.Digest},
			Images:   images(s[2], s[3], s[1], s[0]),
			Sizes:    sizesOf(s...),
		},
		Version: req.Version,
		Targets: []release.TargetPlan{{Repo: req.Primary(), Tags: []release.TagPlan{{Tag: req.Tags[0], Action: release.Create}}}},
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("NewPlan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(platforms(t, "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64"), platformsOf(got.Content)); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}

	snap.Sources[0], snap.Sources[2] = snap.Sources[2], snap.Sources[0]
	again, err := release.NewPlan(req, snap)
	if err != nil || again.Manifest.Digest != got.Manifest.Digest {
		t.Errorf("sources in another order give %s, %v, want %s", again.Manifest.Digest, err, got.Manifest.Digest)
	}
}

func TestNewPlanAnnotations(t *testing.T) {
	t.Parallel()
	const (
		versionKey  = "org.opencontainers.image.version"
		revisionKey = "org.opencontainers.image.revision"
		sourceKey   = "org.opencontainers.image.source"
	)
	for _, tt := range []struct {
		name   string
		labels [2]map[string]string
		change func(*release.Request)
		docker bool
		want   map[string]string
	}{
		{name: "the version", want: map[string]string{versionKey: "1.2.3"}},
		{
			name:   "labels that agree",
			labels: [2]map[string]string{{revisionKey: "abc", sourceKey: "https://a"}, {revisionKey: "abc", sourceKey: "https://a"}},
			want:   map[string]string{versionKey: "1.2.3", revisionKey: "abc", sourceKey: "https://a"},
		},
		{
			name:   "labels that differ",
			labels: [2]map[string]string{{revisionKey: "abc", sourceKey: "https://a"}, {revisionKey: "abd", sourceKey: "https://b"}},
			want:   map[string]string{versionKey: "1.2.3"},
		},
		{
			name:   "a label that one lacks",
			labels: [2]map[string]string{{revisionKey: "abc"}, nil},
			want:   map[string]string{versionKey: "1.2.3"},
		},
		{
			name:   "the source of the CI",
			change: func(r *release.Request) { r.SourceURL = "https://ci" },
			want:   map[string]string{versionKey: "1.2.3", sourceKey: "https://ci"},
		},
		{
			name:   "a label goes before the CI",
			labels: [2]map[string]string{{sourceKey: "https://a"}, {sourceKey: "https://a"}},
			change: func(r *release.Request) { r.SourceURL = "https://ci" },
			want:   map[string]string{versionKey: "1.2.3", sourceKey: "https://a"},
		},
		{
			name:   "the user's own go first",
			change: func(r *release.Request) { r.Index.Annotations = map[string]string{versionKey: "mine", "a": "b"} },
			want:   map[string]string{versionKey: "mine", "a": "b"},
		},
		{
			name: "switched off",
			change: func(r *release.Request) {
				r.NoAnnotations, r.SourceURL = true, "https://ci"
			},
			want: nil,
		},
		{name: "none in a Docker list", docker: true, want: nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := request(t, "1.2.3", "{version}")
			if tt.change != nil {
				tt.change(&req)
			}
			snap := joined(req, "linux/amd64", "linux/arm64")
			for i := range snap.Sources {
				snap.Sources[i].Images[0].Labels = tt.labels[i]
				if tt.docker {
					snap.Sources[i].Images[0].Descriptor.MediaType = types.DockerManifestSchema2
				}
			}
			plan, err := release.NewPlan(req, snap)
			if err != nil {
				t.Fatal(err)
			}
			contents, err := index.Parse(plan.Manifest.Raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, contents.Annotations, whole); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNewPlanAnnotatesLists: what was asked for is never dropped.
func TestNewPlanAnnotatesLists(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	req.Index = index.Options{Format: index.Docker, Annotations: map[string]string{"a": "b"}}
	snap := joined(req, "linux/amd64")
	snap.Sources[0].Images[0].Descriptor.MediaType = types.DockerManifestSchema2
	if _, err := release.NewPlan(req, snap); err == nil {
		t.Error("NewPlan of a Docker list with annotations gave no error")
	}
}

func TestNewPlanPromotes(t *testing.T) {
	t.Parallel()
	amd64 := v1.Platform{OS: "linux", Architecture: "amd64"}
	s := newStore()
	child := s.push(t, amd64, nil)
	attestation := entry(opaque("attestation"), &v1.Platform{OS: "unknown", Architecture: "unknown"})
	attestation.Annotations = map[string]string{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": child.Digest.String(),
	}
	// With white space that no encoder would write, to see that it stays.
	raw := append([]byte(" \n"), s.pushIndex(t, []v1.Descriptor{entry(child, &amd64), attestation}).Raw...)
	m := s.add("tested", manifest(types.OCIImageIndex, raw))

	req := request(t, "1.2.3", "{version}")
	image := index.Child{Descriptor: entry(child, &amd64), Attestations: []v1.Descriptor{attestation}}
	snap := release.Snapshot{
		Promoted: true,
		Sources: []release.Source{{
			SourceRef: release.SourceRef{Text: "tested", Ref: req.Primary().Tag("tested")},
			Manifest:  m, Images: []release.Image{{Child: image}},
		}},
		Targets: []release.TargetState{targetState(req, req.Primary(), nil)},
	}

	t.Run("byte for byte", func(t *testing.T) {
		t.Parallel()
		plan, err := release.NewPlan(req, snap)
		if err != nil {
			t.Fatal(err)
		}
		want := release.Content{Manifest: m, Images: []index.Child{image}, Sizes: sizesOf(snap.Sources...), Promoted: true}
		if diff := cmp.Diff(want, plan.Content, whole); diff != "" {
			t.Errorf("content (-want +got):\n%s", diff)
		}
		if got := attestationsOf(plan.Content); got != 1 {
			t.Errorf("Attestations() = %d, want 1", got)
		}
	})
	t.Run("stripped", func(t *testing.T) {
		t.Parallel()
		stripped := req
		stripped.Index.StripAttestations = true
		plan, err := release.NewPlan(stripped, snap)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Promoted || attestationsOf(plan.Content) != 0 || plan.Manifest.Digest == m.Digest {
			t.Errorf("content = %+v, want another index without attestations", plan.Content)
		}
	})
	t.Run("annotated", func(t *testing.T) {
		t.Parallel()
		annotated := req
		annotated.Index.Annotations = map[string]string{"a": "b"}
		plan, err := release.NewPlan(annotated, snap)
		if err != nil {
			t.Fatal(err)
		}
		contents, err := index.Parse(plan.Manifest.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"a": "b"}, contents.Annotations); diff != "" {
			t.Errorf("annotations (-want +got):\n%s", diff)
		}
	})
	t.Run("a single image has no annotations", func(t *testing.T) {
		t.Parallel()
		annotated := req
		annotated.Index.Annotations = map[string]string{"a": "b"}
		_, err := release.NewPlan(annotated, promotion(annotated, nil))
		const want = "promoting tested: it is a single image, and annotations need an index"
		if err == nil || err.Error() != want {
			t.Errorf("NewPlan() = %v, want %s", err, want)
		}
	})
}

func TestNewPlanResumes(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}", "latest")
	req.Cleanup = true
	published := sourceOf(req.Primary(), "1.2.3", "linux/amd64")
	left := sourceOf(req.Primary(), "test-linux-amd64", "linux/amd64")
	left.Temporary = true
	gone := release.SourceRef{Text: "test-linux-arm64", Ref: req.Primary().Tag("test-linux-arm64"), Temporary: true}
	snap := release.Snapshot{
		Sources: []release.Source{left}, Resumed: &published, Absent: []release.SourceRef{gone},
		Targets: []release.TargetState{targetState(req, req.Primary(), map[string]string{"1.2.3": "1.2.3"})},
	}
	got, err := release.NewPlan(req, snap)
	if err != nil {
		t.Fatal(err)
	}
	want := release.Plan{
		Content: release.Content{Manifest: published.Manifest, Images: images(published), Sizes: sizesOf(published), Promoted: true},
		Version: req.Version,
		Resumed: true,
		Absent:  []release.SourceRef{gone},
		Targets: []release.TargetPlan{{Repo: req.Primary(), Tags: []release.TagPlan{
			{Tag: req.Tags[0], Action: release.Leave, From: published.Manifest.Digest},
			{Tag: req.Tags[1], Action: release.Create},
		}}},
		Temporary: []release.TemporaryTag{
			{Name: "test-linux-amd64", Digest: left.Manifest.Digest},
			{Name: "test-linux-arm64"},
		},
		Notices: got.Notices,
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("NewPlan (-want +got):\n%s", diff)
	}
	if len(got.Notices) != 1 || !strings.Contains(got.Notices[0], "1.2.3") {
		t.Errorf("Notices = %q, want one that names 1.2.3", got.Notices)
	}
}

func TestNewPlanPlatforms(t *testing.T) {
	t.Parallel()
	digest := func(text string) string { return opaque("test-" + strings.ReplaceAll(text, "/", "-")).Digest.String() }
	named := func(text string) string {
		return "test-" + strings.ReplaceAll(text, "/", "-") + " (" + text + ", " + digest(text) + ")"
	}
	for _, tt := range []struct {
		name     string
		sources  []string
		expected []string
		want     []error
	}{
		{"exactly those", []string{"linux/amd64", "linux/arm64"}, []string{"linux/arm64/v8", "linux/amd64"}, nil},
		{"none expected", []string{"linux/amd64", "linux/s390x"}, nil, nil},
		{
			"one is missing",
			[]string{"linux/amd64"},
			[]string{"linux/amd64", "linux/arm64"},
			[]error{&release.PlatformError{
				Problem: release.ProblemMissing, Platform: spec(t, "linux/arm64"), Images: []string{named("linux/amd64")},
			}},
		},
		{
			"one too many",
			[]string{"linux/amd64", "linux/s390x"},
			[]string{"linux/amd64"},
			[]error{&release.PlatformError{
				Problem: release.ProblemTooMany, Platform: spec(t, "linux/s390x"), Images: []string{named("linux/s390x")},
			}},
		},
		{
			"another variant",
			[]string{"linux/arm/v6"},
			[]string{"linux/arm/v7"},
			[]error{
				&release.PlatformError{Problem: release.ProblemMissing, Platform: spec(t, "linux/arm/v7"), Images: []string{named("linux/arm/v6")}},
				&release.PlatformError{Problem: release.ProblemTooMany, Platform: spec(t, "linux/arm/v6"), Images: []string{named("linux/arm/v6")}},
			},
		},
		{
			"two of one",
			[]string{"linux/arm64", "linux/arm64/v8"},
			nil,
			[]error{&release.PlatformError{
				Problem: release.ProblemTwice, Platform: spec(t, "linux/arm64/v8"), Images: []string{named("linux/arm64"), named("linux/arm64/v8")},
			}},
		},
		{
			"two of one, which is expected",
			[]string{"linux/arm64", "linux/arm64/v8"},
			[]string{"linux/arm64"},
			[]error{&release.PlatformError{
				Problem: release.ProblemTwice, Platform: spec(t, "linux/arm64/v8"), Images: []string{named("linux/arm64"), named("linux/arm64/v8")},
			}},
		},
		{
			"windows by its build",
			[]string{"windows/amd64:10.0.14393.2068", "windows/amd64:10.0.16299.248"},
			[]string{"windows/amd64:10.0.14393.2068", "windows/amd64:10.0.16299.248"},
			nil,
		},
		{
			"windows without a build is one image",
			[]string{"windows/amd64:10.0.14393.2068", "windows/amd64:10.0.16299.248"},
			[]string{"windows/amd64"},
			[]error{&release.PlatformError{
				Problem: release.ProblemSeveral, Platform: spec(t, "windows/amd64"),
				Images: []string{named("windows/amd64:10.0.14393.2068"), named("windows/amd64:10.0.16299.248")},
			}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := request(t, "1.2.3", "{version}")
			req.Platforms = platforms(t, tt.expected...)
			snap := release.Snapshot{Targets: []release.TargetState{targetState(req, req.Primary(), nil)}}
			for _, text := range tt.sources {
				tag := "test-" + strings.ReplaceAll(text, "/", "-")
				source := sourceOf(req.Primary(), "x", text)
				source.Text, source.Images[0].Descriptor.Digest = tag, opaque(tag).Digest
				snap.Sources = append(snap.Sources, source)
			}
			_, err := release.NewPlan(req, snap)
			if diff := cmp.Diff(tt.want, leaves(err)); diff != "" {
				t.Errorf("NewPlan errors (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlatformErrorText(t *testing.T) {
	t.Parallel()
	err := &release.PlatformError{Problem: release.ProblemMissing, Platform: spec(t, "linux/arm64"), Images: []string{"a", "b"}}
	const want = "checking platforms: linux/arm64: missing; there are: a, b"
	if got := err.Error(); got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func spec(tb testing.TB, text string) platform.Spec {
	tb.Helper()
	return platforms(tb, text)[0]
}

// TestNewPlanSingleFormat: a single image has no index whose format could be chosen.
func TestNewPlanSingleFormat(t *testing.T) {
	t.Parallel()
	for format, fails := range map[index.Format]bool{index.Auto: false, index.OCI: false, index.Docker: true} {
		req := request(t, "1.2.3", "{version}")
		req.Index.Format = format
		_, err := release.NewPlan(req, promotion(req, nil)) // an OCI image
		if got := err != nil && strings.Contains(err.Error(), "stays what it is, whatever the format"); got != fails {
			t.Errorf("format %v: %v, want an error: %v", format, err, fails)
		}
	}
}

// platformsOf are the platforms of what is published, in the order of the index.
func platformsOf(c release.Content) []platform.Spec {
	var out []platform.Spec
	for _, image := range c.Images {
		out = append(out, platform.FromOCI(image.Descriptor.Platform))
	}
	return out
}

// attestationsOf counts the attestations of what is published.
func attestationsOf(c release.Content) int {
	n := 0
	for _, image := range c.Images {
		n += len(image.Attestations)
	}
	return n
}
