// SPDX-License-Identifier: Apache-2.0

// Package semtag turns a version into the tags to publish, and the tags of a repository back into versions.
//
// A [Scheme] is a list of templates: "{major}", "{major}.{minor}", "{version}", "latest". Expanded for 1.2.3 it gives the
// tags 1, 1.2, 1.2.3 and latest, in that order, and no tag that a registry would refuse. An exact tag names one version. A
// floating tag moves along its line, the stable versions that it would have the same name for. A literal moves freely. The
// guard that keeps floating tags from moving backwards recognises the versions that are there by their exact tags.
//
// The package is pure: it knows the grammar of versions and of tags, and no registry.
package semtag

import (
	"errors"
	"fmt"
	"slices"

	"github.com/polytag/polytag/internal/pattern"
)

// Scheme is the parsed `tags` input, with the suffix that every tag gets. It comes from [ParseScheme], does not change, and
// may be used by several goroutines.
type Scheme struct {
	templates []template
	suffix    string
	defaults  bool // no templates were given
}

var suffixGrammar = pattern.Lazy(`^-[A-Za-z0-9._-]{1,126}$`)

// ParseScheme parses templates in push order, and a suffix: empty, or "-" and at least one more character of a tag.
// No templates mean {major}, {major}.{minor}, {version}, latest, of which {major} is left out for major version 0.
// The error joins everything that is wrong; each part names the template and says what would be right.
func ParseScheme(templates []string, suffix string) (*Scheme, error) {
	s := &Scheme{suffix: suffix, defaults: len(templates) == 0}
	if s.defaults {
		templates = []string{"{major}", "{major}.{minor}", "{version}", "latest"}
	}

	var faults []error
	if suffix != "" && !suffixGrammar().MatchString(suffix) {
		faults = append(faults, fmt.Errorf("parsing suffix %q: it must be a hyphen and then letters, digits or . _ -, as in -alpine", suffix))
	}
	for _, text := range templates {
		t, err := parseTemplate(text)
		faults = append(faults, err)
		s.templates = append(s.templates, t)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}

	return s, nil
}

// NeedsVersion reports whether a template holds a placeholder of the version, so that [Scheme.Expand] must be given one.
// Where it is false, a version that is known should be given all the same: it keeps a pre-release from moving latest.
func (s *Scheme) NeedsVersion() bool {
	return slices.ContainsFunc(s.templates, template.needsVersion)
}

// HasFloating reports whether a template gives floating tags.
func (s *Scheme) HasFloating() bool {
	return s.has(Floating)
}

// Guardable reports whether an exact template holds nothing but the version and literal text, so that [Scheme.Recognize] can
// tell which versions a repository has. Templates from which the version cannot be read back for sure do not count.
func (s *Scheme) Guardable() bool {
	return slices.ContainsFunc(s.templates, func(t template) bool { return t.pattern != nil })
}

func (s *Scheme) has(kind Kind) bool {
	return slices.ContainsFunc(s.templates, func(t template) bool { return t.kind == kind })
}
