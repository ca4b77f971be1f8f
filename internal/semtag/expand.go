// SPDX-License-Identifier: Apache-2.0

package semtag

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Expand returns the tags to publish v under, in the order of the templates, each name once, at its first place and with its
// strictest kind. There is at least one, and each is a valid tag.
//
// A pre-release gets exact tags and literals. An exact template without {version} is left out for a pre-release and for a
// version with build metadata, whose tag would be that of the release. The zero Version gets "latest" and literals.
//
// The error joins what is wrong: a value that a template needs is missing, a name is no valid tag, or the version would not
// get an exact tag though the scheme has some. It names the templates and says which input would help.
func (s *Scheme) Expand(v Version, vars Vars) ([]Tag, error) {
	var (
		tags    []Tag
		faults  []error
		needing []string // templates that need a version where there is none
	)
	for _, t := range s.templates {
		if v.IsZero() && t.needsVersion() {
			needing = append(needing, fmt.Sprintf("%q", t.text))

			continue
		}
		if !s.publishes(t, v) {
			continue
		}
		tag, err := t.expand(v, vars, s.suffix)
		if err != nil {
			faults = append(faults, fmt.Errorf("expanding tag template %q: %w", t.text, err))

			continue
		}
		tags = add(tags, tag)
	}
	if len(needing) > 0 {
		faults = append(faults, fmt.Errorf("expanding tag templates %s: they need a version: give git_tag, as v1.2.3, or run on such a tag, "+
			"or name only literals in `tags`", strings.Join(needing, ", ")))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}

	exact := func(t Tag) bool { return t.Kind == Exact }
	if len(tags) == 0 || s.has(Exact) && !slices.ContainsFunc(tags, exact) {
		return nil, fmt.Errorf("expanding tags for %s: no template names this very version; add {version} to `tags`", v)
	}

	return tags, nil
}

// publishes reports whether v gets a tag from t.
func (s *Scheme) publishes(t template, v Version) bool {
	switch {
	case v.IsZero():
		return true
	case t.kind == Exact:
		return t.names(v)
	case t.kind == Floating && v.Prerelease != "":
		return false
	default:
		// In major version 0 anything may change with each minor: https://semver.org/#spec-item-4
		return !s.defaults || v.Major > 0 || t.text != "{major}"
	}
}

// expand gives the tag that v has by t.
func (t template) expand(v Version, vars Vars, suffix string) (Tag, error) {
	tag := Tag{Kind: t.kind}
	for _, p := range t.parts {
		switch {
		case p.literal != "":
			tag.Name += p.literal
			tag.line += p.literal
		case p.ofVersion():
			tag.Name += fillVersion("{"+p.placeholder+"}", v)
			tag.line += "{" + p.placeholder + "}"
		default:
			value, err := vars.get(p.placeholder)
			if err != nil {
				return Tag{}, err
			}
			tag.Name += value
			tag.line += value
		}
	}
	tag.Name += suffix
	tag.line += suffix
	if err := checkName(tag.Name); err != nil {
		return Tag{}, fmt.Errorf("it gives %q, but %w", tag.Name, err)
	}
	if tag.Kind != Floating {
		tag.line = ""
	}

	return tag, nil
}

// add appends a tag unless its name is there. Of two with one name the stricter counts: a literal that happens to be 1.2.3 must
// not make the exact tag movable.
func add(tags []Tag, tag Tag) []Tag {
	i := slices.IndexFunc(tags, func(t Tag) bool { return t.Name == tag.Name })
	if i < 0 {
		return append(tags, tag)
	}
	if tag.Kind > tags[i].Kind {
		tags[i] = tag
	}

	return tags
}
