// SPDX-License-Identifier: Apache-2.0

package index

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/platform"
)

// DuplicateError says that two images are for the same platform, so that it would be chance which of them a client gets.
type DuplicateError struct {
	Platform platform.Spec // as the first of them has it
	A, B     v1.Descriptor // the same in every run; equal digests if one image was given twice
}

// Error implements error.
func (e *DuplicateError) Error() string {
	if e.A.Digest == e.B.Digest {
		return fmt.Sprintf("%s is given twice, as %s", e.Platform, e.A.Digest)
	}
	return fmt.Sprintf("two images are for %s: %s and %s", e.Platform, e.A.Digest, e.B.Digest)
}

// New lists images in the order of [platform.Compare], and after them their attestations. An entry has the media type, size,
// digest and platform of the child's descriptor, and in an OCI index its annotations.
//
// It is an error if there is no child, if one has no platform, is not an image or has an attestation of another, if the format
// asked for cannot hold what is to be in it, and if the index would have more than [MaxSize] bytes. For each platform that is
// there twice the error holds a [*DuplicateError].
func New(children []Child, o Options) (Index, error) {
	x, err := build(children, o)
	if err != nil {
		return Index{}, fmt.Errorf("building index: %w", err)
	}
	return x, nil
}

func build(children []Child, o Options) (Index, error) {
	if len(children) == 0 {
		return Index{}, errors.New("there is no image to list")
	}
	if err := checkChildren(children); err != nil {
		return Index{}, err
	}
	children = slices.Clone(children)
	slices.SortFunc(children, func(a, b Child) int {
		if c := platform.Compare(a.spec(), b.spec()); c != 0 {
			return c
		}
		return strings.Compare(a.Descriptor.Digest.String(), b.Descriptor.Digest.String())
	})
	if err := findDuplicates(children); err != nil {
		return Index{}, err
	}
	entries := list(children, o.StripAttestations)
	mediaType, err := o.mediaType(entries)
	if err != nil {
		return Index{}, err
	}
	if mediaType == types.DockerManifestList {
		for i := range entries {
			entries[i].Annotations = nil
		}
	}
	raw, err := encode(v1.IndexManifest{SchemaVersion: 2, MediaType: mediaType, Manifests: entries, Annotations: o.Annotations})
	if err != nil {
		return Index{}, err
	}
	return seal(raw)
}

func (c Child) spec() platform.Spec {
	return platform.FromOCI(c.Descriptor.Platform)
}

func checkChildren(children []Child) error {
	var errs []error
	for _, c := range children {
		p := c.Descriptor.Platform
		switch {
		case p == nil, p.OS == "", p.Architecture == "", isUnknown(p):
			errs = append(errs, fmt.Errorf("the platform of %s is not known", c.Descriptor.Digest))
		case !isRunnable(c.Descriptor):
			errs = append(errs, fmt.Errorf("%s (%s, %s) is not an image", c.Descriptor.Digest, c.spec(), c.Descriptor.MediaType))
		}
		for _, a := range c.Attestations {
			if !isAttestation(a) || a.Annotations[referenceDigest] != c.Descriptor.Digest.String() {
				errs = append(errs, fmt.Errorf("%s is not an attestation of %s (%s)", a.Digest, c.Descriptor.Digest, c.spec()))
			}
		}
	}
	return errors.Join(errs...)
}

// findDuplicates needs sorted children.
func findDuplicates(children []Child) error {
	var errs []error
	for i := 1; i < len(children); i++ {
		a, b := children[i-1], children[i]
		if a.spec().Key() == b.spec().Key() {
			errs = append(errs, &DuplicateError{Platform: a.spec(), A: a.Descriptor, B: b.Descriptor})
		}
	}
	return errors.Join(errs...)
}

// list gives the entries. Two platforms may share one image, and then its attestations, which are listed once.
func list(children []Child, strip bool) []v1.Descriptor {
	var images, attestations []v1.Descriptor
	listed := make(map[v1.Hash]bool)
	for _, c := range children {
		d := c.Descriptor
		images = append(images, v1.Descriptor{MediaType: d.MediaType, Size: d.Size, Digest: d.Digest, Platform: d.Platform, Annotations: d.Annotations})
		for _, a := range c.Attestations {
			if !strip && !listed[a.Digest] {
				listed[a.Digest] = true
				attestations = append(attestations, a)
			}
		}
	}
	return append(images, attestations...)
}

// mediaType settles the format, and says why what was asked for cannot be.
func (o Options) mediaType(entries []v1.Descriptor) (types.MediaType, error) {
	faults := dockerFaults(entries)
	if o.Format == OCI || o.Format == Auto && len(faults) > 0 {
		return types.OCIImageIndex, nil
	}
	if len(o.Annotations) > 0 {
		faults = append(faults, errAnnotations)
	}
	return types.DockerManifestList, errors.Join(faults...)
}
