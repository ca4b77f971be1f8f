// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

var (
	placeholder = pattern.Lazy(`\{[^{}]*\}`)
	literal     = pattern.Lazy(`^[A-Za-z0-9._-]*$`)

	// tagGrammar is the distribution specification's:
	// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
	tagGrammar = pattern.Lazy(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
)

// Template says how the temporary tag of a platform is named (the input source_template). Its placeholders are {source_tag},
// {os}, {arch}, {variant} and {os.version}; {-variant} and {-os.version} are the same with a hyphen before them, and nothing
// where the platform has none. The zero Template names no tag.
type Template struct {
	text string
}

// ParseTemplate reads a template. It must hold {source_tag}, no placeholder that is unknown, and otherwise only what a tag may
// hold. Whether it tells the platforms of a release apart cannot be seen here: that shows in the tags it gives for them.
func ParseTemplate(s string) (Template, error) {
	var errs []error
	known := values("", Spec{})
	for _, p := range placeholder().FindAllString(s, -1) {
		if _, ok := known[p]; !ok {
			errs = append(errs, fmt.Errorf("unknown placeholder %s: there are {source_tag}, {os}, {arch}, {variant}, {-variant}, {os.version} and {-os.version}", p))
		}
	}
	if !strings.Contains(s, "{source_tag}") {
		errs = append(errs, errors.New("{source_tag} is missing"))
	}
	if rest := placeholder().ReplaceAllLiteralString(s, ""); !literal().MatchString(rest) {
		errs = append(errs, errors.New("beside placeholders it may have letters, digits, '.', '_' and '-' only"))
	}
	if err := errors.Join(errs...); err != nil {
		return Template{}, fmt.Errorf("parsing template %q: %w", s, err)
	}
	return Template{text: s}, nil
}

// Tag names the temporary tag of platform p, which is taken as it is written: linux/arm64/v8 and linux/arm64 have different
// tags. The error says that the result would not be a tag, mostly because it is longer than 128 characters.
func (t Template) Tag(sourceTag string, p Spec) (string, error) {
	known := values(sourceTag, p)
	tag := placeholder().ReplaceAllStringFunc(t.text, func(name string) string { return known[name] })
	if !tagGrammar().MatchString(tag) {
		return "", fmt.Errorf("naming the tag of %s: %q is no tag, which has 1 to 128 letters, digits, '.', '_' and '-', and does not start with '.' or '-'", p, tag)
	}
	return tag, nil
}

func values(sourceTag string, p Spec) map[string]string {
	return map[string]string{
		"{source_tag}":  sourceTag,
		"{os}":          p.OS,
		"{arch}":        p.Arch,
		"{variant}":     p.Variant,
		"{-variant}":    hyphenated(p.Variant),
		"{os.version}":  p.OSVersion,
		"{-os.version}": hyphenated(p.OSVersion),
	}
}

func hyphenated(s string) string {
	if s == "" {
		return ""
	}
	return "-" + s
}
