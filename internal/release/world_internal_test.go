// SPDX-License-Identifier: Apache-2.0

package release

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/semtag"
)

// scenario is one situation whose every course is explored.
type scenario struct {
	name string
	// templates are the tags to publish, without a suffix.
	templates []string
	// releases are the versions that are released at the same time, each by one process.
	releases []string
	// existing are the versions that are in the repository already.
	existing []string
	// points says where floating tags point before: at a version, or at "old", a digest that no exact tag has.
	points map[string]string
	// faults is how many writes may be answered wrongly, kills how often a process may be killed, all processes together.
	faults, kills uint32
	// deletes says that the registry can delete a tag.
	deletes bool
	// immutable are tags whose every write is refused.
	immutable []string
}

const (
	maxFloating = 4
	maxVersions = 6
)

// digest is the number of a manifest: 0 is none, i+1 that of version i, and the one after the last version is "old".
type digest = uint8

// world numbers what there is in a scenario, so that a state of the registry fits one word.
type world struct {
	scenario

	repo   name.Repository
	scheme *semtag.Scheme
	// tags are the floating tags, and after them one exact tag for each of versions.
	tags      []string
	floating  []semtag.Tag
	versions  []semtag.Version
	manifests []Manifest // by digest; the zero Manifest is 0's
	before    registry
	covers    [][]bool // floating tag, version
	refused   []bool   // by tag
}

func newWorld(tb testing.TB, sc scenario) *world {
	tb.Helper()
	w := &world{scenario: sc, manifests: []Manifest{{}}}
	var err error
	if w.repo, err = name.NewRepository("registry.example/acme/app"); err != nil {
		tb.Fatal(err)
	}
	if w.scheme, err = semtag.ParseScheme(sc.templates, ""); err != nil {
		tb.Fatal(err)
	}
	var exact []string
	for _, text := range slices.Concat(sc.releases, sc.existing) {
		v, err := semtag.ParseVersion(text)
		if err != nil {
			tb.Fatal(err)
		}
		if slices.Contains(w.versions, v) {
			continue // two processes of one release
		}
		w.versions = append(w.versions, v)
		w.manifests = append(w.manifests, manifestOf(text))
		for _, t := range w.expand(tb, v) {
			switch {
			case t.Kind == semtag.Exact:
				exact = append(exact, t.Name)
			case t.Kind == semtag.Floating && !slices.Contains(w.tags, t.Name):
				w.tags, w.floating = append(w.tags, t.Name), append(w.floating, t)
			}
		}
	}
	w.manifests = append(w.manifests, manifestOf("old"))
	w.tags = append(w.tags, exact...)
	if len(w.floating) > maxFloating || len(w.versions) > maxVersions || len(exact) != len(w.versions) {
		tb.Fatalf("scenario %s is too large for a state: tags %q", sc.name, w.tags)
	}
	for _, f := range w.floating {
		var covers []bool
		for _, v := range w.versions {
			covers = append(covers, f.Covers(v))
		}
		w.covers = append(w.covers, covers)
	}
	w.seed(tb)
	return w
}

// seed makes the registry as it is before all releases.
func (w *world) seed(tb testing.TB) {
	tb.Helper()
	for _, text := range w.existing {
		d := w.number(manifestOf(text).Digest)
		w.before = w.put(w.before, len(w.floating)+int(d)-1, d)
	}
	for tag, text := range w.points {
		w.before = w.put(w.before, w.tag(tag), w.number(manifestOf(text).Digest))
	}
	w.refused = make([]bool, len(w.tags))
	for _, tag := range w.immutable {
		w.refused[w.tag(tag)] = true
	}
}

func (w *world) expand(tb testing.TB, v semtag.Version) []semtag.Tag {
	tb.Helper()
	tags, err := w.scheme.Expand(v, semtag.Vars{})
	if err != nil {
		tb.Fatal(err)
	}
	return tags
}

// manifestOf makes a manifest up. Publishing never looks into one.
func manifestOf(text string) Manifest {
	sum := sha256.Sum256([]byte(text))
	return Manifest{
		Raw:       []byte(text),
		MediaType: types.OCIManifestSchema1,
		Digest:    v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])},
	}
}

// sourceOf is a source that is promoted as it is, so that the release publishes its very manifest.
func (w *world) sourceOf(m Manifest) Source {
	linux := v1.Platform{OS: "linux", Architecture: "amd64"}
	entry := v1.Descriptor{MediaType: m.MediaType, Size: int64(len(m.Raw)), Digest: m.Digest, Platform: &linux}
	return Source{
		SourceRef: SourceRef{Text: "tested", Ref: w.repo.Tag("tested")},
		Manifest:  m,
		Images:    []Image{{Child: index.Child{Descriptor: entry}}},
	}
}

// tag is the number of a tag, number that of a digest; a panic if there is none.
func (w *world) tag(text string) int {
	i := slices.Index(w.tags, text)
	if i < 0 {
		panic("no tag " + text + " in this world")
	}
	return i
}

func (w *world) number(h v1.Hash) digest {
	for d, m := range w.manifests {
		if m.Digest == h {
			return digest(d)
		}
	}
	panic("no manifest " + h.String() + " in this world")
}

// registry is what all tags point at: three bits for each floating tag, one for each exact tag, which is there or not.
type registry uint32

const (
	exactBits  = 3 * maxFloating
	budgetBits = exactBits + maxVersions
)

// at returns what a tag points at.
func (w *world) at(r registry, tag int) digest {
	if i := tag - len(w.floating); i >= 0 {
		return digest(i+1) * digest(r>>(exactBits+i)&1)
	}
	return digest(r >> (3 * tag) & 7)
}

// put sets a floating tag to a digest, or to none, or makes an exact tag. An exact tag that is taken away or that changes its
// digest cannot even be expressed; mayPut is asked before.
func (w *world) put(r registry, tag int, d digest) registry {
	if i := tag - len(w.floating); i >= 0 {
		return r | 1<<(exactBits+i)
	}
	return r&^(7<<(3*tag)) | registry(d)<<(3*tag)
}

// mayPut reports whether a write keeps the promise of exact tags: never removed, never changed.
func (w *world) mayPut(tag int, d digest) bool {
	i := tag - len(w.floating)
	return i < 0 || d == digest(i+1)
}

// listed is the set of exact tags. Floating tags are left out of lists, since publishing looks for versions alone there.
func (w *world) listed(r registry) uint8 { return uint8(r >> exactBits & (1<<maxVersions - 1)) }

// complete reports whether the exact tags of all versions are there, so that every list from now on is the same.
func (w *world) complete(r registry) bool { return w.listed(r) == 1<<len(w.versions)-1 }

// highest is the digest that a floating tag should have by the exact tags that are there; 0 if its line is empty.
func (w *world) highest(r registry, f int) digest {
	top := digest(0)
	for i, v := range w.versions {
		if w.at(r, len(w.floating)+i) != 0 && w.covers[f][i] && (top == 0 || v.Compare(w.versions[top-1]) > 0) {
			top = digest(i + 1)
		}
	}
	return top
}

func (w *world) text(d digest) string {
	switch {
	case d == 0:
		return "nothing"
	case int(d) > len(w.versions):
		return "old"
	default:
		return w.versions[d-1].String()
	}
}

func (w *world) describe(r registry) string {
	parts := make([]string, 0, len(w.tags))
	for i, tag := range w.tags {
		parts = append(parts, tag+"="+w.text(w.at(r, i)))
	}
	return strings.Join(parts, " ")
}
