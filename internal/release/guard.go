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
func (g *guard) recognize(tags []string) []versionTag {
	var out []versionTag
	for _, tag := range tags {
		if v, ok := g.scheme.Recognize(tag); ok && v.Stable() {
			out = append(out, versionTag{tag, v})
		}
	}
	return out
}

// top returns the exact tags of the highest version of f's line: usually one,
// several where a version was published as 1.2.3 and v1.2.3, none if the line
// is empty.
func top(f semtag.Tag, known []versionTag) []versionTag {
	var out []versionTag
	for _, k := range known {
		if !f.Covers(k.version) {
			continue
		}
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
	if t := top(f, known); len(t) > 0 && t[0].version.Compare(g.version) > 0 {
		return t[0].tag
	}
	return ""
}
