// SPDX-License-Identifier: Apache-2.0

// Package spec reads the YAML file that describes a multi-arch image for manifest-tool's "push from-spec", so that such a file
// works here as it is. It is pure: the bytes come from the caller.
//
//	image: registry.example:5000/acme/app:1.2.3
//	tags: ["1.2", "1"]
//	annotations:
//	  org.opencontainers.image.licenses: Apache-2.0
//	manifests:
//	  - image: registry.example:5000/acme/app-arm64:1.2.3
//	    platform:
//	      os: linux
//	      architecture: arm64
//	      variant: v8
//
// The names of the keys are those of manifest-tool's types, in lower case:
// https://github.com/estesp/manifest-tool/blob/v2.2.1/v2/pkg/types/input.go
//
// Three things differ. An unknown key is an error, where manifest-tool passes over it. os.version and os.features, as the OCI
// specification calls them, mean the same as manifest-tool's osversion and osfeatures. And one of os and architecture needs
// the other. The file has no placeholders; those of manifest-tool's own files are replaced before it reads them.
package spec

import (
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"go.yaml.in/yaml/v3"
)

const (
	// maxSize bounds the file.
	maxSize = 1 << 20
	// maxManifests bounds the images of one file.
	maxManifests = 1000
)

// Spec is what a file asks for. Its texts are as they were written; only tags and platforms have been checked.
type Spec struct {
	// Image is the reference to publish. Its tag is the first of the tags.
	Image string
	// Line is where Image stands in the file.
	Line int
	// Tags are further tags of the same repository, in the order of the file. There may be none, and they may repeat.
	Tags []string
	// Manifests are the images to join, at least one and at most 1000.
	Manifests []Manifest
	// Annotations are those of the index. Nil if there are none.
	Annotations map[string]string
	// Warnings say, each with its line, what the file has and nobody heeds.
	Warnings []string
}

// Manifest is one image to join, or an index whose images are.
type Manifest struct {
	// Image is the reference to read.
	Image string
	// Platform is what the file says the image is for. Each field may be empty, except that OS and Architecture are given both
	// or neither. Features is always empty.
	Platform v1.Platform
	// Line is where Image stands in the file.
	Line int
}

// Parse reads a file of at most 1 MiB. Every error begins with "line N: "; all errors are reported, joined, unless there are very
// many.
func Parse(raw []byte) (Spec, error) {
	if len(raw) > maxSize {
		return Spec{}, fmt.Errorf("line 1: the file has %d bytes, more than the %d that are read", len(raw), maxSize)
	}
	root, err := document(raw)
	if err != nil {
		return Spec{}, err
	}
	r := &reader{left: maxValues}
	s := r.spec(root)
	if err := errors.Join(r.faults...); err != nil {
		return Spec{}, err
	}
	s.Warnings = r.warnings
	return s, nil
}

func (r *reader) spec(root *yaml.Node) Spec {
	var s Spec
	fields, ok := r.fields(root)
	for _, f := range fields {
		switch f.key {
		case "image":
			s.Image, s.Line = r.reference(f.value), f.value.Line
		case "tags":
			s.Tags = r.tags(f.value)
		case "annotations":
			s.Annotations = r.annotations(f.value)
		case "manifests":
			s.Manifests = r.manifests(f.value)
		default:
			r.unknown(f, "image", "tags", "annotations", "manifests")
		}
	}
	if ok && !has(fields, "image") {
		r.fault(root, "image is missing: want the reference to publish")
	}
	if ok && !has(fields, "manifests") {
		r.fault(root, "manifests is missing: want the images to join")
	}
	return s
}

func (r *reader) manifests(n *yaml.Node) []Manifest {
	items, ok := r.list(n)
	switch {
	case ok && len(items) == 0:
		r.fault(n, "manifests is empty: want at least one image")
	case len(items) > maxManifests:
		r.fault(n, "%d manifests are too many: want at most %d", len(items), maxManifests)
		return nil
	}
	out := make([]Manifest, 0, len(items))
	for _, item := range items {
		out = append(out, r.manifest(item))
	}
	return out
}

func (r *reader) manifest(n *yaml.Node) Manifest {
	var m Manifest
	fields, ok := r.fields(n)
	for _, f := range fields {
		switch f.key {
		case "image":
			m.Image, m.Line = r.reference(f.value), f.value.Line
		case "platform":
			m.Platform = r.platform(f.value)
		default:
			r.unknown(f, "image", "platform")
		}
	}
	if ok && !has(fields, "image") {
		r.fault(n, "image is missing: want the reference to read")
	}
	return m
}
