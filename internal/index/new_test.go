// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
)

// The digests are pinned: what a released version of polytag has published, the next one must publish under the same digest.
func TestNewFromBuildKit(t *testing.T) {
	t.Parallel()
	const seven = "linux/amd64 linux/386 linux/arm/v6 linux/arm/v7 linux/arm64 linux/ppc64le linux/s390x"
	tests := []struct {
		layout    layout
		options   index.Options
		mediaType types.MediaType
		platforms string
		entries   int
		digest    string
	}{
		{"attested", index.Options{}, types.OCIImageIndex, seven, 14, "1ddc3f0302caa47afc86b7b4b2d7caa6acfd3b8c6b5989cdb0ae9d677f8036ca"},
		{"attested", index.Options{StripAttestations: true}, types.OCIImageIndex, seven, 7, "3f78ff82218bf9ef0461c66e9cfef9664c5ff9d5cd4600094dc1eeae3c838e7e"},
		{"oci", index.Options{}, types.OCIImageIndex, seven, 7, "3f78ff82218bf9ef0461c66e9cfef9664c5ff9d5cd4600094dc1eeae3c838e7e"},
		{"docker", index.Options{}, types.DockerManifestList, seven, 7, "4fc54190dc946fa3899a787498a8dd04a1c35ad22d42ba4a5401985a6c29a195"},
		{"docker", index.Options{Format: index.OCI}, types.OCIImageIndex, seven, 7, "0261af5977202a536c9fef48fc4fb5314b0c550deef5f3b92e7207cf1b9a2e8a"},
		{"windows", index.Options{Format: index.Docker}, types.DockerManifestList, "windows/amd64:10.0.14393.2068 windows/amd64:10.0.16299.248", 2, "424dc5754fef9b949b27c28f9d017a0cb3caed1318dd642d6b5f4ae6d3b17b0f"},
	}
	for _, tt := range tests {
		t.Run(string(tt.layout)+" "+tt.options.Format.String(), func(t *testing.T) {
			t.Parallel()
			got, err := index.New(tt.layout.children(t), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if got.MediaType != tt.mediaType || platforms(got) != tt.platforms || len(entriesOf(got)) != tt.entries {
				t.Errorf("New = %s of %s in %d entries, want %s of %s in %d",
					got.MediaType, platforms(got), len(entriesOf(got)), tt.mediaType, tt.platforms, tt.entries)
			}
			if want, _, _ := v1.SHA256(strings.NewReader(string(got.Raw))); got.Digest != want || got.Digest.Hex != tt.digest {
				t.Errorf("New has digest %s, its bytes %s, want %s:\n%s", got.Digest, want, tt.digest, got.Raw)
			}
		})
	}
}

func TestNewPairsAttestations(t *testing.T) {
	t.Parallel()
	x, err := index.New(layout("attested").children(t), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	entries := entriesOf(x)
	for i, c := range x.Children {
		if len(c.Attestations) != 1 {
			t.Fatalf("%s has %d attestations, want 1", c.Descriptor.Digest, len(c.Attestations))
		}
		a := entries[len(x.Children)+i]
		if diff := cmp.Diff(c.Attestations[0], a); diff != "" {
			t.Errorf("attestation %d is not in the order of the images (-child +entry):\n%s", i, diff)
		}
		want := v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Size: 835, Digest: a.Digest,
			Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
			Annotations: map[string]string{
				"vnd.docker.reference.digest": c.Descriptor.Digest.String(),
				"vnd.docker.reference.type":   "attestation-manifest",
			},
		}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Errorf("attestation (-want +got):\n%s", diff)
		}
	}
}

