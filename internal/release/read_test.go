// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

var (
	amd64 = v1.Platform{OS: "linux", Architecture: "amd64"}
	arm64 = v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
)

// stem asks for a release of what is tagged with a stem, for the given platforms.
func stem(tb testing.TB, texts ...string) release.Request {
	tb.Helper()
	req := request(tb, "1.2.3", "{version}", "latest")
	template, err := platform.ParseTemplate("{source_tag}-{os}-{arch}{-variant}")
	if err != nil {
		tb.Fatal(err)
	}
	req.Sources = release.Sources{Tag: "test", Template: template}
	req.Platforms = platforms(tb, texts...)
	return req
}

// read reads from one store, and must not wait.
func read(t *testing.T, req release.Request, s *store) (release.Snapshot, error) {
	t.Helper()
	return release.Read(t.Context(), req, registries{req.Primary(): s}, func(w release.Waiting) {
		t.Errorf("waiting for %+v", w)
	})
}

// temporary is a per-platform tag, or the stem itself, as a source reference.
func temporary(req release.Request, tag string, p platform.Spec) release.SourceRef {
	return release.SourceRef{Text: tag, Ref: req.Primary().Tag(tag), Platform: p, Temporary: true}
}

// imageOf is an image as it is read.
func imageOf(m release.Manifest, p v1.Platform, labels map[string]string, attestations ...v1.Descriptor) release.Image {
	var parsed v1.Manifest
	if err := json.Unmarshal(m.Raw, &parsed); err != nil {
		panic(err) // what a store pushed
	}
	size := parsed.Config.Size
	for _, layer := range parsed.Layers {
		size += layer.Size
	}
	return release.Image{Child: index.Child{Descriptor: entry(m, &p), Attestations: attestations}, Labels: labels, Size: size, Raw: m.Raw}
}

func TestReadStem(t *testing.T) {
	t.Parallel()
	req := stem(t, "linux/arm64/v8", "linux/amd64")
	s := newStore()
	labels := map[string]string{"org.opencontainers.image.revision": "abc"}
	a := s.push(t, amd64, labels, "test-linux-amd64")
	b := s.push(t, arm64, nil, "test-linux-arm64-v8")
	s.push(t, v1.Platform{OS: "linux", Architecture: "s390x"}, nil, "test-linux-s390x", "test") // nobody asks for it
	s.add("1.2.2", opaque("1.2.2"), "1.2.2", "latest")

	got, err := read(t, req, s)
	if err != nil {
		t.Fatal(err)
	}
	want := release.Snapshot{
		Sources: []release.Source{
			{SourceRef: temporary(req, "test-linux-arm64-v8", req.Platforms[0]), Manifest: b, Images: []release.Image{imageOf(b, arm64, nil)}},
			{SourceRef: temporary(req, "test-linux-amd64", req.Platforms[1]), Manifest: a, Images: []release.Image{imageOf(a, amd64, labels)}},
		},
		Targets: []release.TargetState{{
			Repo:   req.Primary(),
			Tags:   []string{"1.2.2", "latest", "test", "test-linux-amd64", "test-linux-arm64-v8", "test-linux-s390x"},
			Points: map[string]v1.Hash{"latest": opaque("1.2.2").Digest},
		}},
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

// TestReadPromoted: a stem of which no per-platform tag exists is the tag of one image.
func TestReadPromoted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		platforms []string
	}{
		{"without platforms", nil},
		{"with platforms", []string{"linux/amd64", "linux/arm64"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := stem(t, tt.platforms...)
			s := newStore()
			a, b := s.push(t, amd64, nil), s.push(t, arm64, nil)
			attestation := attest(s, a)
			x := s.pushIndex(t, []v1.Descriptor{entry(b, &arm64), entry(a, &amd64), attestation}, "test")
			got, err := read(t, req, s)
			if err != nil {
				t.Fatal(err)
			}
			want := release.Snapshot{
				Promoted: true,
				Sources: []release.Source{{
					SourceRef: temporary(req, "test", platform.Spec{}), Manifest: x,
					Images: []release.Image{imageOf(b, arm64, nil), imageOf(a, amd64, nil, attestation)},
				}},
				Targets: []release.TargetState{{Repo: req.Primary(), Tags: []string{"test"}}},
			}
			if diff := cmp.Diff(want, got, whole); diff != "" {
				t.Errorf("Read (-want +got):\n%s", diff)
			}
		})
	}
}

// attest stores an attestation of an image and describes it as BuildKit does.
func attest(s *store, m release.Manifest) v1.Descriptor {
	raw := []byte(`{"layers":[],"annotations":{"of":"` + m.Digest.String() + `"}}`)
	d := entry(s.add("attestation", manifest(types.OCIManifestSchema1, raw)), &v1.Platform{OS: "unknown", Architecture: "unknown"})
	d.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": m.Digest.String()}
	return d
}

