// SPDX-License-Identifier: Apache-2.0

package semtag

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Version is a semantic version. It is comparable, so it may be the key of a map, and == agrees with [Version.Compare].
// Versions come from [ParseVersion], [ParseGitTag] and [Scheme.Recognize]. The zero value means "no version" and is not 0.0.0.
type Version struct {
	Major, Minor, Patch uint64
	Prerelease          string // without the hyphen: "rc.1"
	Build               string // without the plus sign: "b5"

	// known tells 0.0.0 from no version.
	known bool
}

// ParseVersion parses strict semver 2.0 without a leading "v", at most 256 bytes long. The error says what is wrong.
func ParseVersion(s string) (Version, error) {
	parsed, err := semver.StrictNewVersion(s)
	if err != nil {
		return Version{}, fmt.Errorf("parsing version %q: %s", s, diagnose(err))
	}

	return Version{
		Major:      parsed.Major(),
		Minor:      parsed.Minor(),
		Patch:      parsed.Patch(),
		Prerelease: parsed.Prerelease(),
		Build:      parsed.Metadata(),
		known:      true,
	}, nil
}

// ParseGitTag parses the version in a git tag: the prefix, which must be there, then one optional "v", then what
// [ParseVersion] takes. The error says what is wrong, and that a tag which is no version can be published through `tags`.
func ParseGitTag(tag, prefix string) (Version, error) {
	const remedy = "to publish a tag that is no version, name it as a literal in `tags`"

	rest, ok := strings.CutPrefix(tag, prefix)
	if !ok {
		return Version{}, fmt.Errorf("parsing git tag %q: it does not start with the version_prefix %q; %s", tag, prefix, remedy)
	}

	v, err := ParseVersion(strings.TrimPrefix(rest, "v"))
	if err != nil {
		return Version{}, fmt.Errorf("parsing git tag %q: %w; %s", tag, err, remedy)
	}

	return v, nil
}

// IsZero reports whether v is the zero value, which means "no version".
func (v Version) IsZero() bool {
	return v == Version{}
}

// Stable reports whether v is a version without a pre-release. Build metadata does not matter.
func (v Version) Stable() bool {
	return !v.IsZero() && v.Prerelease == ""
}

// String returns v as semver writes it: "1.2.3-rc.1+b5". The zero value gives the empty string.
func (v Version) String() string {
	if v.IsZero() {
		return ""
	}

	s := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
	if v.Prerelease != "" {
		s += "-" + v.Prerelease
	}
	if v.Build != "" {
		s += "+" + v.Build
	}

	return s
}

// diagnose words an error of semver.StrictNewVersion for somebody who has just chosen a bad git tag.
func diagnose(err error) string {
	const identifiers = "must be identifiers of letters, digits and hyphens, separated by dots"

	switch {
	case errors.Is(err, semver.ErrEmptyString):
		return "it is empty"
	case errors.Is(err, semver.ErrVersionTooLong):
		return fmt.Sprintf("it is longer than %d bytes", semver.MaxVersionLen)
	case errors.Is(err, semver.ErrSegmentStartsZero):
		return "a number has a leading zero"
	case errors.Is(err, strconv.ErrRange):
		return "a number is too large"
	case errors.Is(err, semver.ErrInvalidPrerelease):
		return "the pre-release after the hyphen " + identifiers
	case errors.Is(err, semver.ErrInvalidMetadata):
		return "the build metadata after the plus sign " + identifiers
	default:
		return "it must be MAJOR.MINOR.PATCH, three numbers as in 1.2.3, with a pre-release (-rc.1) or build metadata (+b5) at most"
	}
}
