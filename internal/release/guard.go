// SPDX-License-Identifier: Apache-2.0

package release

import (
	"slices"

	"github.com/polytag/polytag/internal/semtag"
)

// guard knows which version owns a floating tag. The evidence is the tags of
// the target, never git.
type guard struct {
	scheme  *semtag.Scheme
	version semtag.Version
}

// newGuard returns nil if the request has no guarded floating tag.
func newGuard(req Request) *guard {
	if !slices.ContainsFunc(req.Tags, req.Guarded) {
		return nil
	}
	return &guard{scheme: req.Scheme, version: req.Version}
}

// versionTag is an exact tag of a target and the version that it stands for.
type versionTag struct {
	tag     string
	version semtag.Version
}

// recognize finds the stable versions among the tags of a target.
func recognize(scheme *semtag.Scheme, tags []string) []versionTag {
	var out []versionTag
	for _, tag := range tags {
		if v, ok := scheme.Recognize(tag); ok && v.Stable() {
			out = append(out, versionTag{tag, v})
		}
	}
	return out
}

// top returns the exact tags of the highest version of f's line: usually one,
// several where a version was published as 1.2.3 and v1.2.3, none if the line
// is empty.
func top(f semtag.Tag, known []versionTag) []versionTag {
	return highest(slices.DeleteFunc(slices.Clone(known), func(k versionTag) bool { return !f.Covers(k.version) }))
}

// highest returns the exact tags of the highest of all versions.
func highest(known []versionTag) []versionTag {
	var out []versionTag
	for _, k := range known {
		switch {
		case len(out) == 0 || k.version.Compare(out[0].version) > 0:
			out = append(out[:0:0], k)
		case k.version.Compare(out[0].version) == 0:
			out = append(out, k)
		}
	}
	return out
}

// higher returns the tag of the version above ours that owns f; empty if there
// is none.
func (g *guard) higher(f semtag.Tag, known []versionTag) string {
	return above(g.version, top(f, known))
}

// above returns the first of the tags if its version is above v.
func above(v semtag.Version, tags []versionTag) string {
	if len(tags) > 0 && tags[0].version.Compare(v) > 0 {
		return tags[0].tag
	}
	return ""
}
