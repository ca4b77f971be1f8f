// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"context"
	"errors"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/release"
)

const (
	// maxReferrers bounds the referrers of one manifest.
	maxReferrers = 1000
	// maxListed bounds the manifests that the indexes of a layout list together.
	maxListed = 100_000
	// maxAnnotations bounds the bytes of their annotations together; a registry's answer could have no more.
	maxAnnotations = maxSmall
)

// companion names what belongs to the manifest of a digest: an index of its referrers, or what cosign made of it.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
var companion = pattern.Lazy(`^sha256-[0-9a-f]{64}(\.(sig|att|sbom))?$`)

func isCompanion(name string) bool { return companion().MatchString(name) }

// graph is how the entries of index.json hang together.
type graph struct {
	subjects map[v1.Hash]v1.Hash // a subject by the entry that refers to it
	listed   map[v1.Hash]bool    // whether an entry's index lists it
}

// dependent reports whether a manifest is there for the sake of another one.
func (g *graph) dependent(digest v1.Hash) bool {
	return g.listed[digest] || g.subjects[digest] != v1.Hash{}
}

func (g *graph) add(digest v1.Hash, doc document) {
	if doc.subject != (v1.Hash{}) {
		g.subjects[digest] = doc.subject
	}
	for _, child := range doc.manifests {
		g.listed[child.Digest] = true
	}
}

// links reads every manifest that index.json lists, once.
func (l *Layout) links(ctx context.Context) (*graph, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.graph != nil {
		return l.graph, nil
	}
	g := &graph{subjects: map[v1.Hash]v1.Hash{}, listed: map[v1.Hash]bool{}}
	for _, entry := range distinct(l.entries, isManifest) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		doc, err := l.document(entry)
		switch {
		case errors.Is(err, release.ErrNotFound):
			continue // a layout may be a part of one
		case err != nil:
			return nil, err
		}
		g.add(entry.Digest, doc)
		if len(g.listed) > maxListed {
			return nil, fmt.Errorf("its indexes list more than %d manifests", maxListed)
		}
	}
	l.graph = g
	return g, nil
}

func isManifest(entry v1.Descriptor) bool {
	return index.IsImage(entry.MediaType) || index.IsIndex(entry.MediaType)
}

func (l *Layout) document(entry v1.Descriptor) (document, error) {
	raw, err := l.small(entry)
	if err != nil {
		return document{}, err
	}
	doc, err := parseDocument(raw, entry.MediaType)
	if err != nil {
		return document{}, fmt.Errorf("reading %s: %w", entry.Digest, err)
	}
	return doc, nil
}

// Referrers returns the manifests that index.json lists and whose subject is the manifest of that digest, and those that the
// entry of the fallback tag sha256-… lists, as a registry's referrers API would: with artifactType and the annotations of the
// manifest. At most 1000; more are an error. There may be none, also of a manifest that the layout does not hold. Every name is
// looked up, whatever is known of it: that is cheap.
func (l *Layout) Referrers(ctx context.Context, subject v1.Hash, _ func(string) bool) ([]v1.Descriptor, error) {
	g, err := l.links(ctx)
	if err != nil {
		return nil, err
	}
	var out []v1.Descriptor
	bytes := 0
	for _, entry := range distinct(l.entries, func(entry v1.Descriptor) bool { return g.subjects[entry.Digest] == subject }) {
		doc, err := l.document(entry)
		if err != nil {
			return nil, err
		}
		for key, value := range doc.annotations {
			bytes += len(key) + len(value)
		}
		if len(out) == maxReferrers || bytes > maxAnnotations {
			return nil, fmt.Errorf("reading the referrers of %s: there are too many", subject)
		}
		out = append(out, v1.Descriptor{
			MediaType: doc.mediaType, Digest: entry.Digest, Size: entry.Size,
			ArtifactType: doc.artifactType, Annotations: doc.annotations,
		})
	}
	fallback, err := l.fallback(subject)
	if err != nil {
		return nil, err
	}
	out = distinct(append(out, fallback...), func(v1.Descriptor) bool { return true })
	if len(out) > maxReferrers {
		return nil, fmt.Errorf("reading the referrers of %s: there are too many", subject)
	}
	return out, nil
}

// Glance shows nothing: to look a name up costs no request.
func (l *Layout) Glance(context.Context) ([]string, bool) { return nil, false }

// fallback reads the index that the fallback tag names, if there is one.
func (l *Layout) fallback(subject v1.Hash) ([]v1.Descriptor, error) {
	entry, err := l.named(strings.Replace(subject.String(), ":", "-", 1))
	if errors.Is(err, release.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc, err := l.document(entry)
	if err != nil {
		return nil, err
	}
	return doc.manifests, nil
}
