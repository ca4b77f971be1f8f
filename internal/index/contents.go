// SPDX-License-Identifier: Apache-2.0

package index

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Annotations of an index entry that tie BuildKit's attestations to their image:
// https://github.com/moby/buildkit/blob/v0.25.0/docs/attestations/attestation-storage.md#attestation-manifest-descriptor
const (
	referenceDigest     = "vnd.docker.reference.digest"
	referenceType       = "vnd.docker.reference.type"
	attestationManifest = "attestation-manifest"
)

// Contents is what an index lists, sorted out. The slices are in the order in which the index lists their entries.
type Contents struct {
	MediaType   types.MediaType // OCI index if the document does not say
	Annotations map[string]string
	Children    []Child
	Nested      []v1.Descriptor // entries that are themselves indexes, whatever their platform
	Other       []v1.Descriptor // attestations whose image is not listed, and artifacts
}

// Child is one runnable image of an index, with the attestations that belong to it.
type Child struct {
	// Descriptor has the platform as the index gives it. Some tools write none, or an empty one: then only the image's
	// config knows, and it must be filled in before [New].
	Descriptor   v1.Descriptor
	Attestations []v1.Descriptor
}

// Parse reads an OCI image index or a Docker manifest list of at most [MaxSize] bytes. It says what is listed, and does not
// judge it: there may be no image at all, or two for one platform.
func Parse(raw []byte) (Contents, error) {
	d, err := parseDocument(raw)
	if err != nil {
		return Contents{}, fmt.Errorf("parsing index: %w", err)
	}
	return d.contents(), nil
}

func (d *document) contents() Contents {
	c := Contents{MediaType: d.mediaType, Annotations: d.annotations}
	childOf := make(map[string]int)
	for _, e := range d.entries {
		switch digest := e.desc.Digest.String(); {
		case IsIndex(e.desc.MediaType):
			c.Nested = append(c.Nested, e.desc)
		case isRunnable(e.desc):
			if _, ok := childOf[digest]; !ok {
				childOf[digest] = len(c.Children)
			}
			c.Children = append(c.Children, Child{Descriptor: e.desc})
		}
	}
	for _, e := range d.entries {
		if IsIndex(e.desc.MediaType) || isRunnable(e.desc) {
			continue
		}
		i, ok := childOf[e.desc.Annotations[referenceDigest]]
		if !ok || !isAttestation(e.desc) {
			c.Other = append(c.Other, e.desc)
			continue
		}
		c.Children[i].Attestations = append(c.Children[i].Attestations, e.desc)
	}
	return c
}

func isAttestation(d v1.Descriptor) bool {
	return d.Annotations[referenceType] == attestationManifest
}

// isRunnable tells an image from an artifact, which has the same media type, by what its entry says. An artifactType proves
// nothing where a platform stands beside it: some tools write it for images.
func isRunnable(d v1.Descriptor) bool {
	switch {
	case !IsImage(d.MediaType), isAttestation(d), isUnknown(d.Platform):
		return false
	case d.Platform != nil, d.ArtifactType == "":
		return true
	default:
		return types.MediaType(d.ArtifactType).IsConfig()
	}
}

// isUnknown finds the platform that BuildKit gives to what is none, so that no client runs it.
func isUnknown(p *v1.Platform) bool {
	return p != nil && p.OS == "unknown" && p.Architecture == "unknown"
}
