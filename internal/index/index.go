// SPDX-License-Identifier: Apache-2.0

// Package index makes and takes apart OCI image indexes and Docker manifest lists, as bytes. It is pure.
//
// What it writes is deterministic: the same images give the same bytes, and so the same digest, on every run, in every
// repository and in whatever order they are given. Manifests are never touched, only listed; an index that is promoted stays
// what it is, byte for byte, unless a change is asked for.
package index

import (
	"crypto/sha256"
	"encoding/hex"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Index is an index to publish. Raw is what to push, and the other fields say what is in it.
type Index struct {
	Raw         []byte
	MediaType   types.MediaType
	Digest      v1.Hash // sha256 of Raw
	Children    []Child
	Nested      []v1.Descriptor // indexes that a promoted index lists
	Other       []v1.Descriptor // whatever else a promoted index lists, such as artifacts
	Annotations map[string]string
}

// Options say how an index is made. The zero value keeps attestations, adds no annotations, and leaves the format to the images.
type Options struct {
	Format            Format
	StripAttestations bool
	Annotations       map[string]string // of the index. There are none in a Docker manifest list: asking for them is an error
}

// seal reads back what was written, so that an Index cannot differ from its bytes. It keeps raw.
func seal(raw []byte) (Index, error) {
	d, err := parseDocument(raw)
	if err != nil {
		return Index{}, err
	}
	c, sum := d.contents(), sha256.Sum256(raw)
	return Index{
		Raw:         raw,
		MediaType:   c.MediaType,
		Digest:      v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])},
		Children:    c.Children,
		Nested:      c.Nested,
		Other:       c.Other,
		Annotations: c.Annotations,
	}, nil
}