func TestNewBytes(t *testing.T) {
	t.Parallel()
	windows := image("w", "windows/amd64:10.0.17763.6054")
	windows.Descriptor.Platform.OSFeatures = []string{"win32k"}
	windows.Descriptor.Annotations = map[string]string{"com.example.note": "a&b <c>"}
	windows.Descriptor.ArtifactType = string(types.DockerConfigJSON)
	windows.Descriptor.Data = []byte("manifest")
	linux := image("l", "linux/arm/v7", "p")

	got, err := index.New([]index.Child{windows, linux}, index.Options{Annotations: map[string]string{"b": "2", "a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` +
		`{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"` + digest("l").String() + `",` +
		`"platform":{"architecture":"arm","os":"linux","variant":"v7"}},` +
		`{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"digest":"` + digest("w").String() + `",` +
		`"annotations":{"com.example.note":"a&b <c>"},` +
		`"platform":{"architecture":"amd64","os":"windows","os.version":"10.0.17763.6054","os.features":["win32k"]}},` +
		`{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":"` + digest("p").String() + `",` +
		`"annotations":{"vnd.docker.reference.digest":"` + digest("l").String() + `","vnd.docker.reference.type":"attestation-manifest"},` +
		`"platform":{"architecture":"unknown","os":"unknown"}}],"annotations":{"a":"1","b":"2"}}`
	if string(got.Raw) != want {
		t.Errorf("New =\n%s, want\n%s", got.Raw, want)
	}
}

func TestNewDockerHasNoAnnotations(t *testing.T) {
	t.Parallel()
	child := docker(image("d", "linux/amd64"))
	child.Descriptor.Annotations = map[string]string{"com.example.note": "x"}
	got, err := index.New([]index.Child{child}, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got.MediaType != types.DockerManifestList || strings.Contains(string(got.Raw), "annotations") {
		t.Errorf("New = %s, want a manifest list without annotations", got.Raw)
	}
	if child.Descriptor.Annotations == nil {
		t.Error("New has changed what it was given")
	}
}

func TestNewAutoFormat(t *testing.T) {
	t.Parallel()
	amd, arm := docker(image("a", "linux/amd64")), docker(image("b", "linux/arm64"))
	attested := docker(image("a", "linux/amd64", "p"))
	tests := []struct {
		name     string
		children []index.Child
		options  index.Options
		want     types.MediaType
	}{
		{"all Docker", []index.Child{amd, arm}, index.Options{}, types.DockerManifestList},
		{"mixed", []index.Child{amd, image("b", "linux/arm64")}, index.Options{}, types.OCIImageIndex},
		{"mixed, with annotations", []index.Child{amd, image("b", "linux/arm64")}, index.Options{Annotations: map[string]string{"a": "b"}}, types.OCIImageIndex},
		{"all Docker, attested", []index.Child{attested, arm}, index.Options{}, types.OCIImageIndex},
		{"all Docker, stripped", []index.Child{attested, arm}, index.Options{StripAttestations: true}, types.DockerManifestList},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := index.New(tt.children, tt.options)
			if err != nil || got.MediaType != tt.want {
				t.Errorf("New makes %s, %v, want %s", got.MediaType, err, tt.want)
			}
		})
	}
}

func TestNewErrors(t *testing.T) {
	t.Parallel()
	good := image("a", "linux/amd64")
	altered := func(change func(*v1.Descriptor)) []index.Child {
		c := image("b", "linux/arm64")
		change(&c.Descriptor)
		return []index.Child{good, c}
	}
	stray := image("b", "linux/arm64")
	stray.Attestations = image("c", "linux/arm64", "p").Attestations
	annotations := map[string]string{"a": "b"}
	tests := []struct {
		name     string
		children []index.Child
		options  index.Options
		want     string // in the error, line by line
	}{
		{"empty", nil, index.Options{}, "building index: there is no image to list"},
		{"no platform", altered(func(d *v1.Descriptor) { d.Platform = nil }), index.Options{}, "is not known"},
		{"empty platform", altered(func(d *v1.Descriptor) { d.Platform = &v1.Platform{} }), index.Options{}, "is not known"},
		{"no architecture", altered(func(d *v1.Descriptor) { d.Platform.Architecture = "" }), index.Options{}, "is not known"},
		{"attestation as an image", altered(func(d *v1.Descriptor) { *d = image("b", "linux/arm64", "p").Attestations[0] }), index.Options{}, "is not known"},
		{"index as an image", altered(func(d *v1.Descriptor) { d.MediaType = types.OCIImageIndex }), index.Options{}, "is not an image"},
		{"no digest", altered(func(d *v1.Descriptor) { d.Digest = v1.Hash{} }), index.Options{}, "entry 1"},
		{"negative size", altered(func(d *v1.Descriptor) { d.Size = -1 }), index.Options{}, "entry 1: size is -1"},
		{"stray attestation", []index.Child{good, stray}, index.Options{}, "is not an attestation of"},
		{"docker with an OCI image", []index.Child{docker(good), image("b", "linux/arm64")}, index.Options{Format: index.Docker}, "format: a Docker manifest list cannot hold linux/arm64"},
		{"docker with annotations", []index.Child{docker(good)}, index.Options{Format: index.Docker, Annotations: annotations}, "annotations: a Docker manifest list has none"},
		{"all Docker with annotations", []index.Child{docker(good)}, index.Options{Annotations: annotations}, "annotations: a Docker manifest list has none"},
		{"docker with attestations", []index.Child{docker(image("a", "linux/amd64", "p"))}, index.Options{Format: index.Docker}, "attestations: a Docker manifest list cannot keep them"},
		{"all of it", []index.Child{image("a", "linux/amd64", "p")}, index.Options{Format: index.Docker, Annotations: annotations}, "format:\nattestations:\nannotations:"},
		{"too large", []index.Child{good}, index.Options{Annotations: map[string]string{"a": strings.Repeat("b", index.MaxSize)}}, "more than the 4194304"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := index.New(tt.children, tt.options)
			if err == nil {
				t.Fatalf("New = %s, want an error", got.Raw)
			}
			for want := range strings.Lines(tt.want) {
				if !strings.Contains(err.Error(), strings.TrimSuffix(want, "\n")) {
					t.Errorf("New: %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestNewDuplicates(t *testing.T) {
	t.Parallel()
	a, b := image("a", "linux/arm64"), image("b", "linux/arm64/v8")
	first, second := a.Descriptor, b.Descriptor
	if second.Digest.Hex < first.Digest.Hex {
		first, second = second, first
	}
	tests := []struct {
		name     string
		children []index.Child
		want     index.DuplicateError
		message  string
	}{
		{"two spellings", []index.Child{a, b}, index.DuplicateError{Platform: platform.FromOCI(first.Platform), A: first, B: second}, "two images are for linux/arm64"},
		{"the other way round", []index.Child{b, a}, index.DuplicateError{Platform: platform.FromOCI(first.Platform), A: first, B: second}, "two images are for linux/arm64"},
		{"same digest", []index.Child{a, image("c", "linux/amd64"), a}, index.DuplicateError{Platform: platform.FromOCI(a.Descriptor.Platform), A: a.Descriptor, B: a.Descriptor}, "linux/arm64 is given twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := index.New(tt.children, index.Options{})
			got, ok := errors.AsType[*index.DuplicateError](err)
			if !ok {
				t.Fatalf("New: %v, want a DuplicateError", err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("New: %v, want %q (-want +got):\n%s", err, tt.message, diff)
			}
		})
	}
}

func TestNewKeepsBuildsOfWindowsApart(t *testing.T) {
	t.Parallel()
	x, err := index.New([]index.Child{image("a", "windows/amd64:10.0.20348.2582"), image("b", "windows/amd64:10.0.9.1")}, index.Options{})
	if want := "windows/amd64:10.0.9.1 windows/amd64:10.0.20348.2582"; err != nil || platforms(x) != want {
		t.Errorf("New lists %s, %v, want %s", platforms(x), err, want)
	}
}

// An image without a variant in its config may be released for two.
func TestNewListsSharedAttestationsOnce(t *testing.T) {
	t.Parallel()
	x, err := index.New([]index.Child{image("a", "linux/arm/v6", "p"), image("a", "linux/arm/v7", "p")}, index.Options{})
	if err != nil || len(entriesOf(x)) != 3 {
		t.Errorf("New has %d entries, %v, want 3", len(entriesOf(x)), err)
	}
}

func FuzzNew(f *testing.F) {
	f.Add("linux/amd64,linux/arm64/v8,linux/arm/v7", uint64(1), false, uint8(0b101))
	f.Add("windows/amd64:10.0.1,windows/amd64:10.0.2,linux/s390x", uint64(2), true, uint8(0))
	f.Add("linux/arm,linux/arm/v7", uint64(3), true, uint8(0b11))
	f.Fuzz(func(t *testing.T, list string, seed uint64, isDocker bool, attested uint8) {
		specs, err := platform.ParseList(strings.Split(list, ","))
		if err != nil {
			return
		}
		var children []index.Child
		want := make(map[string][]v1.Descriptor)
		for i, s := range specs {
			c := image(s.String(), s.String())
			if attested>>(i%8)&1 == 1 {
				c = image(s.String(), s.String(), "first "+s.String(), "second "+s.String())
			}
			if isDocker {
				c = docker(c)
			}
			children = append(children, c)
			want[c.Descriptor.Digest.String()] = c.Attestations
		}
		x, err := index.New(children, index.Options{})
		if err != nil {
			t.Fatalf("New(%s): %v", list, err)
		}
		parsed, err := index.Parse(x.Raw)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string][]v1.Descriptor)
		for _, c := range parsed.Children {
			got[c.Descriptor.Digest.String()] = c.Attestations
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("images and their attestations (-given +parsed):\n%s", diff)
		}
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(children), func(i, j int) { children[i], children[j] = children[j], children[i] })
		again, err := index.New(slices.Clone(children), index.Options{})
		if err != nil || string(again.Raw) != string(x.Raw) {
			t.Errorf("in another order: %s, %v, want %s", again.Raw, err, x.Raw)
		}
	})
}

// image makes an OCI image for a platform, with attestations; the names stand for contents.
func image(name, of string, attestations ...string) index.Child {
	s, err := platform.Parse(of)
	if err != nil {
		panic(err)
	}
	c := index.Child{Descriptor: v1.Descriptor{
		MediaType: types.OCIManifestSchema1, Size: 1, Digest: digest(name),
		Platform: &v1.Platform{OS: s.OS, Architecture: s.Arch, Variant: s.Variant, OSVersion: s.OSVersion},
	}}
	for _, a := range attestations {
		c.Attestations = append(c.Attestations, v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Size: 2, Digest: digest(a),
			Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
			Annotations: map[string]string{
				"vnd.docker.reference.digest": digest(name).String(),
				"vnd.docker.reference.type":   "attestation-manifest",
			},
		})
	}
	return c
}

func docker(c index.Child) index.Child {
	c.Descriptor.MediaType = types.DockerManifestSchema2
	return c
}

func digest(name string) v1.Hash {
	sum := sha256.Sum256([]byte(name))
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// entriesOf gives every entry of an index: images, then attestations in the order of their images, then the rest.
func entriesOf(x index.Index) []v1.Descriptor {
	var images, attestations []v1.Descriptor
	for _, c := range x.Children {
		images = append(images, c.Descriptor)
		attestations = append(attestations, c.Attestations...)
	}
	return slices.Concat(images, attestations, x.Nested, x.Other)
}
