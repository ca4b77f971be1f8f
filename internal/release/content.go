// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
)

// Content is what a release publishes: one manifest, under every tag.
type Content struct {
	// Manifest is the index, or the promoted image, that every tag will point
	// at.
	Manifest Manifest
	// Images are the images of the release, in the order of the index.
	Images []index.Child
	// Sizes says how many bytes a client fetches for each image: config and
	// layers, as they are stored.
	Sizes map[v1.Hash]int64
	// Promoted says that the manifest is carried over byte for byte.
	Promoted bool
}

// decide makes what is published, and weighs it.
func decide(req Request, snap Snapshot) (Content, error) {
	c, err := choose(req, snap)
	if err != nil {
		return c, err
	}
	c.Sizes = map[v1.Hash]int64{}
	for _, s := range snap.contents() {
		for _, image := range s.Images {
			c.Sizes[image.Descriptor.Digest] = image.Size
		}
	}
	return c, nil
}

// choose takes what an earlier run published, a promoted image or index, or an
// index that joins all sources.
func choose(req Request, snap Snapshot) (Content, error) {
	switch {
	case snap.Resumed != nil:
		return carry(*snap.Resumed), nil
	case snap.Promoted:
		return promote(req, snap.Sources[0])
	default:
		return join(req, snap.Sources)
	}
}

// carry takes a source as it is.
func carry(s Source) Content {
	c := Content{Promoted: true, Manifest: s.Manifest}
	for _, image := range s.Images {
		c.Images = append(c.Images, image.Child)
	}
	return c
}

// promote carries a source over, unless the user asked for a change of its
// index. A plain image has no index to change.
func promote(req Request, s Source) (Content, error) {
	if !s.IsIndex() {
		switch docker := s.Manifest.MediaType == types.DockerManifestSchema2; {
		case len(req.Index.Annotations) > 0:
			return Content{}, fmt.Errorf("promoting %s: it is a single image, and annotations need an index", s.Text)
		case req.Index.Format == index.Docker && !docker, req.Index.Format == index.OCI && docker:
			return Content{}, fmt.Errorf("promoting %s: it is a single image, %s, and stays what it is, whatever the format", s.Text, s.Manifest.MediaType)
		}
		return carry(s), nil
	}
	built, err := index.Rewrite(s.Manifest.Raw, req.Index)
	if err != nil {
		return Content{}, fmt.Errorf("promoting %s: %w", s.Text, err)
	}
	if built.Digest == s.Manifest.Digest {
		return carry(s), nil
	}
	c := contentOf(built)
	c.Images = slices.DeleteFunc(c.Images, func(child index.Child) bool {
		return slices.ContainsFunc(s.Other, func(d v1.Descriptor) bool { return d.Digest == child.Descriptor.Digest })
	})
	return c, nil
}

// join makes one index of all sources.
func join(req Request, sources []Source) (Content, error) {
	var children []index.Child
	var images []Image
	for _, s := range sources {
		for _, image := range s.Images {
			children = append(children, image.Child)
			images = append(images, image)
		}
	}
	options, err := annotate(req, children, images)
	if err != nil {
		return Content{}, fmt.Errorf("joining %d images: %w", len(children), err)
	}
	built, err := index.New(children, options)
	if err != nil {
		return Content{}, fmt.Errorf("joining %d images: %w", len(children), err)
	}
	return contentOf(built), nil
}

func contentOf(x index.Index) Content {
	return Content{
		Manifest: Manifest{Raw: x.Raw, MediaType: x.MediaType, Digest: x.Digest},
		Images:   x.Children,
	}
}
