// SPDX-License-Identifier: Apache-2.0

package semtag

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// template is one parsed element of the `tags` input.
type template struct {
	text  string // as it was given
	parts []part
	kind  Kind

	// pattern matches the tags that this template gives for some version. Nil: it is not evidence.
	pattern *regexp.Regexp
}

// part is literal text or a placeholder.
type part struct {
	literal     string // empty: a placeholder
	placeholder string // without the braces: "major", "env:NAME"
}

// tokens splits a template into placeholders, literal text and stray braces, and leaves nothing out.
var tokens = pattern.Lazy(`\{[^{}]*\}|[^{}]+|[{}]`)

func parseTemplate(text string) (template, error) {
	if text == "" {
		return template{}, errors.New("parsing tag template: it is empty; give a literal as nightly, or placeholders as {version}")
	}

	t := template{text: text}
	var faults []error
	var sample strings.Builder // the shortest tag that can come of it: a placeholder gives one character at least
	for _, token := range tokens().FindAllString(text, -1) {
		switch {
		case token == "{" || token == "}":
			faults = append(faults, errors.New("a brace has no partner; a placeholder is written {version}"))
		case token[0] == '{':
			placeholder := token[1 : len(token)-1]
			faults = append(faults, checkPlaceholder(placeholder))
			t.parts = append(t.parts, part{placeholder: placeholder})
			sample.WriteByte('0')
		default:
			t.parts = append(t.parts, part{literal: token})
			sample.WriteString(token)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return template{}, fmt.Errorf("parsing tag template %q: %w", text, err)
	}
	if err := checkName(sample.String()); err != nil {
		return template{}, fmt.Errorf("parsing tag template %q: %w", text, err)
	}

	t.kind = t.classify()
	if t.kind == Exact {
		t.pattern = t.evidence()
	}

	return t, nil
}

// classify says what kind of tag comes of t. The name alone decides, never the values of a run.
func (t template) classify() Kind {
	switch {
	case t.has("version"), t.has("major") && t.has("minor") && t.has("patch"):
		return Exact
	case t.needsVersion(), t.text == "latest":
		return Floating
	default:
		return Literal
	}
}

// has reports whether the placeholder is in t.
func (t template) has(placeholder string) bool {
	return slices.Contains(t.parts, part{placeholder: placeholder})
}

// needsVersion reports whether t holds a placeholder of the version.
func (t template) needsVersion() bool {
	return slices.ContainsFunc(t.parts, part.ofVersion)
}

// names reports whether t's tag for v tells v from every other version. Without {version} it would be the tag of the release
// that v is a pre-release or another build of.
func (t template) names(v Version) bool {
	return t.has("version") || v.Prerelease == "" && v.Build == ""
}

// placeholders returns those of t, in order.
func (t template) placeholders() []string {
	var names []string
	for _, p := range t.parts {
		if p.placeholder != "" {
			names = append(names, p.placeholder)
		}
	}

	return names
}

// ofVersion reports whether p stands for a part of the version, which git_tag, the commit and the environment are not.
func (p part) ofVersion() bool {
	switch p.placeholder {
	case "major", "minor", "patch", "version":
		return true
	default:
		return false
	}
}
