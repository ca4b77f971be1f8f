// SPDX-License-Identifier: Apache-2.0

package platform_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/platform"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want platform.Spec
	}{
		{"linux/amd64", platform.Spec{OS: "linux", Arch: "amd64"}},
		{"linux/arm64/v8", platform.Spec{OS: "linux", Arch: "arm64", Variant: "v8"}},
		{"linux/arm", platform.Spec{OS: "linux", Arch: "arm"}},
		{"linux/arm/7", platform.Spec{OS: "linux", Arch: "arm", Variant: "7"}},
		{"Linux/ARM/V7", platform.Spec{OS: "linux", Arch: "arm", Variant: "v7"}},
		{"linux/aarch64", platform.Spec{OS: "linux", Arch: "arm64"}},
		{"linux/x86-64/v3", platform.Spec{OS: "linux", Arch: "amd64", Variant: "v3"}},
		{"linux/armhf", platform.Spec{OS: "linux", Arch: "arm", Variant: "v7"}},
		{"linux/armel", platform.Spec{OS: "linux", Arch: "arm", Variant: "v6"}},
		{"linux/armhf/v6", platform.Spec{OS: "linux", Arch: "arm", Variant: "v6"}},
		{"linux/i386", platform.Spec{OS: "linux", Arch: "386"}},
		{"linux/arm64/v8.2", platform.Spec{OS: "linux", Arch: "arm64", Variant: "v8.2"}},
		{"wasi/wasm", platform.Spec{OS: "wasi", Arch: "wasm"}},
		{"wasip1/wasm", platform.Spec{OS: "wasip1", Arch: "wasm"}},
		{"macos/arm64", platform.Spec{OS: "darwin", Arch: "arm64"}},
		{"windows/amd64:10.0.17763.6054", platform.Spec{OS: "windows", Arch: "amd64", OSVersion: "10.0.17763.6054"}},
		{"freebsd/amd64:14.1-RELEASE", platform.Spec{OS: "freebsd", Arch: "amd64", OSVersion: "14.1-RELEASE"}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, tt.in); got != tt.want {
				t.Errorf("Parse(%q) = %#v, want %#v", tt.in, got, tt.want)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"", "no operating system is given: write os/arch[/variant][:os.version]"},
		{"/amd64", "no operating system is given"},
		{"linux", "no architecture is given: write linux/amd64"},
		{"linux/", "no architecture is given: write linux/amd64"},
		{"linux/ ", "unknown architecture"},
		{" linux/amd64", "unknown operating system"},
		{"arm64", "no operating system is given: write linux/arm64"},
		{"arm64/v8", "no operating system is given: write linux/arm64/v8"},
		{"aarch64", "no operating system is given: write linux/aarch64"},
		{"linux/armv7", "write linux/arm/v7"},
		{"linux/armv7l", "write linux/arm/v7"},
		{"linux/arm32v6", "write linux/arm/v6"},
		{"linux/arm64v8", "write linux/arm64/v8"},
		{"linux/x64", `unknown architecture "x64": write it as in GOARCH`},
		{"lunix/amd64", `unknown operating system "lunix"`},
		{"windows(10.0.17763)/amd64", `unknown operating system "windows(10.0.17763)": write os/arch[/variant][:os.version]`},
		{"unknown/unknown", "marks an attestation"},
		{"linux/unknown", "unknown architecture"},
		{"linux/arm/", `"" is no variant`},
		{"linux/arm/v7!", `"v7!" is no variant`},
		{"linux/arm/v-7", `"v-7" is no variant`},
		{"linux/arm/v7/8", "4 parts are too many"},
		{"windows/amd64:", `"" is no os.version`},
		{"windows/amd64:10.0:1", `"10.0:1" is no os.version`},
		{"windows/amd64:10/0", `"10/0" is no os.version`},
		{"*", "unknown operating system"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := platform.Parse(tt.in)
			if err == nil {
				t.Fatalf("Parse(%q) = %#v, want an error", tt.in, got)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%q): %v, want %q in it", tt.in, err, tt.want)
			}
		})
	}
}

func TestParseList(t *testing.T) {
	t.Parallel()
	got, err := platform.ParseList([]string{"linux/arm64/v8", "linux/amd64", "windows/amd64", "windows/amd64:10.0.17763.6054"})
	if err != nil {
		t.Fatal(err)
	}
	want := []platform.Spec{
		{OS: "linux", Arch: "arm64", Variant: "v8"},
		{OS: "linux", Arch: "amd64"},
		{OS: "windows", Arch: "amd64"},
		{OS: "windows", Arch: "amd64", OSVersion: "10.0.17763.6054"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseList keeps the order and the spelling (-want +got):\n%s", diff)
	}
}

func TestParseListJoinsFaults(t *testing.T) {
	t.Parallel()
	got, err := platform.ParseList([]string{"linux/arm64", "arm/v7", "linux/amd64", "linux/arm64/v8", "linux/x64"})
	if err == nil {
		t.Fatalf("ParseList = %v, want an error", got)
	}
	want := []string{
		`parsing platform "arm/v7": no operating system is given: write linux/arm/v7`,
		`platforms "linux/arm64" and "linux/arm64/v8" are the same: name it once`,
		`parsing platform "linux/x64": unknown architecture "x64": write it as in GOARCH (amd64, arm64, arm, 386, ppc64le, riscv64, s390x)`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"linux/amd64", "linux/arm64/v8", "Linux/armhf", "windows/amd64:10.0.17763.6054", "arm64/v8", "unknown/unknown", "a/b/c/d", "linux/arm/v7:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := platform.Parse(s)
		if err != nil {
			return
		}
		got, err := platform.Parse(want.String())
		if err != nil {
			t.Fatalf("Parse(%q) = %#v, which prints as %q, which has an error: %v", s, want, want.String(), err)
		}
		if got != want {
			t.Errorf("Parse(%q) = %#v, and printed and parsed again %#v", s, want, got)
		}
		if !got.Matches(want) || !got.Key().Matches(want) {
			t.Errorf("%v does not match itself", want)
		}
	})
}