// TestReadRefs reads references in several repositories, and asks each target which images it lacks.
func TestReadRefs(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "nightly", "{version}")
	staging, second := repository(t, "registry.example/acme/staging"), repository(t, "other.example/app")
	req.Targets = append(req.Targets, second)
	home, away, other := newStore(), newStore(), newStore()
	a := home.push(t, amd64, nil)
	b := away.push(t, arm64, nil)
	attestation := attest(away, b)
	x := away.pushIndex(t, []v1.Descriptor{entry(b, &arm64), attestation}, "arm")
	home.add("arm64", b)     // the image is there, its attestation is not
	other.add("amd64", a)    // the other way round
	old := opaque("nightly") // behind a tag that has no line
	other.add("old", old, "nightly")
	req.Sources.Refs = []release.SourceRef{
		{Text: "staging:arm", Ref: staging.Tag("arm")},
		{Text: a.Digest.String(), Ref: req.Primary().Digest(a.Digest.String())},
	}

	reg := registries{req.Primary(): home, staging: away, second: other}
	got, err := release.Read(t.Context(), req, reg, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := release.Snapshot{
		Sources: []release.Source{
			{SourceRef: req.Sources.Refs[0], Manifest: x, Images: []release.Image{imageOf(b, arm64, nil, attestation)}},
			{SourceRef: req.Sources.Refs[1], Manifest: a, Images: []release.Image{imageOf(a, amd64, nil)}},
		},
		Loads: []release.Load{
			{Manifest: b, Blobs: []v1.Descriptor{configOf(t, b)}, Config: away.blobs[configOf(t, b).Digest], From: req.Sources.Refs[0]},
			{Manifest: away.manifests[attestation.Digest], From: req.Sources.Refs[0]},
		},
		Targets: []release.TargetState{
			{Repo: req.Primary(), Lacks: []v1.Hash{attestation.Digest}},
			{
				Repo: second, Lacks: []v1.Hash{b.Digest, attestation.Digest},
				Points: map[string]v1.Hash{"nightly": old.Digest}, Former: map[string]release.Manifest{"nightly": old},
			},
		},
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

// TestReadOneRef: a single reference is promoted, whether it is an index or not.
func TestReadOneRef(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	s := newStore()
	a := s.push(t, amd64, nil, "a")
	req.Sources.Refs = []release.SourceRef{{Text: "a", Ref: req.Primary().Tag("a")}}
	got, err := read(t, req, s)
	if err != nil {
		t.Fatal(err)
	}
	want := release.Snapshot{
		Promoted: true,
		Sources:  []release.Source{{SourceRef: req.Sources.Refs[0], Manifest: a, Images: []release.Image{imageOf(a, amd64, nil)}}},
		Targets:  []release.TargetState{{Repo: req.Primary()}},
	}
	if diff := cmp.Diff(want, got, whole); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

// TestReadNested: indexes within indexes are flattened.
func TestReadNested(t *testing.T) {
	t.Parallel()
	req := stem(t)
	s := newStore()
	a, b := s.push(t, amd64, nil), s.push(t, arm64, nil)
	x := s.pushIndex(t, []v1.Descriptor{entry(b, &arm64)})
	for range 2 {
		x = s.pushIndex(t, []v1.Descriptor{entry(x, nil)})
	}
	s.pushIndex(t, []v1.Descriptor{entry(x, nil), entry(a, &amd64)}, "test")
	got, err := read(t, req, s)
	if err != nil {
		t.Fatal(err)
	}
	want := []release.Image{imageOf(a, amd64, nil), imageOf(b, arm64, nil)}
	if diff := cmp.Diff(want, got.Sources[0].Images, whole); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
}

// TestReadRefusesSources are sources that can be read, and cannot be released. None of them is waited for.
func TestReadRefusesSources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		push func(testing.TB, *store)
		want string
	}{
		{"an artifact", func(_ testing.TB, s *store) {
			s.add("x", manifest("application/vnd.example", []byte("{}")), "test")
		}, "reading test: application/vnd.example is neither an image nor an index"},
		{"an empty index", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, []v1.Descriptor{}, "test")
		}, "lists no image"},
		{"an index of attestations", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, []v1.Descriptor{attest(s, opaque("gone"))}, "test")
		}, "lists no image"},
		{"an index whose image is gone", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, []v1.Descriptor{entry(opaque("gone"), &amd64)}, "test")
		}, "part of test: " + opaque("gone").Digest.String() + ": not found"},
		{"an image whose config is gone", func(tb testing.TB, s *store) {
			tb.Helper()
			s.push(tb, amd64, nil, "test")
			clear(s.blobs)
		}, "reading the config of test"},
		{"an index that lies about a size", func(tb testing.TB, s *store) {
			tb.Helper()
			d := entry(s.push(tb, amd64, nil), &amd64)
			d.Size++
			s.pushIndex(tb, []v1.Descriptor{d}, "test")
		}, "the index says"},
		{"an image without a platform", func(tb testing.TB, s *store) {
			tb.Helper()
			s.push(tb, v1.Platform{}, nil, "test")
		}, "has no platform, neither in its config nor in its name"},
		{"an image for a platform that does not exist", func(tb testing.TB, s *store) {
			tb.Helper()
			s.push(tb, v1.Platform{OS: "linux", Architecture: "no such thing"}, nil, "test")
		}, "reading the platform of"},
		{"an index that says otherwise than its image", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, []v1.Descriptor{entry(s.push(tb, amd64, nil), &arm64)}, "test")
		}, "checking test: the name says linux/arm64/v8, but the config of"},
		{"an index that holds itself", func(tb testing.TB, s *store) {
			tb.Helper()
			x := s.pushIndex(tb, []v1.Descriptor{{MediaType: "application/vnd.oci.image.index.v1+json", Size: 1000, Digest: opaque("itself").Digest}}, "test")
			x.Raw = append(x.Raw, slices.Repeat([]byte(" "), 1000-len(x.Raw))...)
			s.manifests[s.tags["test"]], s.manifests[opaque("itself").Digest] = x, x
		}, "indexes are nested more than 4 deep"},
		{"an index of too many images", func(tb testing.TB, s *store) {
			tb.Helper()
			s.pushIndex(tb, slices.Repeat([]v1.Descriptor{entry(s.push(tb, amd64, nil), &amd64)}, 1001), "test")
		}, "at most 1000 are read"},
		{"indexes that hold too many images together", func(tb testing.TB, s *store) {
			tb.Helper()
			half := entry(s.pushIndex(tb, slices.Repeat([]v1.Descriptor{entry(s.push(tb, amd64, nil), &amd64)}, 501)), nil)
			s.pushIndex(tb, []v1.Descriptor{half, half}, "test")
		}, "at most 1000 are read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := stem(t)
			s := newStore()
			tt.push(t, s)
			_, err := read(t, req, s)
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, release.ErrNotFound) {
				t.Errorf("Read() = %v, want …%s…, and not ErrNotFound", err, tt.want)
			}
		})
	}
}

