// SPDX-License-Identifier: Apache-2.0

// Package release is the heart of polytag: it turns a request and a snapshot
// of the registry into a plan, and carries the plan out.
//
// # Flow
//
//	Request ─► Read ─► Snapshot ─► NewPlan ─► Plan ─► Apply ─► Result
//
// Read only reads, NewPlan is a pure function, Apply writes. Everything worth
// arguing about is decided in NewPlan; a dry run stops behind it and shows the
// very value that a release would carry out. After Read only digests count:
// what was resolved is what is published, whatever happens to the source tags
// in between.
//
// # Why any number of releases may run at once
//
// The registry is the only state, and no registry can compare and swap a tag.
// So a release does not rely on what it read before it wrote. The exact tag
// (1.2.3) is the commit point of a version; after the writes, and after a
// failed write just the same, each floating tag (1, 1.2, latest) is set to what
// the exact tags of its line say, until a pass finds nothing to do. A failed
// release so rolls back by itself, since its exact tag is not there, and a
// committed one goes forward. See settle.go.
//
// The package knows no HTTP: it reaches registries through [Registry], which it
// declares itself and internal/registry implements.
package release

import (
	"context"
	"errors"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/semtag"
)

// Request is what was asked for, checked and complete.
type Request struct {
	// Targets are the repositories that are published to; the first is the
	// primary, in which temporary tags and bare digests are looked up.
	Targets []name.Repository
	// Version is the version of this release. Zero if no tag needs one.
	Version semtag.Version
	// Tags are the tags to publish, in push order.
	Tags []semtag.Tag
	// Scheme recognises versions among the tags of a target.
	Scheme *semtag.Scheme
	// Force moves floating tags even to a lower version, and settles nothing
	// afterwards. The default guards them.
	Force bool
	// Overwrite allows an exact tag to be replaced by another digest.
	Overwrite bool
	// Sources says what the release is made from.
	Sources Sources
	// Platforms is the exact set expected. Empty: whatever the sources hold.
	Platforms []platform.Spec
	// Index says how the index is written. Annotations are those asked for by
	// the user.
	Index index.Options
	// NoAnnotations switches off the annotations that polytag adds by itself.
	NoAnnotations bool
	// SkipReferrers leaves behind what refers to images that are copied:
	// signatures, SBOMs, and the like.
	SkipReferrers bool
	// Page says that the registry pages of the targets are to be synced.
	Page bool
	// Cleanup removes the temporary tags after a verified release.
	Cleanup bool
	// SourceURL is the repository URL that the CI knows, for
	// org.opencontainers.image.source where no image names one.
	SourceURL string
}

// Guarded reports whether t is a floating tag that must never move backwards.
func (r Request) Guarded(t semtag.Tag) bool { return t.Kind == semtag.Floating && !r.Force }

// Primary is the first target.
func (r Request) Primary() name.Repository { return r.Targets[0] }

// Manifest is an image manifest or an index, byte for byte as the registry
// holds it. Its Digest is the hash of Raw.
type Manifest struct {
	Raw       []byte
	MediaType types.MediaType
	Digest    v1.Hash
}

// IsZero reports whether m is no manifest at all.
func (m Manifest) IsZero() bool { return len(m.Raw) == 0 }

// Errors that a [Repository] answers with, to be matched with [errors.Is].
var (
	// ErrNotFound means that a tag, a manifest or a blob does not exist.
	ErrNotFound = errors.New("not found")
	// ErrUnsupported means that the registry cannot delete a tag by its name.
	ErrUnsupported = errors.New("not supported by this registry")
	// ErrRefused means that the registry understood a write and refused it, so
	// that it was certainly not applied.
	ErrRefused = errors.New("refused")
	// ErrBlobUnknown means that a manifest was refused because the repository
	// lacks a blob, or a manifest, that it lists.
	ErrBlobUnknown = errors.New("blob unknown")
)

// Reader reads content by tag or digest.
type Reader interface {
	// Manifest returns the manifest that ref, a tag or a digest, points at.
	// ErrNotFound if there is none.
	Manifest(ctx context.Context, ref string) (Manifest, error)
	// Blob returns a small blob, an image config. Its digest was verified.
	Blob(ctx context.Context, desc v1.Descriptor) ([]byte, error)
}

// Origin is where images are read from, whole: a repository or an OCI layout.
type Origin interface {
	Reader
	// Open streams a blob of any size as it is stored. Reading it to its end
	// verifies size and digest: Read returns an error in place of io.EOF if one
	// is wrong. The caller closes it. ErrNotFound if there is none.
	Open(ctx context.Context, desc v1.Descriptor) (io.ReadCloser, error)
	// Referrers lists the manifests whose subject the digest is, by the
	// referrers API or the tag that stands in for it. None is no error. A tag
	// that mayBe says is not there is not looked up; nil: every tag may be there.
	// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
	Referrers(ctx context.Context, subject v1.Hash, mayBe func(tag string) bool) ([]v1.Descriptor, error)
	// Glance returns all tags, if one request is enough to learn them, so that
	// the others need not be looked up. False: that is not so, for whatever
	// reason, or it costs nothing to look tags up.
	Glance(ctx context.Context) (tags []string, ok bool)
}

// Blobs is what copying to a repository needs of it.
type Blobs interface {
	// Has reports whether the repository has a blob.
	Has(ctx context.Context, digest v1.Hash) (bool, error)
	// Mount asks the registry to take a blob over from another repository of
	// its own. False, whatever the reason: it has to be uploaded.
	Mount(ctx context.Context, digest v1.Hash, from name.Repository) (bool, error)
	// Upload writes a blob, and reads content to its end, once. ErrRefused if
	// there is no point in trying again.
	Upload(ctx context.Context, desc v1.Descriptor, content io.Reader) error
	// PutReferrer writes a manifest that has a subject, by its digest, and sees
	// to it that entry is listed among the subject's referrers. ErrUnsupported
	// if it is written, and the registry has no way to list it.
	PutReferrer(ctx context.Context, m Manifest, entry v1.Descriptor) error
}

// Tags is what publishing needs of one repository.
type Tags interface {
	// List returns all tags, in no particular order. A repository that does
	// not exist yet has none; that is not an error.
	List(ctx context.Context) ([]string, error)
	// Resolve looks refs up, tags or digests, side by side. What does not
	// exist is missing from the answer.
	Resolve(ctx context.Context, refs []string) (map[string]v1.Hash, error)
	// Put writes m under ref, a tag or m's own digest, and nothing else: a
	// subject that it has is for the registry to notice. BuildKit's attestations
	// have one, and are found in their index.
	Put(ctx context.Context, ref string, m Manifest) error
	// Delete removes a tag, and nothing but the tag. ErrUnsupported where the
	// registry cannot do that; a tag that is gone already is success.
	Delete(ctx context.Context, tag string) error
}

// Repository is one repository of a registry.
type Repository interface {
	Origin
	Blobs
	Tags
}

// Registry opens repositories. Opening sends nothing.
type Registry interface {
	Repository(repo name.Repository) Repository
}
