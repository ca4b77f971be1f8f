// SPDX-License-Identifier: Apache-2.0

package semtag

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// Tag is one tag to publish. It is comparable; tags come from [Scheme.Expand].
type Tag struct {
	Name string // with the suffix, without a repository
	Kind Kind

	// line is what Name was made from, with the version's placeholders still in it: "v{major}.{minor}-alpine".
	// Only a floating tag has one.
	line string
}

// Covers reports whether t is a floating tag and v a stable version of its line: one for which t has the same name.
func (t Tag) Covers(v Version) bool {
	return t.Kind == Floating && v.Stable() && fillVersion(t.line, v) == t.Name
}

// Kind says how a tag may move. A higher kind is the stricter one.
type Kind int

// The kinds of tags.
const (
	Literal  Kind = iota // no version: moves freely
	Floating             // "1", "1.2", "latest": moves along its line, never backwards
	Exact                // "1.2.3": names one version, and stays
)

// String returns "literal", "floating" or "exact".
func (k Kind) String() string {
	switch k {
	case Literal:
		return "literal"
	case Floating:
		return "floating"
	case Exact:
		return "exact"
	default:
		return fmt.Sprintf("Kind(%d)", int(k))
	}
}

// fillVersion replaces the placeholders of the version in a template. "+", which no tag may hold, becomes "_", which no
// version may hold, as it does in Helm: https://github.com/helm/helm/issues/10166
func fillVersion(text string, v Version) string {
	return strings.NewReplacer(
		"{major}", strconv.FormatUint(v.Major, 10),
		"{minor}", strconv.FormatUint(v.Minor, 10),
		"{patch}", strconv.FormatUint(v.Patch, 10),
		"{version}", strings.Replace(v.String(), "+", "_", 1),
	).Replace(text)
}

// maxName is the length of the longest tag: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const maxName = 128

var foreign = pattern.Lazy(`[^A-Za-z0-9._-]`)

// checkName says which rule of [A-Za-z0-9_][A-Za-z0-9._-]{0,127} a tag breaks, which must not be empty.
func checkName(name string) error {
	if c := foreign().FindString(name); c != "" {
		return fmt.Errorf("a tag cannot hold %q, only letters, digits and . _ -", c)
	}
	if name[0] == '.' || name[0] == '-' {
		return fmt.Errorf("a tag cannot start with %q, only with a letter, a digit or _", name[:1])
	}
	if len(name) > maxName {
		return fmt.Errorf("a tag has at most %d characters, not %d", maxName, len(name))
	}

	return nil
}