// TestReadNames compares what names say with what configs say.
func TestReadNames(t *testing.T) {
	t.Parallel()
	windows := v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.14393.2068"}
	for _, tt := range []struct {
		name     string
		config   v1.Platform
		says     string
		override bool
		want     v1.Platform // zero: an error
		notice   string
	}{
		{name: "the same", config: amd64, says: "linux/amd64", want: amd64},
		{name: "another spelling", config: arm64, says: "linux/arm64", want: arm64},
		{name: "and the other way round", config: v1.Platform{OS: "linux", Architecture: "arm64"}, says: "linux/arm64/v8", want: v1.Platform{OS: "linux", Architecture: "arm64"}},
		{
			name: "the name knows the variant", config: v1.Platform{OS: "linux", Architecture: "arm"}, says: "linux/arm/v6",
			want:   v1.Platform{OS: "linux", Architecture: "arm", Variant: "v6"},
			notice: "image: the config says linux/arm, the name makes it linux/arm/v6",
		},
		{
			name: "the name knows everything", says: "linux/riscv64", want: v1.Platform{OS: "linux", Architecture: "riscv64"},
			notice: "image: the config says no platform, the name makes it linux/riscv64",
		},
		{name: "the config knows the build", config: windows, says: "windows/amd64", want: windows},
		{
			name: "the name knows the build", config: v1.Platform{OS: "windows", Architecture: "amd64"}, says: "windows/amd64:10.0.14393.2068", want: windows,
			notice: "image: the config says windows/amd64, the name makes it windows/amd64:10.0.14393.2068",
		},
		{name: "another architecture", config: amd64, says: "linux/arm64"},
		{name: "another system", config: amd64, says: "windows/amd64"},
		{name: "another variant", config: v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}, says: "linux/arm/v6"},
		{name: "another build", config: windows, says: "windows/amd64:10.0.17763.6054"},
		{
			name: "another variant, by the user's word", config: v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}, says: "linux/arm/v6", override: true,
			want:   v1.Platform{OS: "linux", Architecture: "arm", Variant: "v6"},
			notice: "image: the config says linux/arm/v7, the name makes it linux/arm/v6",
		},
		{name: "another architecture, by the user's word", config: amd64, says: "linux/arm64", override: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := request(t, "1.2.3", "{version}")
			s := newStore()
			m := s.push(t, tt.config, nil, "image")
			ref := release.SourceRef{Text: "image", Ref: req.Primary().Tag("image"), Platform: spec(t, tt.says), Override: tt.override}
			req.Sources.Refs = []release.SourceRef{ref}
			got, err := read(t, req, s)
			if tt.want.OS == "" {
				want := []error{&release.MismatchError{Source: ref, Digest: m.Digest, Want: spec(t, tt.says), Got: platform.FromOCI(&tt.config)}}
				if diff := cmp.Diff(want, leaves(err), whole); diff != "" {
					t.Errorf("Read errors (-want +got):\n%s", diff)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := release.Source{SourceRef: ref, Manifest: m, Images: []release.Image{imageOf(m, tt.want, nil)}}
			if tt.notice != "" {
				want.Notices = []string{tt.notice}
			}
			if diff := cmp.Diff([]release.Source{want}, got.Sources, whole); diff != "" {
				t.Errorf("sources (-want +got):\n%s", diff)
			}
			// What only the name says is lost unless there is an index to say it.
			if promoted := tt.notice == ""; got.Promoted != promoted {
				t.Errorf("promoted: %v, want %v", got.Promoted, promoted)
			}
		})
	}
}

