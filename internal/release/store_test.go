// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// registries are stores by repository.
type registries map[name.Repository]*store

func (r registries) Repository(repo name.Repository) release.Repository { return r[repo] }

// store is a repository in memory. Set its hooks before it is used.
type store struct {
	// answer, if not nil, stands before each operation: it calls apply to carry it out, or not, and says what the caller is told.
	answer func(ctx context.Context, op, ref string, apply func()) error
	// show, if not nil, changes what a lookup of tags finds.
	show func(found map[string]v1.Hash)
	// hidden are tags that lists do not show.
	hidden []string

	mu        sync.Mutex
	tags      map[string]v1.Hash
	manifests map[v1.Hash]release.Manifest
	blobs     map[v1.Hash][]byte
	referrers map[v1.Hash][]v1.Descriptor // by subject
	opened    int                         // how many blobs were streamed from here
	mounts    registries                  // the repositories that blobs are taken over from; nil: none
	writes    []string                    // "put latest 1.2.3", "delete latest": what was applied, with the names of names
	names     map[v1.Hash]string
}

// The operations of a store.
const (
	opOpen      = "open"
	opReferrers = "referrers"
	opHas       = "has"
	opMount     = "mount"
	opUpload    = "upload"
	opList      = "list"
	opGlance    = "glance"
	opResolve   = "resolve"
	opManifest  = "manifest"
	opBlob      = "blob"
	opPut       = "put"
	opDelete    = "delete"
)

func newStore() *store {
	return &store{
		tags: map[string]v1.Hash{}, manifests: map[v1.Hash]release.Manifest{}, blobs: map[v1.Hash][]byte{}, names: map[v1.Hash]string{},
		referrers: map[v1.Hash][]v1.Descriptor{},
	}
}

// do carries an operation out, under the lock.
func (s *store) do(ctx context.Context, op, ref string, apply func()) error {
	if s.answer != nil {
		return s.answer(ctx, op, ref, func() { s.locked(apply) })
	}
	s.locked(apply)
	return nil
}

