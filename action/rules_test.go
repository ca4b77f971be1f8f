// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The rules about tags are told anew here, apart from the product's own code: three numbers make a version, and a floating tag belongs to the
// highest version that begins with it.

// numbers takes a version apart; nil if it is none.
func numbers(tag string) []int {
	var out []int
	for part := range strings.SplitSeq(tag, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	if len(out) != 3 {
		return nil
	}
	return out
}

// floating are the floating tags of a version.
func floating(version string) []string {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return []string{major, major + "." + minor, "latest"}
}

// owner is the highest of the versions among tags that a floating tag may point at; empty if there is none.
func owner(tags []string, f string) string {
	best := ""
	for _, tag := range tags {
		in := f == "latest" || strings.HasPrefix(tag, f+".")
		if numbers(tag) != nil && in && (best == "" || slices.Compare(numbers(tag), numbers(best)) > 0) {
			best = tag
		}
	}
	return best
}

// isFloating reports whether a tag is one of those that floating returns.
func isFloating(tag string) bool {
	_, err := strconv.ParseFloat(tag, 64)
	return tag == "latest" || err == nil
}

// names are the names of tags, sorted.
func names(tags map[string]string) []string { return slices.Sorted(maps.Keys(tags)) }
