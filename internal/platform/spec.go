// SPDX-License-Identifier: Apache-2.0

// Package platform holds what polytag knows about platforms: how one is written (os/arch[/variant][:os.version]), which two are
// the same, in which order an index lists them, and how the temporary tag of a platform is named.
//
// Aliases and the normal form are those of containerd, so that polytag calls two platforms the same exactly where the clients
// that will pull the image do. The package is pure: it neither reads nor writes anything.
package platform

import (
	"strings"

	"github.com/containerd/platforms"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Spec names a platform as it was written, but in lower case and with the aliases of operating systems and architectures
// resolved: aarch64 is arm64, x86_64 is amd64, armhf is arm/v7. It is comparable; two spellings of one platform differ, and
// have equal [Spec.Key] values.
type Spec struct {
	OS        string // as in GOOS
	Arch      string // as in GOARCH
	Variant   string // of the architecture: v7, v8; may be empty
	OSVersion string // of Windows: 10.0.17763.6054; may be empty. Keeps its case
}

// FromOCI gives the platform of a descriptor or an image's config. It checks nothing: an image may say what it likes. Features
// are left out, since they do not tell two platforms apart. The Spec of nil is zero.
func FromOCI(p *v1.Platform) Spec {
	if p == nil {
		return Spec{}
	}
	return resolve(Spec{OS: p.OS, Arch: p.Architecture, Variant: p.Variant, OSVersion: p.OSVersion})
}

// String writes the platform as [Parse] reads it. The zero Spec is the empty string.
func (s Spec) String() string {
	if s.IsZero() {
		return ""
	}
	var b strings.Builder
	b.WriteString(s.OS + "/" + s.Arch)
	if s.Variant != "" {
		b.WriteString("/" + s.Variant)
	}
	if s.OSVersion != "" {
		b.WriteString(":" + s.OSVersion)
	}
	return b.String()
}

// IsZero reports whether nothing is known of the platform.
func (s Spec) IsZero() bool {
	return s == Spec{}
}

// Key gives the normal form, in which all spellings of one platform are equal: arm64/v8 is arm64, arm is arm/v7, amd64/v1 is
// amd64. It is for comparing and for use as a map key, not for showing.
func (s Spec) Key() Spec {
	n := normalize(s)
	return Spec{OS: n.OS, Arch: n.Architecture, Variant: n.Variant, OSVersion: s.OSVersion}
}

// Matches reports whether an image of platform s is what was asked for by want. A want without OSVersion accepts every
// OSVersion, one with an OSVersion that very one.
func (s Spec) Matches(want Spec) bool {
	if want.OSVersion == "" {
		s.OSVersion = ""
	}
	return s.Key() == want.Key()
}

// resolve replaces aliases and leaves everything else as it is written. A variant that is part of an alias gives way to one
// that stands beside it: Raspbian's armhf is arm/v6.
func resolve(s Spec) Spec {
	s.OS, s.Arch, s.Variant = strings.ToLower(s.OS), strings.ToLower(s.Arch), strings.ToLower(s.Variant)
	n := normalize(Spec{OS: s.OS, Arch: s.Arch})
	s.OS = n.OS
	if n.Architecture != s.Arch {
		s.Arch = n.Architecture
		if s.Variant == "" {
			s.Variant = n.Variant
		}
	}
	return s
}

// normalize asks containerd, which takes the machine it runs on where the operating system is not given.
func normalize(s Spec) platforms.Platform {
	n := platforms.Normalize(platforms.Platform{OS: s.OS, Architecture: s.Arch, Variant: s.Variant})
	if s.OS == "" {
		n.OS = ""
	}
	return n
}
