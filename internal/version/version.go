// SPDX-License-Identifier: Apache-2.0

// Package version says which polytag this is.
package version

import (
	"runtime/debug"
	"strings"
)

const unknown = "dev"

// String gives the version without a leading v, 1.2.3: the one that was set by the linker, else the one that the Go toolchain
// has recorded, else dev. It is a product version as a User-Agent header may hold it, so polytag/1.2.3 can be made of it.
func String(linked string) string {
	if linked != "" {
		return trim(linked)
	}
	build, _ := debug.ReadBuildInfo()
	return FromBuild(build)
}

// FromBuild gives the version of the main module: that of go install polytag@v1.2.3, or a pseudo-version of the commit that
// was built, with +dirty after it if files were changed. It is dev where the toolchain has recorded none, and for nil.
func FromBuild(build *debug.BuildInfo) string {
	if build == nil || build.Main.Version == "" || build.Main.Version == "(devel)" {
		return unknown
	}
	return trim(build.Main.Version)
}

func trim(version string) string {
	return strings.TrimPrefix(version, "v")
}
