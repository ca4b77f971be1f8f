// SPDX-License-Identifier: Apache-2.0

package registrytest

import v1 "github.com/google/go-containerregistry/pkg/v1"

// PushBlob stores a blob, which the caller must not change any more. It is not recorded.
func (r *Registry) PushBlob(repo string, content []byte) {
	r.putBlob(repo, digestOf(content), content)
}

// Blob returns a blob of a repository, which the caller must not change.
func (r *Registry) Blob(repo string, digest v1.Hash) (content []byte, ok bool) {
	return r.blob(repo, digest.String())
}

// OpenUploads returns how many uploads were begun and not finished.
func (r *Registry) OpenUploads() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.uploads)
}
