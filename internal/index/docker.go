// SPDX-License-Identifier: Apache-2.0

package index

import (
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/platform"
)

// What a Docker manifest list cannot hold. Its entries have no annotations either, without which an attestation has no image:
// https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/manifest-v2-2.md#manifest-list-field-descriptions
// The messages begin with the input that is to be changed.
var (
	errAnnotations  = errors.New("annotations: a Docker manifest list has none: set format to oci, or ask for no annotations")
	errAttestations = errors.New("attestations: a Docker manifest list cannot keep them: strip them, or set format to oci")
)

// dockerFaults says what keeps entries out of a Docker manifest list.
func dockerFaults(entries []v1.Descriptor) []error {
	var (
		errs     []error
		attested bool
	)
	for _, d := range entries {
		switch {
		case isAttestation(d):
			attested = true
		case !isDocker(d.MediaType):
			errs = append(errs, fmt.Errorf("format: a Docker manifest list cannot hold %s %s, which is %s: set format to auto or oci",
				platform.FromOCI(d.Platform), d.Digest, d.MediaType))
		}
	}
	if attested {
		errs = append(errs, errAttestations)
	}
	return errs
}
