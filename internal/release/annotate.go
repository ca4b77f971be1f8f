// SPDX-License-Identifier: Apache-2.0

package release

import (
	"maps"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
)

// The annotations that polytag adds to an OCI index that it builds. GHCR links
// a package to its repository by the one for the source.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
const (
	annotationVersion  = "org.opencontainers.image.version"
	annotationRevision = "org.opencontainers.image.revision"
	annotationSource   = "org.opencontainers.image.source"
)

// annotate completes the options of an index with the annotations that follow
// from its images. Only what does not differ between two runs is added; an
// annotation that the user asked for is never changed. A Docker list holds no
// annotations, so it gets none.
func annotate(req Request, children []index.Child, images []Image) (index.Options, error) {
	options := req.Index
	if req.NoAnnotations {
		return options, nil
	}
	if len(options.Annotations) == 0 {
		plain, err := index.New(children, options)
		if err != nil {
			return options, err
		}
		if plain.MediaType != types.OCIImageIndex {
			return options, nil
		}
	}
	added := map[string]string{}
	if !req.Version.IsZero() {
		added[annotationVersion] = req.Version.String()
	}
	if revision, ok := common(images, annotationRevision); ok {
		added[annotationRevision] = revision
	}
	if source, ok := common(images, annotationSource); ok {
		added[annotationSource] = source
	} else if req.SourceURL != "" {
		added[annotationSource] = req.SourceURL
	}
	maps.Copy(added, options.Annotations)
	options.Annotations = added
	return options, nil
}

// common returns the label that all images carry with one value.
func common(images []Image, label string) (string, bool) {
	if len(images) == 0 {
		return "", false
	}
	first := images[0].Labels[label]
	for _, image := range images[1:] {
		if image.Labels[label] != first {
			return "", false
		}
	}
	return first, first != ""
}