func TestMismatchErrorText(t *testing.T) {
	t.Parallel()
	digest := opaque("x").Digest
	err := &release.MismatchError{
		Source: release.SourceRef{Text: "test-linux-arm64"}, Digest: digest, Want: spec(t, "linux/arm64"), Got: spec(t, "linux/amd64"),
	}
	want := "checking test-linux-arm64: the name says linux/arm64, but the config of " + digest.String() + " says linux/amd64"
	if got := err.Error(); got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

// TestReadIndexFillsConfig: what the config lacks, the index that lists the image knows.
func TestReadIndexFillsConfig(t *testing.T) {
	t.Parallel()
	req := stem(t)
	s := newStore()
	m := s.push(t, v1.Platform{OS: "windows", Architecture: "amd64"}, nil)
	full := v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.14393.2068", OSFeatures: []string{"win32k"}}
	s.pushIndex(t, []v1.Descriptor{entry(m, &full)}, "test")
	got, err := read(t, req, s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]release.Image{imageOf(m, full, nil)}, got.Sources[0].Images, whole); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
}

// TestReadJoinsErrors: what is wrong with the sources and with every target is told at once.
func TestReadJoinsErrors(t *testing.T) {
	t.Parallel()
	req := stem(t, "linux/amd64", "linux/arm64")
	second := repository(t, "other.example/app")
	req.Targets = append(req.Targets, second)
	s, other := newStore(), newStore()
	s.push(t, arm64, nil, "test-linux-amd64", "test-linux-arm64")
	denied := errors.New("denied")
	deny := func(_ context.Context, op, _ string, apply func()) error {
		if op == opList {
			return denied
		}
		apply()
		return nil
	}
	s.answer, other.answer = deny, deny
	_, err := release.Read(t.Context(), req, registries{req.Primary(): s, second: other}, nil)
	var got []string
	for _, e := range leaves(err) {
		text, _, _ := strings.Cut(e.Error(), ":")
		got = append(got, text)
	}
	want := []string{"checking test-linux-amd64", "listing the tags of registry.example/acme/app", "listing the tags of other.example/app"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if list, ok := errors.AsType[*release.ListError](err); !ok || !errors.Is(err, denied) || list.Repository != req.Primary() {
		t.Errorf("Read() = %v, want a *ListError of %s with its cause", err, req.Primary())
	}
}

// TestReadListsOnlyForTheGuard: where nothing can move backwards, a registry that cannot be listed is good enough.
func TestReadListsOnlyForTheGuard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		req  release.Request
		want []string
	}{
		{"guarded", request(t, "1.2.3"), []string{opList, opResolve}},
		{"forced", func() release.Request { r := request(t, "1.2.3"); r.Force = true; return r }(), []string{opManifest, opManifest, opManifest, opResolve}},
		{"exact", request(t, "1.2.3", "{version}"), []string{opResolve}},
		{"a pre-release", request(t, "1.2.3-rc.1"), []string{opResolve}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			var mu sync.Mutex
			var got []string
			s.answer = func(_ context.Context, op, _ string, apply func()) error {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, op)
				apply()
				return nil
			}
			if _, err := release.ReadTargets(t.Context(), tt.req, registries{tt.req.Primary(): s}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
		})
	}
}
