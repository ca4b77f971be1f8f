// SPDX-License-Identifier: Apache-2.0

package version_test

import (
	"runtime/debug"
	"testing"

	"github.com/polytag/polytag/internal/version"
)

func TestLinkedVersionWins(t *testing.T) {
	t.Parallel()
	for linked, want := range map[string]string{"v1.2.3": "1.2.3", "1.2.3": "1.2.3", "1.2.3-rc.1": "1.2.3-rc.1", "dev": "dev"} {
		if got := version.String(linked); got != want {
			t.Errorf("String(%q) = %q, want %q", linked, got, want)
		}
	}
}

func TestWithoutLinkedVersion(t *testing.T) {
	t.Parallel()
	build, _ := debug.ReadBuildInfo()
	if got, want := version.String(""), version.FromBuild(build); got != want || got == "" {
		t.Errorf(`String("") = %q, want %q`, got, want)
	}
}

func TestFromBuild(t *testing.T) {
	t.Parallel()
	if got := version.FromBuild(nil); got != "dev" {
		t.Errorf("FromBuild(nil) = %q, want dev", got)
	}
	tests := map[string]string{
		"":        "dev",
		"(devel)": "dev",
		"v1.2.3":  "1.2.3",
		"v0.0.0-20261120101112-2115e40aaaaa+dirty": "0.0.0-20261120101112-2115e40aaaaa+dirty",
	}
	for recorded, want := range tests {
		build := &debug.BuildInfo{Main: debug.Module{Version: recorded}}
		if got := version.FromBuild(build); got != want {
			t.Errorf("FromBuild(%q) = %q, want %q", recorded, got, want)
		}
	}
}
