// SPDX-License-Identifier: Apache-2.0

package platform_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/platform"
)

func TestKeyJoinsSpellings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{"linux/arm64", "linux/arm64/v8", true},
		{"linux/arm64/8", "linux/arm64/v8", true},
		{"linux/aarch64", "linux/arm64/v8", true},
		{"linux/arm64/v8", "linux/arm64/v9", false},
		{"linux/arm", "linux/arm/v7", true},
		{"linux/armhf", "linux/arm", true},
		{"linux/arm/7", "linux/arm/v7", true},
		{"linux/arm", "linux/arm/v6", false},
		{"linux/amd64", "linux/amd64/v1", true},
		{"linux/amd64", "linux/amd64/v2", false},
		{"linux/x86_64", "linux/amd64", true},
		{"linux/i386", "linux/386", true},
		{"macos/arm64", "darwin/arm64", true},
		{"linux/amd64", "windows/amd64", false},
		{"windows/amd64", "windows/amd64:10.0.17763.6054", false},
		{"windows/amd64:10.0.17763.6054", "Windows/X86_64:10.0.17763.6054", true},
	}
	for _, tt := range tests {
		t.Run(tt.a+" "+tt.b, func(t *testing.T) {
			t.Parallel()
			a, b := parse(t, tt.a), parse(t, tt.b)
			if got := a.Key() == b.Key(); got != tt.want {
				t.Errorf("%v.Key() == %v.Key() = %t, want %t", a, b, got, tt.want)
			}
			if got := platform.Compare(a, b) == 0; got != tt.want {
				t.Errorf("Compare(%v, %v) == 0 = %t, want %t", a, b, got, tt.want)
			}
			if a.Key().Key() != a.Key() {
				t.Errorf("%v.Key() = %#v, and its key %#v", a, a.Key(), a.Key().Key())
			}
		})
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	tests := []struct {
		image, asked string
		want         bool
	}{
		{"linux/arm64/v8", "linux/arm64", true},
		{"linux/arm64", "linux/arm64/v8", true},
		{"linux/arm/v6", "linux/arm", false},
		{"windows/amd64:10.0.17763.6054", "windows/amd64", true},
		{"windows/amd64:10.0.17763.6054", "windows/amd64:10.0.17763.6054", true},
		{"windows/amd64:10.0.17763.6054", "windows/amd64:10.0.17763", false},
		{"windows/amd64", "windows/amd64:10.0.17763.6054", false},
		{"windows/amd64:10.0.17763.6054", "linux/amd64", false},
	}
	for _, tt := range tests {
		if got := parse(t, tt.image).Matches(parse(t, tt.asked)); got != tt.want {
			t.Errorf("%s matches %s = %t, want %t", tt.image, tt.asked, got, tt.want)
		}
	}
}

func TestFromOCI(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   *v1.Platform
		want platform.Spec
	}{
		{"nothing", nil, platform.Spec{}},
		{"empty, as an artifact's config has it", &v1.Platform{}, platform.Spec{}},
		{"architecture alone", &v1.Platform{Architecture: "amd64"}, platform.Spec{Arch: "amd64"}},
		{"plain", &v1.Platform{OS: "linux", Architecture: "arm64"}, platform.Spec{OS: "linux", Arch: "arm64"}},
		{"variant kept as written", &v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}, platform.Spec{OS: "linux", Arch: "arm64", Variant: "v8"}},
		{"alias", &v1.Platform{OS: "Linux", Architecture: "x86_64"}, platform.Spec{OS: "linux", Arch: "amd64"}},
		{"alias with a variant", &v1.Platform{OS: "linux", Architecture: "armhf", Variant: "v6"}, platform.Spec{OS: "linux", Arch: "arm", Variant: "v6"}},
		{
			"windows",
			&v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.17763.6054", OSFeatures: []string{"win32k"}},
			platform.Spec{OS: "windows", Arch: "amd64", OSVersion: "10.0.17763.6054"},
		},
		{"attestation", &v1.Platform{OS: "unknown", Architecture: "unknown"}, platform.Spec{OS: "unknown", Arch: "unknown"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := platform.FromOCI(tt.in); got != tt.want {
				t.Errorf("FromOCI(%+v) = %#v, want %#v", tt.in, got, tt.want)
			}
		})
	}
}

func TestStringOfZero(t *testing.T) {
	t.Parallel()
	if got := (platform.Spec{}).String(); got != "" {
		t.Errorf("Spec{}.String() = %q, want nothing", got)
	}
	if !(platform.Spec{}).IsZero() || (platform.Spec{OS: "linux"}).IsZero() {
		t.Error("IsZero is wrong")
	}
}

func parse(t *testing.T, s string) platform.Spec {
	t.Helper()
	p, err := platform.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
