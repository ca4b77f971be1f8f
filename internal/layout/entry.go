// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/release"
)

// The annotations of an entry of index.json that name it.
const (
	// refName is the specification's:
	// https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys
	refName = "org.opencontainers.image.ref.name"
	// imageName is containerd's, and holds a whole reference; BuildKit and Docker write it too:
	// https://github.com/containerd/containerd/blob/v2.1.4/core/images/annotations.go
	imageName = "io.containerd.image.name"
)

// maxShown bounds the names that an error shows.
const maxShown = 10

// names are what an entry is called: its annotations, and the tags of those that are whole references, as podman writes refName.
func names(entry v1.Descriptor) []string {
	var out []string
	for _, key := range []string{refName, imageName} {
		name := entry.Annotations[key]
		if name == "" {
			continue
		}
		out = append(out, name)
		if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') && i+1 < len(name) {
			out = append(out, name[i+1:])
		}
	}
	return out
}

// named finds the entry of a name.
func (l *Layout) named(name string) (v1.Descriptor, error) {
	found := distinct(l.entries, func(entry v1.Descriptor) bool { return slices.Contains(names(entry), name) })
	switch len(found) {
	case 0:
		return v1.Descriptor{}, fmt.Errorf("looking for %q: %w; the layout has %s", name, release.ErrNotFound, l.contents())
	case 1:
		return found[0], nil
	default:
		return v1.Descriptor{}, fmt.Errorf("looking for %q: it is the name of several: %s", name, show(found))
	}
}

// only finds the entry that the layout is about.
func (l *Layout) only(ctx context.Context) (v1.Descriptor, error) {
	found := distinct(l.entries, func(entry v1.Descriptor) bool {
		return slices.ContainsFunc(names(entry), func(name string) bool { return !isCompanion(name) })
	})
	if len(found) == 0 {
		found = distinct(l.entries, func(entry v1.Descriptor) bool { return len(names(entry)) == 0 })
		if len(found) > 1 {
			g, err := l.links(ctx)
			if err != nil {
				return v1.Descriptor{}, err
			}
			found = slices.DeleteFunc(found, func(entry v1.Descriptor) bool { return g.dependent(entry.Digest) })
		}
	}
	if len(found) != 1 {
		return v1.Descriptor{}, fmt.Errorf("choosing an image: the layout has %s; say which, as oci:PATH:NAME or oci:PATH@sha256:…", l.contents())
	}
	return found[0], nil
}

// isWhole reports whether index.json is itself the index of one image, as some builders write it: nothing but images, several,
// none of them with a name and each with its platform.
func (l *Layout) isWhole() bool {
	return len(l.entries) > 1 && !slices.ContainsFunc(l.entries, func(entry v1.Descriptor) bool {
		p := entry.Platform
		return len(names(entry)) > 0 || !index.IsImage(entry.MediaType) || p == nil || p.OS == "" || p.Architecture == ""
	})
}

// contents says what there is to choose from.
func (l *Layout) contents() string {
	if all := l.Names(); len(all) > 0 {
		return "the names " + join(all)
	}
	if len(l.entries) == 0 {
		return "no image"
	}
	return "no names, and " + show(distinct(l.entries, func(v1.Descriptor) bool { return true }))
}

// distinct are the entries that fit, one for each digest, in their order.
func distinct(entries []v1.Descriptor, fits func(v1.Descriptor) bool) []v1.Descriptor {
	var out []v1.Descriptor
	seen := map[v1.Hash]bool{}
	for _, entry := range entries {
		if fits(entry) && !seen[entry.Digest] {
			seen[entry.Digest] = true
			out = append(out, entry)
		}
	}
	return out
}

func show(entries []v1.Descriptor) string {
	var all []string
	for _, entry := range entries[:min(len(entries), maxShown+1)] {
		text := entry.Digest.String()
		if name := entry.Annotations[imageName]; name != "" {
			text += " (" + name + ")"
		}
		all = append(all, text)
	}
	return join(all)
}

func join(all []string) string {
	if len(all) > maxShown {
		all = append(slices.Clone(all[:maxShown]), "…")
	}
	return strings.Join(all, ", ")
}