// locked is for what an answer does to the store by itself.
func (s *store) locked(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (s *store) List(ctx context.Context) (tags []string, err error) {
	err = s.do(ctx, opList, "", func() { tags = slices.Collect(maps.Keys(s.tags)) })
	return slices.DeleteFunc(tags, func(tag string) bool { return slices.Contains(s.hidden, tag) }), err
}

func (s *store) Resolve(ctx context.Context, refs []string) (map[string]v1.Hash, error) {
	found := map[string]v1.Hash{}
	err := s.do(ctx, opResolve, strings.Join(refs, " "), func() {
		for _, ref := range refs {
			if h, ok := s.lookUp(ref); ok {
				found[ref] = h
			}
		}
		if s.show != nil {
			s.show(found)
		}
	})
	return found, err
}

func (s *store) lookUp(ref string) (v1.Hash, bool) {
	h, err := v1.NewHash(ref)
	if err != nil {
		h, ok := s.tags[ref]
		return h, ok
	}
	_, ok := s.manifests[h]
	return h, ok
}

func (s *store) Manifest(ctx context.Context, ref string) (m release.Manifest, err error) {
	err = s.do(ctx, opManifest, ref, func() {
		if h, ok := s.lookUp(ref); ok {
			m = s.manifests[h]
		}
	})
	if err == nil && m.IsZero() {
		err = fmt.Errorf("%s: %w", ref, release.ErrNotFound)
	}
	return m, err
}

func (s *store) Blob(ctx context.Context, desc v1.Descriptor) (raw []byte, err error) {
	err = s.do(ctx, opBlob, desc.Digest.String(), func() { raw = s.blobs[desc.Digest] })
	if err == nil && raw == nil {
		err = fmt.Errorf("%s: %w", desc.Digest, release.ErrNotFound)
	}
	return raw, err
}

func (s *store) Open(ctx context.Context, desc v1.Descriptor) (body io.ReadCloser, err error) {
	err = s.do(ctx, opOpen, desc.Digest.String(), func() {
		if raw, ok := s.blobs[desc.Digest]; ok {
			s.opened++
			body = io.NopCloser(bytes.NewReader(raw))
		}
	})
	if err == nil && body == nil {
		err = fmt.Errorf("%s: %w", desc.Digest, release.ErrNotFound)
	}
	return body, err
}

func (s *store) Referrers(ctx context.Context, subject v1.Hash, _ func(string) bool) (entries []v1.Descriptor, err error) {
	err = s.do(ctx, opReferrers, subject.String(), func() { entries = s.referrers[subject] })
	return entries, err
}

func (s *store) Glance(ctx context.Context) (tags []string, ok bool) {
	err := s.do(ctx, opGlance, "", func() { tags = slices.Collect(maps.Keys(s.tags)) })
	return slices.DeleteFunc(tags, func(tag string) bool { return slices.Contains(s.hidden, tag) }), err == nil
}

func (s *store) Has(ctx context.Context, digest v1.Hash) (has bool, err error) {
	err = s.do(ctx, opHas, digest.String(), func() { _, has = s.blobs[digest] })
	return has, err
}

func (s *store) Mount(ctx context.Context, digest v1.Hash, from name.Repository) (mounted bool, err error) {
	err = s.do(ctx, opMount, digest.String()+" "+from.Name(), func() {
		if s.mounts == nil {
			return
		}
		var raw []byte
		if raw, mounted = s.mounts[from].blobs[digest]; mounted {
			s.blobs[digest] = raw
		}
	})
	return mounted, err
}

func (s *store) Upload(ctx context.Context, desc v1.Descriptor, content io.Reader) error {
	raw, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	return s.do(ctx, opUpload, desc.Digest.String(), func() { s.blobs[desc.Digest] = raw })
}

func (s *store) PutReferrer(ctx context.Context, m release.Manifest, entry v1.Descriptor) error {
	var parsed struct {
		Subject v1.Descriptor `json:"subject"`
	}
	if err := json.Unmarshal(m.Raw, &parsed); err != nil {
		return fmt.Errorf("reading the subject: %w", err)
	}
	return s.do(ctx, opPut, m.Digest.String(), func() {
		s.manifests[m.Digest] = m
		s.referrers[parsed.Subject.Digest] = append(s.referrers[parsed.Subject.Digest], entry)
		s.writes = append(s.writes, "put referrer "+s.nameOf(m.Digest))
	})
}

func (s *store) Put(ctx context.Context, ref string, m release.Manifest) error {
	return s.do(ctx, opPut, ref, func() {
		s.manifests[m.Digest] = m
		if _, err := v1.NewHash(ref); err != nil {
			s.tags[ref] = m.Digest
		}
		s.writes = append(s.writes, "put "+ref+" "+s.nameOf(m.Digest))
	})
}

func (s *store) Delete(ctx context.Context, tag string) error {
	return s.do(ctx, opDelete, tag, func() {
		delete(s.tags, tag)
		s.writes = append(s.writes, "delete "+tag)
	})
}

func (s *store) nameOf(h v1.Hash) string {
	if text, ok := s.names[h]; ok {
		return text
	}
	return h.String()
}

// state says what all tags point at: "1=1.2.3 latest=old".
func (s *store) state() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []string
	for _, tag := range slices.Sorted(maps.Keys(s.tags)) {
		parts = append(parts, tag+"="+s.nameOf(s.tags[tag]))
	}
	return strings.Join(parts, " ")
}

// add stores a manifest under tags, and gives it a name.
func (s *store) add(text string, m release.Manifest, tags ...string) release.Manifest {
	s.manifests[m.Digest], s.names[m.Digest] = m, text
	for _, tag := range tags {
		s.tags[tag] = m.Digest
	}
	return m
}

// push stores a real image, config and manifest.
func (s *store) push(tb testing.TB, p v1.Platform, labels map[string]string, tags ...string) release.Manifest {
	tb.Helper()
	config := encode(tb, v1.ConfigFile{
		OS: p.OS, Architecture: p.Architecture, Variant: p.Variant, OSVersion: p.OSVersion, OSFeatures: p.OSFeatures,
		Config: v1.Config{Labels: labels},
	})
	s.blobs[hashOf(config)] = config
	raw := encode(tb, v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Layers: []v1.Descriptor{},
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: int64(len(config)), Digest: hashOf(config)},
	})
	return s.add(p.String(), manifest(types.OCIManifestSchema1, raw), tags...)
}

// pushIndex stores an index of the given entries.
func (s *store) pushIndex(tb testing.TB, entries []v1.Descriptor, tags ...string) release.Manifest {
	tb.Helper()
	raw := encode(tb, v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: entries})
	return s.add("index", manifest(types.OCIImageIndex, raw), tags...)
}

// entry describes a manifest as an index lists it.
func entry(m release.Manifest, p *v1.Platform) v1.Descriptor {
	return v1.Descriptor{MediaType: m.MediaType, Size: int64(len(m.Raw)), Digest: m.Digest, Platform: p}
}

func manifest(mt types.MediaType, raw []byte) release.Manifest {
	return release.Manifest{Raw: raw, MediaType: mt, Digest: hashOf(raw)}
}

// opaque is a manifest into which nobody looks.
func opaque(text string) release.Manifest { return manifest(types.OCIManifestSchema1, []byte(text)) }

func hashOf(raw []byte) v1.Hash {
	sum := sha256.Sum256(raw)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}
