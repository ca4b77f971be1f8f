// SPDX-License-Identifier: Apache-2.0

package inspect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/inspect"
	"github.com/polytag/polytag/internal/release"
)

// store is a repository of whatever a test puts into it, by digest and tag.
type store struct {
	release.Origin // of which nothing else is used

	manifests map[string]release.Manifest
	blobs     map[v1.Hash][]byte
	referrers map[v1.Hash][]v1.Descriptor
}

func newStore() *store {
	return &store{manifests: map[string]release.Manifest{}, blobs: map[v1.Hash][]byte{}, referrers: map[v1.Hash][]v1.Descriptor{}}
}

func (s *store) Manifest(_ context.Context, ref string) (release.Manifest, error) {
	m, ok := s.manifests[ref]
	if !ok {
		return m, release.ErrNotFound
	}
	return m, nil
}

func (s *store) Blob(_ context.Context, desc v1.Descriptor) ([]byte, error) {
	raw, ok := s.blobs[desc.Digest]
	if !ok {
		return nil, release.ErrNotFound
	}
	return raw, nil
}

func (s *store) Referrers(_ context.Context, subject v1.Hash, _ func(string) bool) ([]v1.Descriptor, error) {
	return s.referrers[subject], nil
}

func (s *store) Glance(context.Context) ([]string, bool) { return nil, false }

// put stores a manifest, and returns how an index lists it.
func (s *store) put(mediaType types.MediaType, raw string) v1.Descriptor {
	digest, size, err := v1.SHA256(strings.NewReader(raw))
	if err != nil {
		panic(err)
	}
	s.manifests[digest.String()] = release.Manifest{Raw: []byte(raw), MediaType: mediaType, Digest: digest}
	return v1.Descriptor{MediaType: mediaType, Digest: digest, Size: size}
}

// image stores an image with layers of these sizes, whose config says a platform.
func (s *store) image(platform string, sizes ...int64) v1.Descriptor {
	os, arch, _ := strings.Cut(platform, "/")
	config := fmt.Sprintf(`{"os":%q,"architecture":%q}`, os, arch)
	digest, size, err := v1.SHA256(strings.NewReader(config))
	if err != nil {
		panic(err)
	}
	s.blobs[digest] = []byte(config)
	m := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: digest, Size: size},
	}
	for _, n := range sizes {
		m.Layers = append(m.Layers, v1.Descriptor{MediaType: types.OCILayer, Digest: digest, Size: n})
	}
	return s.put(types.OCIManifestSchema1, encode(m))
}

// index stores an index.
func (s *store) index(entries ...v1.Descriptor) v1.Descriptor {
	return s.put(types.OCIImageIndex, encode(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: entries}))
}

func (s *store) inspect(ctx context.Context, d v1.Descriptor) (inspect.Inspection, error) {
	return inspect.Read(ctx, s.source(d))
}

func (s *store) source(d v1.Descriptor) inspect.Source {
	return inspect.Source{Name: "ghcr.io/acme/app@" + d.Digest.String(), Origin: s, Ref: d.Digest.String()}
}

