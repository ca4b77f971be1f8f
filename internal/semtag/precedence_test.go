// SPDX-License-Identifier: Apache-2.0

package semtag_test

import (
	"regexp"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/polytag/polytag/internal/semtag"
)

func TestCompare(t *testing.T) {
	t.Parallel()

	ascending := []string{
		"", // no version
		"0.0.0-0", "0.0.0", "0.0.1", "0.1.0",
		"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", // semver.org, item 11
		"1.2.3-1", "1.2.3-9", "1.2.3-10",
		"1.2.3-18446744073709551616", "1.2.3-99999999999999999999", "1.2.3-100000000000000000000", // beyond 64 bits
		"1.2.3--", "1.2.3-1a", "1.2.3-A", "1.2.3-a", "1.2.3-a.0", "1.2.3-a.b", "1.2.3-aa",
		"1.2.3-rc.1", "1.2.3-rc.1+b", "1.2.3-rc.2",
		"1.2.3", "1.2.3+0", "1.2.3+00", "1.2.3+0.0", "1.2.3+01", "1.2.3+1", "1.2.3+2", "1.2.3+10", "1.2.3+b", "1.2.3+b.1", "1.2.3+b5",
		"1.9.0", "1.10.0", "2.0.0", "10.0.0", "18446744073709551615.0.0",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := version(t, a).Compare(version(t, b)); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

// Compare is a total order that agrees with == and, where Masterminds sees a difference, with Masterminds.
func FuzzCompare(f *testing.F) {
	f.Add("1.2.3", "1.2.3-rc.1", "1.2.3+b5")
	f.Add("1.2.3+1", "1.2.3+01", "1.2.3+001")
	f.Add("1.2.3-a.1", "1.2.3-a.b", "1.2.3-a")
	f.Add("1.2.3-18446744073709551616", "1.2.3-a", "1.2.3-2")
	f.Add("0.0.0", "", "0.0.0-0")
	// Masterminds compares such an identifier as text.
	huge := regexp.MustCompile(`[0-9]{20}`)
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var vs [3]semtag.Version
		for i, s := range []string{a, b, c} {
			if v, err := semtag.ParseVersion(s); err == nil {
				vs[i] = v
			}
		}
		x, y, z := vs[0], vs[1], vs[2]
		if x.Compare(y) != -y.Compare(x) {
			t.Errorf("Compare(%q, %q) = %d, the other way round %d", x, y, x.Compare(y), y.Compare(x))
		}
		if (x.Compare(y) == 0) != (x == y) {
			t.Errorf("Compare(%q, %q) = %d, == is %v", x, y, x.Compare(y), x == y)
		}
		if x.Compare(y) <= 0 && y.Compare(z) <= 0 && x.Compare(z) > 0 {
			t.Errorf("%q <= %q <= %q, but Compare(%[1]q, %[3]q) = %d", x, y, z, x.Compare(z))
		}
		if x.IsZero() || y.IsZero() || huge.MatchString(x.Prerelease) || huge.MatchString(y.Prerelease) {
			return
		}
		peer := semver.MustParse(x.String()).Compare(semver.MustParse(y.String()))
		if peer != 0 && peer != x.Compare(y) {
			t.Errorf("Compare(%q, %q) = %d, Masterminds says %d", x, y, x.Compare(y), peer)
		}
	})
}
