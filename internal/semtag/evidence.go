// SPDX-License-Identifier: Apache-2.0

package semtag

import (
	"regexp"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// Recognize reports whether a tag of a repository is an exact tag of this scheme, with the same suffix, and of which version.
// Only the templates that [Scheme.Guardable] counts are looked at. A "v" directly before the version may be there or not,
// whatever the template says, since a repository may have changed its mind. What two templates read differently is the lower
// version, so that the pre-release 1.2.3-x does not pass for the 1.2.3 that "{version}-x" would name.
func (s *Scheme) Recognize(tag string) (Version, bool) {
	name, ok := strings.CutSuffix(tag, s.suffix)
	if !ok {
		return Version{}, false
	}

	var lowest Version
	for _, t := range s.templates {
		if v, ok := t.recognize(name); ok && (lowest.IsZero() || v.Compare(lowest) < 0) {
			lowest = v
		}
	}

	return lowest, !lowest.IsZero()
}

// recognize is the inverse of expanding t, up to the optional v.
func (t template) recognize(name string) (Version, bool) {
	if t.pattern == nil {
		return Version{}, false
	}
	match := t.pattern.FindStringSubmatch(name)
	if match == nil {
		return Version{}, false
	}

	placeholders := t.placeholders()
	values := map[string]string{}
	for i, placeholder := range placeholders {
		values[placeholder] = match[i+1]
	}
	text, ok := values["version"]
	if ok {
		text = strings.Replace(text, "_", "+", 1)
	} else {
		text = values["major"] + "." + values["minor"] + "." + values["patch"]
	}
	v, err := ParseVersion(text)
	if err != nil {
		return Version{}, false
	}

	// A placeholder that is there twice, or beside {version}, must agree.
	for i, placeholder := range placeholders {
		if match[i+1] != fillVersion("{"+placeholder+"}", v) {
			return Version{}, false
		}
	}

	return v, true
}

// evidence returns a pattern with one group for each placeholder, which finds the version in a tag made from t. It returns nil
// if more than one version might have given such a tag: if t holds values of a run, {version} twice, or placeholders that
// nothing or only digits divide ("{major}{minor}.{patch}").
func (t template) evidence() *regexp.Regexp {
	const (
		number  = `([0-9]+)`
		version = `([0-9]+\.[0-9]+\.[0-9]+(?:[_-][0-9A-Za-z._-]*)?)`
	)

	var expr strings.Builder
	expr.WriteByte('^')
	between := ""
	seen := map[string]bool{}
	for _, p := range t.parts {
		switch {
		case p.literal != "":
			between = p.literal

			continue
		case !p.ofVersion(), seen["version"] && p.placeholder == "version":
			return nil
		case len(seen) == 0:
			expr.WriteString(optionalV(between))
		case strings.Trim(between, "0123456789") == "":
			return nil
		default:
			expr.WriteString(regexp.QuoteMeta(between))
		}

		if p.placeholder == "version" {
			expr.WriteString(version)
		} else {
			expr.WriteString(number)
		}
		seen[p.placeholder] = true
		between = ""
	}

	expr.WriteString(regexp.QuoteMeta(between) + "$")

	return regexp.MustCompile(expr.String()) //nolint:forbidigo // it is made from the templates of this run
}

// optionalV returns a pattern for the text before a version which takes it with a last "v" and without, unless that would be
// part of a word: "rev" stays as it is.
func optionalV(before string) string {
	stem := strings.TrimSuffix(before, "v")
	if wordEnd().MatchString(stem) {
		return regexp.QuoteMeta(before)
	}

	return regexp.QuoteMeta(stem) + "v?"
}

var wordEnd = pattern.Lazy(`[0-9A-Za-z]$`)
