// SPDX-License-Identifier: Apache-2.0

package platform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

const form = "os/arch[/variant][:os.version]"

var (
	variantGrammar   = pattern.Lazy(`^[a-z0-9][a-z0-9._]*$`)
	osVersionGrammar = pattern.Lazy(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

	// joinedArch is an architecture and a variant in one word, as uname (armv7l) and Docker's official images (arm32v7,
	// arm64v8) write them.
	joinedArch = pattern.Lazy(`^arm(64|32)?(v[5-9])[a-z]*$`)
)

// Parse reads os/arch[/variant][:os.version], such as linux/arm64/v8 or windows/amd64:10.0.17763.6054, in any case. Unlike a
// client's parser it guesses nothing: the operating system must be given, and both it and the architecture must be known to
// Go. Its errors name the part that is wrong and say what would be right.
func Parse(s string) (Spec, error) {
	spec, err := parse(s)
	if err != nil {
		return Spec{}, fmt.Errorf("parsing platform %q: %w", s, err)
	}
	return spec, nil
}

// ParseList reads each item with [Parse], and reports all faults joined. Two items that name the same platform, be it in
// different spellings, are one of them.
func ParseList(items []string) ([]Spec, error) {
	var (
		specs []Spec
		errs  []error
		seen  = make(map[Spec]string, len(items))
	)
	for _, item := range items {
		spec, err := Parse(item)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if first, ok := seen[spec.Key()]; ok {
			errs = append(errs, fmt.Errorf("platforms %q and %q are the same: name it once", first, item))
			continue
		}
		seen[spec.Key()] = item
		specs = append(specs, spec)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return specs, nil
}

func parse(s string) (Spec, error) {
	name, osVersion, hasVersion := strings.Cut(s, ":")
	parts := strings.Split(name, "/")
	if len(parts) > 3 {
		return Spec{}, fmt.Errorf("%d parts are too many: write %s", len(parts), form)
	}
	if err := checkOS(parts[0], s); err != nil {
		return Spec{}, err
	}
	if len(parts) < 2 {
		return Spec{}, fmt.Errorf("no architecture is given: write %s/amd64 or another", parts[0])
	}
	if err := checkArch(parts); err != nil {
		return Spec{}, err
	}
	spec := Spec{OS: parts[0], Arch: parts[1], OSVersion: osVersion}
	if len(parts) == 3 {
		spec.Variant = parts[2]
		if !variantGrammar().MatchString(strings.ToLower(spec.Variant)) {
			return Spec{}, fmt.Errorf("%q is no variant: it may have letters, digits, '.' and '_', such as v7", spec.Variant)
		}
	}
	if hasVersion && !osVersionGrammar().MatchString(osVersion) {
		return Spec{}, fmt.Errorf("%q is no os.version: write one such as 10.0.17763.6054 after the colon", osVersion)
	}
	return resolve(spec), nil
}

// checkOS takes the whole platform too, to say how it should have been written.
func checkOS(os, whole string) error {
	switch r := resolve(Spec{OS: os, Arch: os}); {
	case knownOS[r.OS]:
		return nil
	case r.OS == "unknown":
		return errors.New("unknown/unknown marks an attestation and is no platform: leave it out")
	case knownArch[r.Arch]:
		return fmt.Errorf("no operating system is given: write linux/%s", whole)
	case os == "":
		return fmt.Errorf("no operating system is given: write %s", form)
	default:
		return fmt.Errorf("unknown operating system %q: write %s, the system as in GOOS (linux, windows)", os, form)
	}
}

// checkArch looks at the second of the parts.
func checkArch(parts []string) error {
	os, arch := parts[0], parts[1]
	r := resolve(Spec{OS: os, Arch: arch})
	if knownArch[r.Arch] {
		return nil
	}
	if arch == "" {
		return fmt.Errorf("no architecture is given: write %s/amd64 or another", os)
	}
	if m := joinedArch().FindStringSubmatch(r.Arch); m != nil {
		return fmt.Errorf("unknown architecture %q: write %s/arm%s/%s", arch, os, strings.TrimPrefix(m[1], "32"), m[2])
	}
	return fmt.Errorf("unknown architecture %q: write it as in GOARCH (amd64, arm64, arm, 386, ppc64le, riscv64, s390x)", arch)
}
