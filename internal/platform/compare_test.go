// SPDX-License-Identifier: Apache-2.0

package platform_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/platform"
)

func TestCompareOrder(t *testing.T) {
	t.Parallel()
	want := []string{
		"linux/amd64",
		"linux/amd64/v2",
		"linux/amd64/v3",
		"linux/386",
		"linux/arm/v5",
		"linux/arm/v6",
		"linux/arm",
		"linux/arm/v8",
		"linux/arm64/v8",
		"linux/arm64/v8.2",
		"linux/arm64/v8.10",
		"linux/arm64/v9",
		"linux/ppc64le",
		"linux/ppc64le/power9",
		"linux/riscv64",
		"linux/s390x",
		"darwin/amd64",
		"darwin/arm64",
		"windows/amd64",
		"windows/amd64:10.0.9",
		"windows/amd64:10.0.14393.2068",
		"windows/amd64:10.0.17763",
		"windows/amd64:10.0.17763.999",
		"windows/amd64:10.0.17763.6054",
		"windows/amd64:10.0.020348",
		"windows/amd64:10.0.20348",
		"windows/amd64:10.0.beta",
		"windows/arm64",
	}
	specs, err := platform.ParseList(want)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(specs)
	slices.SortFunc(specs, platform.Compare)
	var got []string
	for _, s := range specs {
		got = append(got, s.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("v7", "10.0.1", "7", "10.0.01", "v10", "10.0.x")
	f.Add("", "", "v1", "2", "v8", "1.")
	f.Add("v2", "10", "v10", "1a", "v1a", "2")
	f.Fuzz(func(t *testing.T, variant1, version1, variant2, version2, variant3, version3 string) {
		for _, arch := range []string{"amd64", "arm", "arm64"} {
			a := platform.Spec{OS: "linux", Arch: arch, Variant: variant1, OSVersion: version1}
			b := platform.Spec{OS: "linux", Arch: arch, Variant: variant2, OSVersion: version2}
			c := platform.Spec{OS: "linux", Arch: arch, Variant: variant3, OSVersion: version3}
			if (platform.Compare(a, b) == 0) != (a.Key() == b.Key()) {
				t.Errorf("Compare(%#v, %#v) = %d, but the keys are %#v and %#v", a, b, platform.Compare(a, b), a.Key(), b.Key())
			}
			if platform.Compare(a, b) != -platform.Compare(b, a) {
				t.Errorf("Compare(%#v, %#v) is not antisymmetric", a, b)
			}
			if platform.Compare(a, b) <= 0 && platform.Compare(b, c) <= 0 && platform.Compare(a, c) > 0 {
				t.Errorf("Compare is not transitive: %#v, %#v, %#v", a, b, c)
			}
		}
	})
}
