// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// follow writes what was found as "TEXT of SUBJECT", a cosign tag by its suffix.
func follow(t *testing.T, s *store, subjects, known []release.Manifest) ([]string, error) {
	t.Helper()
	found, err := release.Referrers(t.Context(), s, digests(subjects), digests(known))
	var got []string
	for _, r := range found {
		text := s.names[r.Manifest.Digest]
		if i := strings.LastIndex(r.Tag, "."); i >= 0 {
			text += r.Tag[i:]
		} else if r.Entry.Digest != r.Manifest.Digest {
			t.Errorf("%s: Entry = %v, want that of %s", text, r.Entry, r.Manifest.Digest)
		}
		got = append(got, fmt.Sprintf("%s of %s, %s", text, s.names[r.Subject], s.names[r.Root]))
	}
	return got, err
}

func digests(manifests []release.Manifest) []v1.Hash {
	out := make([]v1.Hash, 0, len(manifests))
	for _, m := range manifests {
		out = append(out, m.Digest)
	}
	return out
}

// chain gives s a referrer of s, one of that, and so on.
func chain(t *testing.T, s *store, of release.Manifest, n int) {
	t.Helper()
	for i := range n {
		of = s.refer(t, fmt.Sprintf("link %d", i+1), of, "")
	}
}

func TestReferrers(t *testing.T) {
	t.Parallel()
	s := newStore()
	image := s.add("image", manifest(types.OCIManifestSchema1, []byte(`{"layers":[]}`)))
	other := s.add("other", manifest(types.OCIManifestSchema1, []byte(`{"layers":[ ]}`)))
	attestation := s.refer(t, "attestation", image, "")
	s.referrers[image.Digest] = append(s.referrers[image.Digest], v1.Descriptor{Digest: hashOf([]byte("gone"))})
	sbom := s.refer(t, "sbom", image, "")
	s.refer(t, "signature of the sbom", sbom, "sha256-"+sbom.Digest.Hex+".sig")
	s.refer(t, "signature", other, "sha256-"+other.Digest.Hex+".sig")
	s.refer(t, "SPDX", other, "sha256-"+other.Digest.Hex+".sbom")
	s.referrers[sbom.Digest] = append(s.referrers[sbom.Digest], entry(image, nil), entry(sbom, nil)) // a circle

	got, err := follow(t, s, []release.Manifest{image, other, image}, []release.Manifest{image, other, attestation})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"sbom of image, image",
		"signature.sig of other, other",
		"SPDX.sbom of other, other",
		"signature of the sbom.sig of sbom, image",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Referrers (-want +got):\n%s", diff)
	}
}

func TestReferrersBounds(t *testing.T) {
	t.Parallel()
	image := manifest(types.OCIManifestSchema1, []byte(`{"layers":[]}`))
	gone := func(n int) func(t *testing.T, s *store) {
		return func(_ *testing.T, s *store) {
			for i := range n {
				s.referrers[image.Digest] = append(s.referrers[image.Digest], v1.Descriptor{Digest: hashOf(fmt.Append(nil, i))})
			}
		}
	}
	for _, tt := range []struct {
		name string
		give func(t *testing.T, s *store)
		want string // of the error; empty: none
	}{
		{"four deep", func(t *testing.T, s *store) { t.Helper(); chain(t, s, image, 4) }, ""},
		{"five deep", func(t *testing.T, s *store) { t.Helper(); chain(t, s, image, 5) }, "referrers refer to each other more than 4 deep"},
		{"a thousand that are gone", gone(1000), ""},
		{"a thousand and one that are gone", gone(1001), "there are more than 1000 referrers"},
		{"a thousand and a tag", func(t *testing.T, s *store) {
			t.Helper()
			gone(1000)(t, s)
			s.refer(t, "signature", image, "sha256-"+image.Digest.Hex+".sig")
		}, "there are more than 1000 referrers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore()
			s.add("image", image)
			tt.give(t, s)
			_, err := follow(t, s, []release.Manifest{image}, nil)
			if got := fmt.Sprint(err); got != tt.want && (err != nil || tt.want != "") {
				t.Errorf("Referrers: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReferrersErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	image := manifest(types.OCIManifestSchema1, []byte(`{"layers":[]}`))
	for _, failing := range []string{opReferrers, opManifest} {
		s := newStore()
		s.answer = func(_ context.Context, op, _ string, apply func()) error {
			if op == failing || op == opGlance { // so that tags are looked up
				return broken
			}
			apply()
			return nil
		}
		if got, err := follow(t, s, []release.Manifest{image}, nil); !errors.Is(err, broken) || got != nil {
			t.Errorf("Referrers where %s fails = %q, %v, want nothing but %v", failing, got, err, broken)
		}
	}
}

// TestReferrersGlance: the tags of the first subject are looked up; those of the others only if a glance shows them, or cannot be trusted.
func TestReferrersGlance(t *testing.T) {
	t.Parallel()
	index := manifest(types.OCIImageIndex, []byte(`{"manifests":[]}`))
	image := manifest(types.OCIManifestSchema1, []byte(`{"layers":[]}`))
	suffixes := []string{".att", ".sbom", ".sig"}
	for _, tt := range []struct {
		name   string
		hidden []string // tags that the list does not show
		fails  bool
		looked []string // of the image
	}{
		{name: "shown", looked: []string{".sig"}},
		{name: "no list", fails: true, looked: suffixes},
		{name: "a list that lacks what is there", hidden: []string{"sha256-" + index.Digest.Hex + ".sig", "sha256-" + image.Digest.Hex + ".sig"}, looked: suffixes},
	} {
		s := newStore()
		want := []v1.Hash{
			s.refer(t, "signature of the index", index, "sha256-"+index.Digest.Hex+".sig").Digest,
			s.refer(t, "signature", image, "sha256-"+image.Digest.Hex+".sig").Digest,
		}
		s.hidden = tt.hidden
		looked := map[string][]string{}
		glances := 0
		s.answer = func(_ context.Context, op, ref string, apply func()) error {
			s.locked(func() {
				if op == opGlance {
					glances++
				}
				if hex, suffix, ok := strings.Cut(strings.TrimPrefix(ref, "sha256-"), "."); op == opManifest && ok {
					looked[hex] = append(looked[hex], "."+suffix)
				}
			})
			if op == opGlance && tt.fails {
				return errors.New("no list")
			}
			apply()
			return nil
		}
		found, err := release.Referrers(t.Context(), s, []v1.Hash{index.Digest, image.Digest}, nil)
		if err != nil {
			t.Errorf("%s: Referrers: %v", tt.name, err)
		}
		var got []v1.Hash
		for _, r := range found {
			got = append(got, r.Manifest.Digest)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: Referrers = %v, want both signatures, %v", tt.name, got, want)
		}
		for digest, want := range map[v1.Hash][]string{index.Digest: suffixes, image.Digest: tt.looked} {
			got := looked[digest.Hex]
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s: looked up %q of %s, want %q", tt.name, got, s.nameOf(digest), want)
			}
		}
		if glances != 1 {
			t.Errorf("%s: %d glances, want one", tt.name, glances)
		}
	}
}
