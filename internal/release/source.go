// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
)

// Sources says where the images of a release come from. Exactly one of Tag and
// Refs is set.
type Sources struct {
	// Tag is the stem of the per-platform tags, if any of those exists, and
	// else the tag of one image that is promoted. Both live in the primary.
	Tag string
	// Template names the per-platform tags.
	Template platform.Template
	// Refs are explicit references. A single index, or a single image, is
	// promoted, unless the platform given with it corrects that.
	Refs []SourceRef
	// Join makes an index even of a single reference, rather than promote it.
	Join bool
}

// SourceRef is one reference to look for.
type SourceRef struct {
	// Text is the reference as the user knows it, for messages.
	Text string
	// Ref is where it is in a registry. Nil for an OCI layout.
	Ref name.Reference
	// Layout is the OCI layout that holds it, and Within its tag or digest
	// there; empty: the layout holds just one. Nil for a registry.
	Layout Origin
	Within string
	// Platform is what the name says the image is for. Zero: nothing.
	Platform platform.Spec
	// Override says that Platform is the user's own word: its variant and
	// os.version replace what the config says. OS and architecture never do.
	Override bool
	// Features replace the os.features of the config. Nil: they stay.
	Features []string
	// Temporary says that the tag is one of this release's own, which a
	// clean-up may remove.
	Temporary bool
}

// repository is where the reference lives; zero for an OCI layout.
func (r SourceRef) repository() name.Repository {
	if r.Layout != nil {
		return name.Repository{}
	}
	return r.Ref.Context()
}

// origin is what the reference is read from.
func (r SourceRef) origin(reg Registry) Origin {
	if r.Layout != nil {
		return r.Layout
	}
	return reg.Repository(r.repository())
}

// identifier is the tag or digest by which the origin knows the reference.
func (r SourceRef) identifier() string {
	if r.Layout != nil {
		return r.Within
	}
	return r.Ref.Identifier()
}

// PlatformTags returns the per-platform tags that the stem and the platforms
// name, in the order of the platforms. Empty without a stem or platforms.
func (r Request) PlatformTags() ([]SourceRef, error) {
	if r.Sources.Tag == "" {
		return nil, nil
	}
	refs := make([]SourceRef, 0, len(r.Platforms))
	taken := map[string]platform.Spec{}
	for _, p := range r.Platforms {
		tag, err := r.Sources.Template.Tag(r.Sources.Tag, p)
		if err != nil {
			return nil, fmt.Errorf("naming the source tag of %s: %w", p, err)
		}
		if q, ok := taken[tag]; ok {
			return nil, fmt.Errorf("naming the source tag of %s: %q is the tag of %s already", p, tag, q)
		}
		taken[tag] = p
		refs = append(refs, SourceRef{Text: tag, Ref: r.Primary().Tag(tag), Platform: p, Temporary: true})
	}
	return refs, nil
}

// promotedTag is the tag of one image that the stem itself names.
func (r Request) promotedTag() SourceRef {
	return SourceRef{Text: r.Sources.Tag, Ref: r.Primary().Tag(r.Sources.Tag), Temporary: true}
}

// Image is one image that was read: its entry for the index, and what its
// config says.
type Image struct {
	index.Child
	Labels map[string]string
	// Size is that of its config and layers, as they are stored, in bytes.
	Size int64
	// Raw is the image's manifest, byte for byte, and Config its config; nil if
	// it has none that says a platform.
	Raw, Config []byte
}

// Platform is the platform of the image's entry.
func (i Image) Platform() platform.Spec { return platform.FromOCI(i.Descriptor.Platform) }

// Source is a reference that was found and read.
type Source struct {
	SourceRef
	Manifest Manifest
	// Images are the leaves: one for an image, all of them for an index.
	Images []Image
	// Nested are the indexes within an index, the outer before the inner.
	Nested []Manifest
	// Other are the entries of indexes that are no image and belong to none:
	// artifacts.
	Other []v1.Descriptor
	// Notices say what was taken from the name, because the config lacks it or
	// the user corrects it.
	Notices []string
}

// IsIndex reports whether the source is an index rather than one image.
func (s Source) IsIndex() bool { return index.IsIndex(s.Manifest.MediaType) }

// parts are all manifests that the source leads to.
func (s Source) parts() []v1.Hash {
	out := digests(s)
	for _, m := range s.Nested {
		out = append(out, m.Digest)
	}
	for _, d := range s.Other {
		out = append(out, d.Digest)
	}
	return out
}

// describe names one image of a source as messages do: reference, platform and
// digest.
func describe(s SourceRef, p platform.Spec, digest v1.Hash) string {
	return fmt.Sprintf("%s (%s, %s)", s.Text, p, digest)
}

// MissingSourceError says which sources are not there.
type MissingSourceError struct {
	// Repository is the primary, where all is looked for that says nothing else.
	Repository name.Repository
	// Missing are the references that were looked for in vain.
	Missing []SourceRef
	// Stem is the tag that was looked for as well, as an image to promote.
	// Empty if there was none to look for.
	Stem string
}

func (e *MissingSourceError) Error() string {
	where := " in " + e.Repository.String()
	elsewhere := slices.ContainsFunc(e.Missing, func(m SourceRef) bool { return m.repository() != e.Repository })
	if elsewhere {
		where = ""
	}
	names := make([]string, 0, len(e.Missing))
	for _, m := range e.Missing {
		text := m.Text
		if elsewhere {
			text = m.Ref.String()
		}
		if !m.Platform.IsZero() {
			text += " (" + m.Platform.String() + ")"
		}
		names = append(names, text)
	}
	if e.Stem != "" {
		names = append(names, e.Stem)
	}
	return fmt.Sprintf("reading sources: not found%s: %s", where, strings.Join(names, ", "))
}

// Unwrap makes the error match [ErrNotFound].
func (e *MissingSourceError) Unwrap() error { return ErrNotFound }
