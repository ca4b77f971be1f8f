// SPDX-License-Identifier: Apache-2.0

package semtag

import (
	"cmp"
	"strings"
)

// Compare returns -1, 0 or +1 as v is lower than, the same as or higher than w, by the precedence of semver 2.0
// (https://semver.org/#spec-item-11). Where that sees no difference, build metadata decides: none is lowest, then its
// identifiers are compared as those of a pre-release are. The result is 0 only if v == w. No version is lower than any.
//
// Masterminds' Compare does not serve here: it ignores build metadata, and compares numbers beyond 64 bits as text.
func (v Version) Compare(w Version) int {
	return cmp.Or(
		compareFlags(v.known, w.known),
		cmp.Compare(v.Major, w.Major),
		cmp.Compare(v.Minor, w.Minor),
		cmp.Compare(v.Patch, w.Patch),
		compareFlags(v.Prerelease == "", w.Prerelease == ""),
		compareIdentifiers(v.Prerelease, w.Prerelease),
		compareFlags(v.Build != "", w.Build != ""),
		compareIdentifiers(v.Build, w.Build),
		// Build metadata may have leading zeros: +1 and +01 are one number, but two versions.
		strings.Compare(v.Build, w.Build),
	)
}

// compareFlags ranks true above false.
func compareFlags(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// compareIdentifiers compares dot-separated identifiers from left to right; if all that both have are equal, more are higher.
func compareIdentifiers(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		if c := compareIdentifier(as[i], bs[i]); c != 0 {
			return c
		}
	}

	return cmp.Compare(len(as), len(bs))
}

// compareIdentifier compares numbers by value, of any length, and ranks them below everything else.
func compareIdentifier(a, b string) int {
	aNumeric, bNumeric := numeric(a), numeric(b)
	if aNumeric && bNumeric {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")

		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	}

	return cmp.Or(compareFlags(!aNumeric, !bNumeric), strings.Compare(a, b))
}

func numeric(identifier string) bool {
	return identifier != "" && strings.Trim(identifier, "0123456789") == ""
}
