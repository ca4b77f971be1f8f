// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
)

// repository is what has been pushed under one name. Byte slices in it are never changed, only replaced.
type repository struct {
	manifests map[string]manifest // by digest
	tags      map[string]string   // to a digest of manifests
	blobs     map[string][]byte   // by digest

	sorted []string // the names of tags in order; nil after a change
}

type manifest struct {
	mediaType string
	body      []byte
}

// open returns the repository, making it if there is none. The caller holds r.mu.
func (r *Registry) open(repo string) *repository {
	got := r.repos[repo]
	if got == nil {
		got = &repository{manifests: map[string]manifest{}, tags: map[string]string{}, blobs: map[string][]byte{}}
		r.repos[repo] = got
	}
	return got
}

// lookup resolves a tag or a digest.
func (r *Registry) lookup(repo, ref string) (m manifest, digest string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.repos[repo].find(ref)
}

// blob returns the content of a blob of the repository.
func (r *Registry) blob(repo, digest string) (content []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.repos[repo]
	if got == nil {
		return nil, false
	}
	content, ok = got.blobs[digest]
	return content, ok
}

func (r *Registry) putBlob(repo, digest string, content []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open(repo).blobs[digest] = content
}

// find resolves a tag or a digest; there is nothing in a nil repository.
func (p *repository) find(ref string) (m manifest, digest string, ok bool) {
	if p == nil {
		return manifest{}, "", false
	}
	digest = ref
	if !isDigest(ref) {
		digest = p.tags[ref]
	}
	m, ok = p.manifests[digest]
	return m, digest, ok
}

func (p *repository) tag(name, digest string) {
	p.tags[name] = digest
	p.sorted = nil
}

func (p *repository) untag(name string) {
	delete(p.tags, name)
	p.sorted = nil
}

// tagNames returns the tags in order. The slice is not to be changed.
func (p *repository) tagNames() []string {
	if p.sorted == nil {
		p.sorted = slices.Sorted(maps.Keys(p.tags))
	}
	return p.sorted
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
