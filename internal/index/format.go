// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Format is the kind of index to make.
type Format int

// The formats. Auto, the zero value, is a Docker manifest list if every image is a Docker image and no attestation is kept,
// else an OCI index; a promoted index keeps the format that it has.
const (
	Auto Format = iota
	OCI
	Docker
)

// ParseFormat reads auto, oci or docker, in lower case.
func ParseFormat(s string) (Format, error) {
	for _, f := range []Format{Auto, OCI, Docker} {
		if s == f.String() {
			return f, nil
		}
	}
	return Auto, fmt.Errorf("parsing format %q: write auto, oci or docker", s)
}

// String gives the word that [ParseFormat] reads.
func (f Format) String() string {
	switch f {
	case Auto:
		return "auto"
	case OCI:
		return "oci"
	case Docker:
		return "docker"
	default:
		return fmt.Sprintf("Format(%d)", int(f))
	}
}

// IsIndex reports whether a manifest of this media type is an index: an OCI image index or a Docker manifest list.
func IsIndex(mt types.MediaType) bool {
	return mt.IsIndex()
}

// IsImage reports whether a manifest of this media type is an image's: that of OCI, or Docker's schema 2. OCI artifacts and
// attestations have it too.
func IsImage(mt types.MediaType) bool {
	return mt.IsImage()
}

func isDocker(mt types.MediaType) bool {
	return mt == types.DockerManifestList || mt == types.DockerManifestSchema2
}
