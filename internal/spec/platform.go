// SPDX-License-Identifier: Apache-2.0

package spec

import (
	"errors"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/internal/platform"
)

func (r *reader) platform(n *yaml.Node) v1.Platform {
	var p v1.Platform
	seen := map[string]string{} // a key by the one that it is another spelling of
	fields, _ := r.fields(n)
	for _, f := range fields {
		switch f.key {
		case "os":
			p.OS = r.text(f.value)
		case "architecture":
			p.Architecture = r.text(f.value)
		case "variant":
			p.Variant = r.text(f.value)
		case "osversion", "os.version":
			r.once(seen, "os.version", f)
			p.OSVersion = r.text(f.value)
		case "osfeatures", "os.features":
			r.once(seen, "os.features", f)
			p.OSFeatures = r.features(f.value)
		case "features":
			r.warn(f.name, "features is ignored: it is reserved in the OCI specification, and manifest-tool ignores it since version 2")
		default:
			r.unknown(f, "os, architecture, variant, osversion, os.version, osfeatures, os.features, features")
		}
	}
	if err := check(p); err != nil {
		r.fault(n, "%v", err)
	}
	return p
}

// once faults a key whose other spelling was there before.
func (r *reader) once(seen map[string]string, meaning string, f field) {
	if other, ok := seen[meaning]; ok {
		r.fault(f.name, "key %q means the same as %q: give one of them", f.key, other)
	}
	seen[meaning] = f.key
}

// check looks at what was given. Where the file leaves system and architecture to the image, the rest is looked at beside others.
func check(p v1.Platform) error {
	for _, part := range []string{p.OS, p.Architecture, p.Variant, p.OSVersion} {
		if strings.ContainsAny(part, "/:") {
			return fmt.Errorf("%q has a separator in it: give os, architecture, variant and os.version apart", part)
		}
	}
	switch {
	case p.OS == "" && p.Architecture == "" && p.Variant == "" && p.OSVersion == "":
		return nil
	case p.OS == "" && p.Architecture == "":
		p.OS, p.Architecture = "linux", "arm64"
	case p.OS == "":
		return errors.New("os is missing: give os and architecture, or neither")
	case p.Architecture == "":
		return errors.New("architecture is missing: give os and architecture, or neither")
	}
	written := platform.Spec{OS: p.OS, Arch: p.Architecture, Variant: p.Variant, OSVersion: p.OSVersion}
	_, err := platform.Parse(written.String())
	return errors.Unwrap(err) // without the platform, of which the file may have said a part only
}
