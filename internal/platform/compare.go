// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Compare is the order of the images inside an index. Many clients take the first entry that fits, so what the most machines
// can run comes first: linux/amd64, then Linux by architecture, then the other systems by name; within one architecture the
// least demanding variant (arm/v5, v6, v7; amd64 before amd64/v2), and within one variant the lowest os.version, each part of it
// compared as a number. It is zero exactly if the platforms have equal [Spec.Key] values.
func Compare(a, b Spec) int {
	a, b = a.Key(), b.Key()
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		strings.Compare(a.OS, b.OS),
		strings.Compare(a.Arch, b.Arch),
		compareDotted(strings.TrimPrefix(a.Variant, "v"), strings.TrimPrefix(b.Variant, "v")),
		strings.Compare(a.Variant, b.Variant),
		compareDotted(a.OSVersion, b.OSVersion),
		strings.Compare(a.OSVersion, b.OSVersion),
	)
}

func rank(s Spec) int {
	switch {
	case s.OS == "linux" && s.Arch == "amd64":
		return 0
	case s.OS == "linux":
		return 1
	default:
		return 2
	}
}

func compareDotted(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), comparePart)
}

// comparePart puts nothing before numbers, and numbers before words, which keeps the order transitive.
func comparePart(a, b string) int {
	x, aIsNumber := number(a)
	y, bIsNumber := number(b)
	switch {
	case aIsNumber && bIsNumber:
		return cmp.Compare(x, y)
	case aIsNumber && b != "":
		return -1
	case bIsNumber && a != "":
		return 1
	default:
		return strings.Compare(a, b)
	}
}

func number(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}
