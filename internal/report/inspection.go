// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/inspect"
	"github.com/polytag/polytag/internal/platform"
)

// InspectionDocument is what polytag inspect --json prints. Its fields are in this order; arrays are never null and never
// missing. Digests are written as sha256:HEX, sizes are in bytes.
type InspectionDocument struct {
	// Schema is the version of this description: 1. It rises when a field goes or changes its meaning. Fields may be added
	// without that.
	Schema int `json:"schema"`
	// Reference is what was asked for.
	Reference string `json:"reference"`
	Digest    string `json:"digest"`
	MediaType string `json:"mediaType"`
	// Size is that of the manifest.
	Size int64 `json:"size"`
	// Annotations are those of the manifest, sorted by name. Left out if there are none.
	Annotations map[string]string `json:"annotations,omitempty"`
	// Images are in the order of the index; a single image is the only one.
	Images []InspectedImage `json:"images"`
	// Other are entries that are no images: artifacts, and attestations of images that are not listed.
	Other []InspectedEntry `json:"other"`
	// Referrers refer to the index. Those of a single image are with the image.
	Referrers []InspectedReferrer `json:"referrers"`
}

// InspectedImage is one image.
type InspectedImage struct {
	// Platform is os/arch[/variant][:os.version]. Left out if nothing says it.
	Platform string `json:"platform,omitempty"`
	Digest   string `json:"digest"`
	// Size is that of the image's manifest.
	Size int64 `json:"size"`
	// Layers is how many there are.
	Layers int `json:"layers"`
	// LayersSize is that of all layers as they are stored, compressed: what a pull of the image loads.
	LayersSize   int64                  `json:"layersSize"`
	Attestations []InspectedAttestation `json:"attestations"`
	Referrers    []InspectedReferrer    `json:"referrers"`
}

// InspectedAttestation is a manifest that holds statements about an image.
type InspectedAttestation struct {
	Digest string `json:"digest"`
	// Kinds are the predicate types of its statements: https://slsa.dev/provenance/v1.
	Kinds []string `json:"kinds"`
}

// InspectedEntry is an entry of an index that is no image.
type InspectedEntry struct {
	Platform string `json:"platform,omitempty"`
	Digest   string `json:"digest"`
	// MediaType is that of the manifest.
	MediaType string `json:"mediaType"`
	// ArtifactType says what it is, as the index has it. Left out if it does not say.
	ArtifactType string `json:"artifactType,omitempty"`
	// Size is that of the manifest.
	Size int64 `json:"size"`
}

// InspectionJSON gives the [InspectionDocument], indented, without a newline at its end.
func InspectionJSON(i inspect.Inspection) ([]byte, error) {
	return encode(inspection(i), "  ")
}

func inspection(i inspect.Inspection) InspectionDocument {
	d := InspectionDocument{
		Schema:      schema,
		Reference:   i.Reference,
		Digest:      digest(i.Digest),
		MediaType:   string(i.MediaType),
		Size:        i.Size,
		Annotations: i.Annotations,
		Images:      []InspectedImage{},
		Other:       []InspectedEntry{},
		Referrers:   inspectedReferrers(i.Referrers),
	}
	for _, x := range i.Images {
		image := InspectedImage{
			Platform: x.Platform, Digest: digest(x.Digest), Size: x.Size,
			Layers: x.Layers, LayersSize: x.LayersSize, Attestations: []InspectedAttestation{},
			Referrers: inspectedReferrers(x.Referrers),
		}
		for _, a := range x.Attestations {
			image.Attestations = append(image.Attestations, InspectedAttestation{digest(a.Digest), append([]string{}, a.Kinds...)})
		}
		d.Images = append(d.Images, image)
	}
	for _, x := range i.Other {
		d.Other = append(d.Other, inspectedEntry(x))
	}
	return d
}

func inspectedEntry(d v1.Descriptor) InspectedEntry {
	return InspectedEntry{
		Platform: platform.FromOCI(d.Platform).String(), Digest: digest(d.Digest),
		MediaType: string(d.MediaType), ArtifactType: d.ArtifactType, Size: d.Size,
	}
}

// WriteInspection writes what a reference leads to for a person at a terminal. The digest of the reference is whole, so that it
// can be copied. Errors of w are the caller's to find.
func WriteInspection(w io.Writer, i inspect.Inspection) {
	d := inspection(i)
	fmt.Fprintf(w, "%s\n%s\n%s, %s\n", oneLine(d.Reference), d.Digest, oneLine(kind(d.MediaType)), size(d.Size))
	for _, key := range slices.Sorted(maps.Keys(d.Annotations)) {
		fmt.Fprintf(w, "%s=%s\n", oneLine(key), oneLine(d.Annotations[key]))
	}
	if len(d.Images) > 0 {
		t := table{}
		t.add("PLATFORM", "DIGEST", "SIZE", "LAYERS", "ATTESTATIONS")
		for _, x := range d.Images {
			t.add(cmp.Or(x.Platform, "-"), short(x.Digest), size(x.LayersSize), strconv.Itoa(x.Layers), statements(x.Attestations))
		}
		fmt.Fprintln(w)
		t.write(w, false)
	}
	if len(d.Other) > 0 {
		t := table{}
		t.add("OTHER", "DIGEST", "MANIFEST")
		for _, x := range d.Other {
			t.add(cmp.Or(x.ArtifactType, x.MediaType), short(x.Digest), size(x.Size))
		}
		fmt.Fprintln(w)
		t.write(w, false)
	}
	writeReferrers(w, d)
}

// statements names what is attested, each kind once, without the https:// that all of them share.
func statements(attestations []InspectedAttestation) string {
	var kinds []string
	for _, a := range attestations {
		for _, k := range a.Kinds {
			if k = strings.TrimPrefix(k, "https://"); !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
		if len(a.Kinds) == 0 {
			kinds = append(kinds, "unknown")
		}
	}
	return cmp.Or(strings.Join(kinds, ", "), "-")
}
