// SPDX-License-Identifier: Apache-2.0

package semtag_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/polytag/polytag/internal/semtag"
)

// version parses s, or gives no version for the empty string.
func version(tb testing.TB, s string) semtag.Version {
	tb.Helper()
	if s == "" {
		return semtag.Version{}
	}
	v, err := semtag.ParseVersion(s)
	if err != nil {
		tb.Fatal(err)
	}

	return v
}

func TestParseVersion(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		in                  string
		major, minor, patch uint64
		prerelease, build   string
		stable              bool
	}{
		{"0.0.0", 0, 0, 0, "", "", true},
		{"1.2.3", 1, 2, 3, "", "", true},
		{"10.20.30", 10, 20, 30, "", "", true},
		{"2024.1.5", 2024, 1, 5, "", "", true},
		{"18446744073709551615.0.0", 1<<64 - 1, 0, 0, "", "", true},
		{"1.2.3-rc.1", 1, 2, 3, "rc.1", "", false},
		{"1.2.3-0", 1, 2, 3, "0", "", false},
		{"1.2.3-x-y-z.--", 1, 2, 3, "x-y-z.--", "", false},
		{"1.2.3-0a", 1, 2, 3, "0a", "", false},
		{"1.2.3+b5", 1, 2, 3, "", "b5", true},
		{"1.2.3+001.-.x-y", 1, 2, 3, "", "001.-.x-y", true},
		{"1.2.3-rc.1+b5", 1, 2, 3, "rc.1", "b5", false},
	} {
		v, err := semtag.ParseVersion(test.in)
		if err != nil {
			t.Errorf("ParseVersion(%q) = %v, want no error", test.in, err)

			continue
		}
		if v.Major != test.major || v.Minor != test.minor || v.Patch != test.patch || v.Prerelease != test.prerelease || v.Build != test.build {
			t.Errorf("ParseVersion(%q) = %+v", test.in, v)
		}
		if v.IsZero() {
			t.Errorf("ParseVersion(%q).IsZero() = true, want false", test.in)
		}
		if got := v.Stable(); got != test.stable {
			t.Errorf("ParseVersion(%q).Stable() = %v, want %v", test.in, got, test.stable)
		}
		if got := v.String(); got != test.in {
			t.Errorf("ParseVersion(%q).String() = %q", test.in, got)
		}
	}
}

func TestZeroVersion(t *testing.T) {
	t.Parallel()

	var zero semtag.Version
	if !zero.IsZero() || zero.Stable() || zero.String() != "" {
		t.Errorf("zero value: IsZero %v, Stable %v, String %q", zero.IsZero(), zero.Stable(), zero.String())
	}
	if zero == version(t, "0.0.0") {
		t.Error("no version == 0.0.0")
	}
}

func TestParseVersionFaults(t *testing.T) {
	t.Parallel()

	const shape = "it must be MAJOR.MINOR.PATCH"
	for _, test := range []struct{ in, want string }{
		{"", "it is empty"},
		{"1", shape},
		{"1.2", shape},
		{"1.2.3.4", shape},
		{"1..3", shape},
		{"1.2.", shape},
		{"v1.2.3", shape},
		{"V1.2.3", shape},
		{"=1.2.3", shape},
		{"1.2.x", shape},
		{"1.2.3rc1", shape},
		{"1.2.3_4", shape},
		{" 1.2.3", shape},
		{"1.2.3\n", shape},
		{"-1.2.3", shape},
		{"\uff11.2.3", shape}, // a full-width digit
		{"01.2.3", "leading zero"},
		{"2024.01.05", "leading zero"},
		{"1.2.3-01", "leading zero"},
		{"18446744073709551616.0.0", "a number is too large"},
		{"1.2.3-", "the pre-release after the hyphen must be"},
		{"1.2.3-a..b", "the pre-release after the hyphen must be"},
		{"1.2.3-a_b", "the pre-release after the hyphen must be"},
		{"1.2.3+", "the build metadata after the plus sign must be"},
		{"1.2.3+a+b", "the build metadata after the plus sign must be"},
		{"1.2.3-" + strings.Repeat("a", 251), "it is longer than 256 bytes"},
	} {
		v, err := semtag.ParseVersion(test.in)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ParseVersion(%q) = %v, %v, want an error with %q", test.in, v, err, test.want)
		}
		if !v.IsZero() {
			t.Errorf("ParseVersion(%q) = %v beside an error", test.in, v)
		}
	}
}

