// SPDX-License-Identifier: Apache-2.0

package release

import (
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/semtag"
)

var floating = pattern.Lazy(`^v?[0-9]+(\.[0-9]+)?$`)

// TemporaryTag is a tag that the sources came by, and what a clean-up will do
// with it.
type TemporaryTag struct {
	Name string
	// Digest is what it pointed at when it was read; it is removed only if it
	// still does. Zero if it is absent already.
	Digest v1.Hash
	// Keep is why it is not removed; empty: it is removed.
	Keep string
}

// Absent reports whether an earlier run removed the tag.
func (t TemporaryTag) Absent() bool { return t.Digest == v1.Hash{} }

// planCleanup decides which temporary tags are removed: the per-platform tags
// of a stem, or the promoted tag. Never one that this release publishes, a
// version, or a floating tag; never what the user named by reference.
func planCleanup(req Request, snap Snapshot) []TemporaryTag {
	if !req.Cleanup {
		return nil
	}
	var out []TemporaryTag
	for _, s := range snap.Sources {
		if s.Temporary {
			t := TemporaryTag{Name: s.Ref.Identifier(), Digest: s.Manifest.Digest}
			t.Keep = keepReason(req, snap.Targets[0], t.Name)
			out = append(out, t)
		}
	}
	for _, ref := range snap.Absent {
		if ref.Temporary {
			tag := ref.Ref.Identifier()
			out = append(out, TemporaryTag{Name: tag, Digest: snap.Dummies[tag]})
		}
	}
	return out
}

// keepReason is why a temporary tag must stay.
func keepReason(req Request, primary TargetState, tag string) string {
	if slices.ContainsFunc(req.Tags, func(t semtag.Tag) bool { return t.Name == tag }) {
		return "this release publishes it"
	}
	if v, ok := req.Scheme.Recognize(tag); ok {
		return "it is the tag of version " + v.String()
	}
	if isFloating(tag) {
		return "it is a floating tag"
	}
	if primary.freezes(tag) {
		return "the registry's rules make it immutable"
	}
	return ""
}

// isFloating reports whether a tag looks like a floating tag, of this release or
// of another: latest, 1, 1.2, v1.
func isFloating(tag string) bool { return tag == "latest" || floating().MatchString(tag) }
