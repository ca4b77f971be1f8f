// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/release"
)

var (
	digestGrammar = pattern.Lazy(`^sha256:[0-9a-f]{64}$`)
	digestLike    = pattern.Lazy(`^sha(256|512):`)
)

// Manifest returns a manifest or an index of at most 4 MiB, verified. It implements [release.Reader].
//
// ref is a name, a digest, or empty. A name is an entry's org.opencontainers.image.ref.name or io.containerd.image.name, or the
// tag where that is a whole reference. Empty stands for what the layout is about:
//
//   - the only entry of index.json, or what the only name stands for. All names may stand for one manifest, as docker save of
//     two tags of an image writes it;
//   - where no entry has a name: the only one that no other entry lists or is the subject of;
//   - where no entry has a name and all are images with their platforms: index.json itself, as an index of them;
//   - and else an error that says what there is.
//
// A name, or a digest, that is not there is [release.ErrNotFound].
func (l *Layout) Manifest(ctx context.Context, ref string) (release.Manifest, error) {
	if ctx.Err() != nil {
		return release.Manifest{}, context.Cause(ctx)
	}
	var (
		entry v1.Descriptor
		err   error
	)
	switch {
	case ref == "" && l.isWhole():
		return l.index, nil
	case ref == "":
		entry, err = l.only(ctx)
	case digestLike().MatchString(ref):
		return l.byDigest(ref)
	default:
		entry, err = l.named(ref)
	}
	if err != nil {
		return release.Manifest{}, err
	}
	m, err := l.manifest(entry)
	if errors.Is(err, release.ErrNotFound) { // the name was found, and waiting for the rest is in vain
		return release.Manifest{}, fmt.Errorf("reading %s: index.json lists it, but the layout does not hold it", entry.Digest)
	}
	return m, err
}

// byDigest also finds what only an index lists, and index.json itself.
func (l *Layout) byDigest(ref string) (release.Manifest, error) {
	if !digestGrammar().MatchString(ref) {
		return release.Manifest{}, fmt.Errorf("looking for %.80q: want sha256: and 64 hex digits", ref)
	}
	digest := v1.Hash{Algorithm: "sha256", Hex: ref[len("sha256:"):]}
	if digest == l.index.Digest {
		return l.index, nil
	}
	for _, entry := range l.entries {
		if entry.Digest == digest {
			return l.manifest(entry)
		}
	}
	return l.manifest(v1.Descriptor{Digest: digest, Size: -1})
}

// manifest reads an entry. One that was found by its digest alone has no size, -1, and no media type.
func (l *Layout) manifest(entry v1.Descriptor) (release.Manifest, error) {
	raw, err := l.small(entry)
	if err != nil {
		return release.Manifest{}, err
	}
	doc, err := parseDocument(raw, entry.MediaType)
	if err != nil {
		return release.Manifest{}, fmt.Errorf("reading %s: %w", entry.Digest, err)
	}
	return release.Manifest{Raw: raw, MediaType: doc.mediaType, Digest: entry.Digest}, nil
}

// Blob returns a blob of at most 4 MiB, such as an image's config. Size and digest are verified. [release.ErrNotFound] if the
// layout does not hold it. It implements [release.Reader].
func (l *Layout) Blob(ctx context.Context, desc v1.Descriptor) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return l.small(desc)
}

// Open returns a blob of any size as a stream; the caller closes it. If the digest is another than desc says, Read returns an
// error together with the last bytes. A size that is another is an error at once. [release.ErrNotFound] if the layout does not
// hold the blob, which for a foreign layer is no fault.
func (l *Layout) Open(ctx context.Context, desc v1.Descriptor) (io.ReadCloser, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return l.blob(desc)
}

func (l *Layout) small(desc v1.Descriptor) ([]byte, error) {
	blob, err := l.blob(desc)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	if blob.left > maxSmall {
		return nil, fmt.Errorf("reading %s: it has %d bytes, more than the %d that are read", desc.Digest, blob.left, maxSmall)
	}
	return blob.all()
}

// blob opens a blob whose size is that of desc, unless that is -1.
func (l *Layout) blob(desc v1.Descriptor) (*verifier, error) {
	digest := desc.Digest.String()
	if !digestGrammar().MatchString(digest) { // it becomes part of a path
		return nil, fmt.Errorf("reading %.80q: want sha256: and 64 hex digits", digest)
	}
	f, err := l.files.open("blobs/sha256/" + desc.Digest.Hex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", digest, release.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", digest, err)
	}
	if desc.Size >= 0 && f.Size() != desc.Size {
		return nil, errors.Join(fmt.Errorf("reading %s: it has %d bytes, not %d", digest, f.Size(), desc.Size), f.Close())
	}
	return verify(f, desc.Digest), nil
}
