// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// sightings say what repositories were found to have, and to lack.
type sightings struct {
	mu   sync.Mutex
	have map[sighting]bool
}

// sighting is a manifest, by its digest, in a repository.
type sighting struct {
	repo   name.Repository
	digest string
}

func (s *sightings) note(repo name.Repository, digest string, there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.have == nil {
		s.have = map[sighting]bool{}
	}
	s.have[sighting{repo, digest}] = there
}

// of reports whether the repository has the manifest, and whether that is known.
func (s *sightings) of(repo name.Repository, digest v1.Hash) (there, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there, known = s.have[sighting{repo, digest.String()}]
	return there, known
}

// near reads the manifests that an index lists from a target which has them, and
// else from where the index is. So it is known what the target lacks, which would
// be asked next.
type near struct {
	Reader // where the index is

	target Reader
	repo   name.Repository // that of the target
	seen   *sightings
}

// Manifest implements [Reader]. Whatever is wrong with the target is for those to
// say who need it.
func (n near) Manifest(ctx context.Context, ref string) (Manifest, error) {
	m, err := n.target.Manifest(ctx, ref)
	if err == nil {
		n.seen.note(n.repo, ref, true)
		return m, nil
	}
	if errors.Is(err, ErrNotFound) {
		n.seen.note(n.repo, ref, false)
	}
	return n.Reader.Manifest(ctx, ref)
}

// nearest returns the reader of what the reference lists: the first target that
// is elsewhere may have it.
func (s *search) nearest(ref SourceRef, home Reader) Reader {
	i := slices.IndexFunc(s.req.Targets, func(t name.Repository) bool { return t != ref.repository() })
	if i < 0 || ref.Layout != nil { // a file is nearer than everything else
		return home
	}
	repo := s.req.Targets[i]
	return near{Reader: home, target: s.held.of(s.reg.Repository(repo)), repo: repo, seen: &s.seen}
}
