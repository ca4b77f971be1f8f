// SPDX-License-Identifier: Apache-2.0

package report

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/inspect"
)

// ComparisonDocument is what polytag inspect A B --json prints. Its fields are in this order; arrays are never null and never
// missing. Digests are written as sha256:HEX, sizes are in bytes.
type ComparisonDocument struct {
	// Schema is the version of this description: 1. It rises when a field goes or changes its meaning. Fields may be added
	// without that.
	Schema int `json:"schema"`
	// Same says that both have the same digest; all below a and b is empty then.
	Same bool         `json:"same"`
	A    ComparedSide `json:"a"`
	B    ComparedSide `json:"b"`
	// Differs says in what the two manifests differ: mediaType, annotations, images, order (of the images that both list), other
	// (entries that are no images), or, if it is none of these, bytes.
	Differs []string `json:"differs"`
	// Annotations of the two manifests that differ, sorted by name.
	Annotations []ComparedAnnotation `json:"annotations"`
	// Images are those of both, by platform, in the order of a; what is only in b comes last.
	Images []ComparedImage `json:"images"`
	// Other are entries that are no images and that only one of the two lists.
	Other []ComparedEntry `json:"other"`
}

// ComparedSide is one of the two references.
type ComparedSide struct {
	// Reference is what was asked for.
	Reference string `json:"reference"`
	Digest    string `json:"digest"`
	MediaType string `json:"mediaType"`
	// Size is that of the manifest.
	Size int64 `json:"size"`
}

// ComparedAnnotation is an annotation that differs. A value is left out where there is none.
type ComparedAnnotation struct {
	Name string  `json:"name"`
	A    *string `json:"a,omitempty"`
	B    *string `json:"b,omitempty"`
}

// ComparedImage is the image of one platform in both.
type ComparedImage struct {
	// Platform is os/arch[/variant][:os.version], as a writes it, else b. Left out if nothing says it.
	Platform string `json:"platform,omitempty"`
	// Status is same, differs, only in a, or only in b.
	Status string `json:"status"`
	// A and B are the digests. Left out where there is none.
	A string `json:"a,omitempty"`
	B string `json:"b,omitempty"`
	// Differs says in what two of status differs do so: digest, mediaType, platform (how it is written, or features),
	// annotations (of the entries in the indexes), attestations (which are listed).
	Differs []string `json:"differs"`
}

// ComparedEntry is an entry that only one of the two has.
type ComparedEntry struct {
	// Status is only in a, or only in b.
	Status string `json:"status"`
	InspectedEntry
}

// Words for a status.
const (
	comparedSame    = "same"
	comparedDiffers = "differs"
	onlyInA         = "only in a"
	onlyInB         = "only in b"
)

// ComparisonJSON gives the [ComparisonDocument], indented, without a newline at its end.
func ComparisonJSON(c inspect.Comparison) ([]byte, error) {
	return encode(comparison(c), "  ")
}

func comparison(c inspect.Comparison) ComparisonDocument {
	d := ComparisonDocument{
		Schema: schema, Same: c.Same(), A: side(c.A), B: side(c.B), Differs: differences(c.Differs),
		Annotations: []ComparedAnnotation{}, Images: []ComparedImage{}, Other: []ComparedEntry{},
	}
	for _, x := range c.Annotations {
		d.Annotations = append(d.Annotations, ComparedAnnotation(x))
	}
	for _, x := range c.Images {
		image := ComparedImage{Platform: x.Platform, Status: comparedSame, Differs: differences(x.Differs)}
		none := v1.Hash{}
		switch {
		case x.B == none:
			image.Status = onlyInA
		case x.A == none:
			image.Status = onlyInB
		case len(x.Differs) > 0:
			image.Status = comparedDiffers
		}
		if x.A != none {
			image.A = digest(x.A)
		}
		if x.B != none {
			image.B = digest(x.B)
		}
		d.Images = append(d.Images, image)
	}
	for _, x := range c.Other {
		entry := ComparedEntry{onlyInA, inspectedEntry(x.Descriptor)}
		if x.InB {
			entry.Status = onlyInB
		}
		d.Other = append(d.Other, entry)
	}
	return d
}

func side(s inspect.Side) ComparedSide {
	return ComparedSide{Reference: s.Reference, Digest: digest(s.Digest), MediaType: string(s.MediaType), Size: s.Size}
}

func differences(in []inspect.Difference) []string {
	out := []string{}
	for _, d := range in {
		out = append(out, string(d))
	}
	return out
}