func TestParseGitTag(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		tag, prefix string
		want        string // the version, or a part of the error
		ok          bool
	}{
		{"v1.2.3", "", "1.2.3", true},
		{"1.2.3", "", "1.2.3", true},
		{"v1.2.3-rc.1+b5", "", "1.2.3-rc.1+b5", true},
		{"app/v1.2.3", "app/", "1.2.3", true},
		{"app/1.2.3", "app/", "1.2.3", true},
		{"app-v1.2.3", "app-", "1.2.3", true},
		{"v1.2.3", "v", "1.2.3", true},
		{"release-1.2.3", "release-", "1.2.3", true},

		{"", "", "it is empty", false},
		{"v", "", "it is empty", false},
		{"v1", "", "MAJOR.MINOR.PATCH", false},
		{"v1.2", "", `parsing version "1.2": it must be MAJOR.MINOR.PATCH`, false},
		{"vv1.2.3", "", "MAJOR.MINOR.PATCH", false},
		{"01.2.3", "", "leading zero", false},
		{"1.2.3.4", "", "MAJOR.MINOR.PATCH", false},
		{"release-1.2.3", "", "MAJOR.MINOR.PATCH", false},
		{"v1.2.3", "app/", `it does not start with the version_prefix "app/"`, false},
		{"App/v1.2.3", "app/", `it does not start with the version_prefix "app/"`, false},
		{"app/", "app/", "it is empty", false},
		{"app/foo", "app/", `parsing git tag "app/foo"`, false},
	} {
		v, err := semtag.ParseGitTag(test.tag, test.prefix)
		switch {
		case test.ok && (err != nil || v.String() != test.want):
			t.Errorf("ParseGitTag(%q, %q) = %v, %v, want %s", test.tag, test.prefix, v, err, test.want)
		case !test.ok && (err == nil || !v.IsZero()):
			t.Errorf("ParseGitTag(%q, %q) = %v, %v, want an error", test.tag, test.prefix, v, err)
		case !test.ok && (!strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "literal in `tags`")):
			t.Errorf("ParseGitTag(%q, %q) = %v, want %q and the way out", test.tag, test.prefix, err, test.want)
		}
	}
}

// A version is taken exactly if Masterminds takes it, and is printed as it was read.
func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"", "0.0.0", "1.2.3", "1.2.3-rc.1+b5", "v1.2.3", "01.2.3", "1.2.3-01", "1.2.3+01", "1.2", "1.2.3.4", "1.2.3-", "18446744073709551616.0.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := semtag.ParseVersion(s)
		peer, peerErr := semver.StrictNewVersion(s)
		if (err == nil) != (peerErr == nil) {
			t.Fatalf("ParseVersion(%q) = %v, Masterminds says %v", s, err, peerErr)
		}
		if err != nil {
			return
		}
		if v.String() != s || peer.String() != s {
			t.Errorf("ParseVersion(%q).String() = %q, Masterminds says %q", s, v, peer)
		}
		if v.IsZero() || v.Stable() != (peer.Prerelease() == "") {
			t.Errorf("ParseVersion(%q): IsZero %v, Stable %v", s, v.IsZero(), v.Stable())
		}
		if again, err := semtag.ParseVersion(v.String()); err != nil || again != v {
			t.Errorf("ParseVersion(%q) twice = %v, %v", s, again, err)
		}
	})
}

// A git tag is the prefix, at most one v, and the version.
func FuzzParseGitTag(f *testing.F) {
	f.Add("v1.2.3", "")
	f.Add("1.2.3+b", "")
	f.Add("app/v1.2.3-rc.1", "app/")
	f.Add("vv1.2.3", "v")
	f.Add("v1.2", "v")
	f.Add("v", "v")
	f.Fuzz(func(t *testing.T, tag, prefix string) {
		v, err := semtag.ParseGitTag(tag, prefix)
		if err == nil {
			if tag != prefix+v.String() && tag != prefix+"v"+v.String() {
				t.Errorf("ParseGitTag(%q, %q) = %v", tag, prefix, v)
			}

			return
		}
		rest, ok := strings.CutPrefix(tag, prefix)
		if _, err := semver.StrictNewVersion(strings.TrimPrefix(rest, "v")); ok && err == nil {
			t.Errorf("ParseGitTag(%q, %q) refuses a version", tag, prefix)
		}
	})
}
