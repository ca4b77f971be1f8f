// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Comparison is what two references have in common. Of two with the same digest only A and B are set.
type Comparison struct {
	A, B Side
	// Differs says in what the two differ; empty: they have the same digest.
	Differs []Difference
	// Annotations are those of the two manifests that differ, by name.
	Annotations []Annotation
	// Images are all that are listed, by platform, in the order of A; what is only in B comes last.
	Images []Pair
	// Other are the entries that only one of the two lists, and that are no image.
	Other []Entry
}

// Same reports whether the two references have the same digest.
func (c Comparison) Same() bool { return c.A.Digest == c.B.Digest }

// Side is one of two references.
type Side struct {
	Reference string // as it was given
	Digest    v1.Hash
	MediaType types.MediaType
	Size      int64 // of the manifest, in bytes
}

// Annotation is an annotation that differs. A nil pointer: there is none of this name.
type Annotation struct {
	Name string
	A, B *string
}

// Pair is the image of one platform in A, and that in B.
type Pair struct {
	// Platform is as A writes it, or B where only B has it. Empty if nothing says it.
	Platform string
	A, B     v1.Hash // zero: there is none
	// Differs says in what the two differ. Empty for what is the same, or in one alone.
	Differs []Difference
}

// Entry is an entry of an index that only one of two has.
type Entry struct {
	v1.Descriptor
	InB bool
}

// Difference is something in which two manifests differ, or two entries for one platform.
type Difference string

// What may differ.
const (
	// MediaTypeDiffers, of the manifests or the entries: one is Docker's, one OCI's, or one is no index.
	MediaTypeDiffers Difference = "mediaType"
	// AnnotationsDiffer, of the manifests or the entries.
	AnnotationsDiffer Difference = "annotations"
	// ImagesDiffer: some pair is not the same.
	ImagesDiffer Difference = "images"
	// OrderDiffers: the images that both have are listed in another order.
	OrderDiffers Difference = "order"
	// OtherDiffers: entries that are no images are listed by one alone.
	OtherDiffers Difference = "other"
	// BytesDiffer: nothing of the above differs, and the manifests do nonetheless.
	BytesDiffer Difference = "bytes"

	// DigestDiffers, of a pair: they are two images.
	DigestDiffers Difference = "digest"
	// PlatformDiffers, of a pair: it is spelled otherwise, or has other features.
	PlatformDiffers Difference = "platform"
	// AttestationsDiffer, of a pair: others are listed.
	AttestationsDiffer Difference = "attestations"
)
