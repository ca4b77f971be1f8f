// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// PushImage stores an [Image] whose seed is the tag: ref is "acme/app:12be34-linux-amd64", or "acme/app" for an image without a tag. Like all
// that a test stores directly, this is not a request, and is not recorded.
func (r *Registry) PushImage(tb testing.TB, ref, platform string) v1.Hash {
	tb.Helper()
	_, tag, _ := strings.Cut(ref, ":")
	return r.Push(tb, ref, Image(tb, tag, platform))
}

// Push stores a [v1.Image] or [v1.ImageIndex] with all that belongs to it, byte for byte. A ref without a tag stores by digest.
func (r *Registry) Push(tb testing.TB, ref string, what partial.WithRawManifest) v1.Hash {
	tb.Helper()
	repo, tag, _ := strings.Cut(ref, ":")
	h, err := r.push(repo, what)
	if err != nil {
		tb.Fatalf("Push(%q): %v", ref, err)
	}
	if tag != "" {
		r.Tag(tb, repo, h, tag)
	}
	return h
}

// PushLayout stores everything in the OCI layout at dir under repo, with the layout's tags.
func (r *Registry) PushLayout(tb testing.TB, dir, repo string) {
	tb.Helper()
	root, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		tb.Fatalf("PushLayout(%q): %v", dir, err)
	}
	index, err := root.IndexManifest()
	if err != nil {
		tb.Fatalf("PushLayout(%q): %v", dir, err)
	}
	for _, d := range index.Manifests {
		child, err := childOf(root, d)
		if err != nil {
			tb.Fatalf("PushLayout(%q): %v", dir, err)
		}
		ref := repo
		if tag := d.Annotations["org.opencontainers.image.ref.name"]; tag != "" {
			ref += ":" + tag
		}
		r.Push(tb, ref, child)
	}
}

// Tag sets tags on a manifest that is there: one, or 20,000.
func (r *Registry) Tag(tb testing.TB, repo string, digest v1.Hash, tags ...string) {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.open(repo)
	if _, _, ok := p.find(digest.String()); !ok {
		tb.Fatalf("Tag(%q): there is no %s", repo, digest)
	}
	for _, tag := range tags {
		p.tag(tag, digest.String())
	}
}

// Tags returns the tags of a repository with their digests.
func (r *Registry) Tags(repo string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.repos[repo]; p != nil {
		return maps.Clone(p.tags)
	}
	return nil
}

// Manifest returns the manifest that a tag or digest resolves to, which the caller must not change.
func (r *Registry) Manifest(repo, ref string) (body []byte, mediaType types.MediaType, ok bool) {
	m, _, ok := r.lookup(repo, ref)
	return m.body, types.MediaType(m.mediaType), ok
}

func (r *Registry) push(repo string, what partial.WithRawManifest) (v1.Hash, error) {
	var mediaType types.MediaType
	var err error
	switch it := what.(type) {
	case v1.ImageIndex:
		if mediaType, err = it.MediaType(); err == nil {
			err = r.pushChildren(repo, it)
		}
	case v1.Image:
		if mediaType, err = it.MediaType(); err == nil {
			err = r.pushBlobs(repo, it)
		}
	default:
		err = fmt.Errorf("%T is neither an image nor an index", what)
	}
	if err != nil {
		return v1.Hash{}, err
	}
	body, err := what.RawManifest()
	if err != nil {
		return v1.Hash{}, err
	}
	digest := digestOf(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open(repo).manifests[digest] = manifest{mediaType: string(mediaType), body: body}
	return v1.NewHash(digest)
}

func (r *Registry) pushChildren(repo string, index v1.ImageIndex) error {
	m, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range m.Manifests {
		child, err := childOf(index, d)
		if err != nil {
			return err
		}
		if _, err := r.push(repo, child); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) pushBlobs(repo string, img v1.Image) error {
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	r.putBlob(repo, digestOf(config), config)
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		content, err := readLayer(l)
		if err != nil {
			return err
		}
		r.putBlob(repo, digestOf(content), content)
	}
	return nil
}

func readLayer(l v1.Layer) ([]byte, error) {
	rc, err := l.Compressed()
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return io.ReadAll(rc)
}

func childOf(index v1.ImageIndex, d v1.Descriptor) (partial.WithRawManifest, error) {
	if d.MediaType.IsIndex() {
		return index.ImageIndex(d.Digest)
	}
	return index.Image(d.Digest)
}