func encode(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func on(os, arch string, d v1.Descriptor) v1.Descriptor {
	d.Platform = &v1.Platform{OS: os, Architecture: arch}
	return d
}

// TestRead holds what is legal and rare.
func TestRead(t *testing.T) {
	t.Parallel()
	s := newStore()
	amd64, arm64 := s.image("linux/amd64", 1, 2, 3), s.image("linux/arm64")
	artifact := s.put(types.OCIManifestSchema1, `{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"},"layers":[{"size":7}]}`)
	declared := artifact
	declared.ArtifactType = "application/vnd.cncf.helm.config.v1+json"
	attestation := s.put(types.OCIManifestSchema1, `{"layers":[
		{"annotations":{"in-toto.io/predicate-type":"https://spdx.dev/Document"}},
		{"annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v1"}},
		{"annotations":{"in-toto.io/predicate-type":"https://spdx.dev/Document"}},
		{}]}`)
	listed := on("unknown", "unknown", attestation)
	listed.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd64.Digest.String()}
	orphan := listed
	orphan.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": artifact.Digest.String()}

	wantAMD64 := inspect.Image{Platform: "linux/amd64", Digest: amd64.Digest, Size: amd64.Size, Layers: 3, LayersSize: 6}
	wantARM64 := inspect.Image{Platform: "linux/arm64", Digest: arm64.Digest, Size: arm64.Size}
	attested := wantAMD64
	attested.Attestations = []inspect.Attestation{{
		Digest: attestation.Digest, Kinds: []string{"https://spdx.dev/Document", "https://slsa.dev/provenance/v1"},
	}}
	for _, test := range []struct {
		name  string
		in    v1.Descriptor
		want  []inspect.Image
		other []v1.Descriptor
	}{
		{"a platform that only the config says", s.index(amd64, on("linux", "arm64", arm64)), []inspect.Image{wantAMD64, wantARM64}, nil},
		{"an empty platform", s.index(on("", "", amd64)), []inspect.Image{wantAMD64}, nil},
		{"an index within an index", s.index(s.index(amd64), arm64), []inspect.Image{wantARM64, wantAMD64}, nil},
		{"indexes nested four deep", s.index(s.index(s.index(s.index(amd64)))), []inspect.Image{wantAMD64}, nil},
		{"several statements", s.index(amd64, listed), []inspect.Image{attested}, nil},
		{"an attestation of nothing that is listed", s.index(amd64, orphan), []inspect.Image{wantAMD64}, []v1.Descriptor{orphan}},
		{"an artifact in an index", s.index(declared), nil, []v1.Descriptor{declared}},
		{"an artifact", artifact, []inspect.Image{{Digest: artifact.Digest, Size: artifact.Size, Layers: 1, LayersSize: 7}}, nil},
		{"an empty index", s.index([]v1.Descriptor{}...), nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.inspect(t.Context(), test.in)
			if err != nil {
				t.Fatal(err)
			}
			want := inspect.Inspection{
				Reference: "ghcr.io/acme/app@" + test.in.Digest.String(), Digest: test.in.Digest, MediaType: test.in.MediaType,
				Size: test.in.Size, Images: test.want, Other: test.other, Raw: s.manifests[test.in.Digest.String()].Raw,
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Read() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	s := newStore()
	for _, d := range []v1.Descriptor{
		s.put(types.OCIImageIndex, `{"schemaVersion":2,"manifests":[],"annotations":{"a":"b"}}`),
		s.put(types.OCIManifestSchema1, `{"schemaVersion":2,"annotations":{"a":"b"}}`),
	} {
		got, err := s.inspect(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"a": "b"}, got.Annotations); diff != "" {
			t.Errorf("%s: annotations (-want +got):\n%s", d.MediaType, diff)
		}
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	s := newStore()
	image := s.image("linux/amd64", 1)
	short := image
	short.Size--
	lost := on("linux", "arm64", v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}})
	many := make([]v1.Descriptor, 1001)
	for i := range many {
		many[i] = image
	}
	noConfig := s.put(types.OCIManifestSchema1, encode(v1.Manifest{Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: lost.Digest}}))
	for _, test := range []struct {
		name string
		in   v1.Descriptor
		want string
		is   error
	}{
		{"an image that is gone", s.index(image, lost), "reading " + lost.Digest.String() + ", which the index lists: not found", release.ErrNotFound},
		{"an index that is gone", s.index(v1.Descriptor{MediaType: types.OCIImageIndex, Digest: lost.Digest}), "which the index lists: not found", release.ErrNotFound},
		{"a config that is gone", noConfig, "reading the config of " + noConfig.Digest.String() + ": not found", release.ErrNotFound},
		{"another size than the index says", s.index(short), fmt.Sprintf("its size is %d, the index says %d", image.Size, short.Size), nil},
		{"too many manifests", s.index(many...), "it leads to more than 1000 manifests", nil},
		{"too many manifests in several indexes", s.index(s.index(many[:500]...), s.index(many[:499]...)), "it leads to more than 1000 manifests", nil},
		{"too deep", s.index(s.index(s.index(s.index(s.index(image))))), "indexes are nested more than 4 deep", nil},
		{"a layer of negative size", s.image("linux/amd64", -1), "a layer has the size -1", nil},
		{"layers that overflow", s.index(s.image("linux/amd64", math.MaxInt64, 1)), "a layer has the size 1", nil},
		{"an index that is no JSON", s.put(types.OCIImageIndex, `{`), "parsing index", nil},
		{"an image that is no JSON", s.put(types.OCIManifestSchema1, `[]`), "parsing manifest", nil},
		{"a nested index that is no JSON", s.index(s.put(types.DockerManifestList, `{`)), "parsing index", nil},
		{"a listed image that is no JSON", s.index(s.put(types.DockerManifestSchema2, `[]`)), "parsing manifest", nil},
		{"schema 1", s.put(types.DockerManifestSchema1Signed, `{}`), "application/vnd.docker.distribution.manifest.v1+prettyjws is neither an image nor an index", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.inspect(t.Context(), test.in)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("Read() = %v, want an error with %q", err, test.want)
			}
			if want := "reading ghcr.io/acme/app@" + test.in.Digest.String(); !strings.HasPrefix(err.Error(), want) {
				t.Errorf("Read() = %v, want %q before it", err, want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("Read() = %v, which does not match %v", err, test.is)
			}
			if want := s.manifests[test.in.Digest.String()].Raw; !bytes.Equal(got.Raw, want) {
				t.Errorf("Read() left Raw = %q, want %q beside the error", got.Raw, want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	s := newStore()
	image := s.image("linux/amd64", 1)
	entry := s.manifests[image.Digest.String()]
	f.Add(string(entry.Raw), false)
	f.Add(encode(v1.IndexManifest{SchemaVersion: 2, Manifests: []v1.Descriptor{image}}), true)
	f.Add(`{"layers":[{"size":-1},{"size":9223372036854775807}]}`, false)
	f.Add(`{"schemaVersion":2,"manifests":[null]}`, true)
	f.Fuzz(func(t *testing.T, raw string, isIndex bool) {
		s := newStore()
		s.image("linux/amd64", 1)
		mediaType := types.OCIManifestSchema1
		if isIndex {
			mediaType = types.OCIImageIndex
		}
		got, err := s.inspect(t.Context(), s.put(mediaType, raw))
		if string(got.Raw) != raw {
			t.Errorf("Raw = %q, want %q", got.Raw, raw)
		}
		if err != nil && (got.Images != nil || got.Other != nil) {
			t.Errorf("Read() = %+v beside %v", got, err)
		}
		for _, i := range got.Images {
			if i.Layers < 0 || i.LayersSize < 0 {
				t.Errorf("Read() = %+v, of which sizes are negative", i)
			}
		}
	})
}
