// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/index"
)

// reads is how many manifests are read side by side.
const reads = 8

// Load is a manifest that is copied from where a source lives, with the blobs
// that it needs.
type Load struct {
	Manifest Manifest
	// Blobs are its config and layers, each once. Those that no registry
	// stores, foreign layers, are not among them.
	Blobs []v1.Descriptor
	// Config is the content of the first of the blobs, if it was read to learn
	// the platform. Nil otherwise.
	Config []byte
	// From is the source that it came with.
	From SourceRef
	// For is what a referrer refers to in the end, an image or an index. Zero
	// for all that the release itself consists of.
	For v1.Hash
	// Subject is what it refers to itself; zero for what is found by a tag.
	Subject v1.Hash
	// Entry is how a referrer is listed by its subject. Zero for what is none,
	// and for what is found by a tag instead.
	Entry v1.Descriptor
	// Tag is the tag by which cosign finds what belongs to an image. Empty for
	// all else.
	Tag string
}

// IsReferrer reports whether the load refers to an image of the release, rather
// than being a part of it.
func (l Load) IsReferrer() bool { return l.For != v1.Hash{} }

// Size is that of all blobs, in bytes.
func (l Load) Size() int64 {
	n := int64(0)
	for _, b := range l.Blobs {
		n += b.Size
	}
	return n
}

// ref is by what the load is looked up in a target.
func (l Load) ref() string {
	if l.Tag != "" {
		return l.Tag
	}
	return l.Manifest.Digest.String()
}

// newLoad makes the load of one manifest.
func newLoad(m Manifest, from SourceRef) (Load, error) {
	load := Load{Manifest: m, From: from}
	var parsed struct {
		Config  *v1.Descriptor  `json:"config"`
		Layers  []v1.Descriptor `json:"layers"`
		Blobs   []v1.Descriptor `json:"blobs"` // of the artifact manifest that OCI 1.1 had in its drafts
		Subject v1.Descriptor   `json:"subject"`
	}
	if err := json.Unmarshal(m.Raw, &parsed); err != nil {
		return load, fmt.Errorf("reading the manifest %s: %w", m.Digest, err)
	}
	load.Subject = parsed.Subject.Digest
	if index.IsIndex(m.MediaType) {
		return load, nil
	}
	blobs := slices.Concat(parsed.Layers, parsed.Blobs)
	if parsed.Config != nil {
		blobs = append([]v1.Descriptor{*parsed.Config}, blobs...)
	}
	total := int64(0)
	for _, b := range blobs {
		if b.Size < 0 || b.Size > math.MaxInt64-total || b.Digest.Hex == "" {
			return load, fmt.Errorf("reading the manifest %s: a blob has the digest %q and the size %d", m.Digest, b.Digest, b.Size)
		}
		total += b.Size
		known := slices.ContainsFunc(load.Blobs, func(o v1.Descriptor) bool { return o.Digest == b.Digest })
		if !known && isStored(b) {
			load.Blobs = append(load.Blobs, b)
		}
	}
	return load, nil
}

// isStored reports whether registries store the blob. Foreign layers are
// fetched from their URLs.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
func isStored(d v1.Descriptor) bool {
	return d.MediaType.IsDistributable() && !strings.HasPrefix(string(d.MediaType), "application/vnd.oci.image.layer.nondistributable.")
}

// readParts makes the loads of the parts of a source that are lacking. Each is
// listed once, so that none is copied twice.
func readParts(ctx context.Context, origin Origin, s Source, lacking map[v1.Hash]bool) ([]Load, error) {
	var parts []Manifest // those without Raw are still to be read
	configs := map[v1.Hash][]byte{}
	add := func(m Manifest) {
		if lacking[m.Digest] {
			delete(lacking, m.Digest)
			parts = append(parts, m)
		}
	}
	for _, image := range s.Images {
		configs[image.Descriptor.Digest] = image.Config
		add(Manifest{Raw: image.Raw, MediaType: image.Descriptor.MediaType, Digest: image.Descriptor.Digest})
		for _, a := range image.Attestations {
			add(Manifest{MediaType: a.MediaType, Digest: a.Digest})
		}
	}
	for _, d := range s.Other {
		add(Manifest{MediaType: d.MediaType, Digest: d.Digest})
	}
	for _, m := range slices.Backward(s.Nested) {
		add(m)
	}
	loads := make([]Load, len(parts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for i, m := range parts {
		group.Go(func() (err error) {
			if m.IsZero() {
				if m, err = origin.Manifest(ctx, m.Digest.String()); err != nil {
					return fmt.Errorf("reading %s, part of %s: %v", parts[i].Digest, s.Text, err) //nolint:errorlint // only the source itself may be "not found, wait for it"
				}
			}
			loads[i], err = newLoad(m, s.SourceRef)
			loads[i].Config = configs[m.Digest]
			return err
		})
	}
	return loads, group.Wait()
}

// planLoads are the loads that one target needs for the content.
func planLoads(c Content, snap Snapshot, state TargetState) []Load {
	wanted := map[v1.Hash]bool{c.Manifest.Digest: true}
	for _, image := range c.Images {
		wanted[image.Descriptor.Digest] = true
		for _, a := range image.Attestations {
			wanted[a.Digest] = true
		}
	}
	if snap.Promoted || snap.Resumed != nil { // it lists them still
		for _, s := range snap.contents() {
			for _, m := range s.Nested {
				wanted[m.Digest] = true
			}
			for _, d := range s.Other {
				wanted[d.Digest] = true
			}
		}
	}
	var loads []Load
	for _, l := range snap.Loads {
		digest, here := l.Manifest.Digest, slices.Contains(state.Lacks, l.Manifest.Digest)
		if l.IsReferrer() {
			digest, here = l.For, l.From.repository() != state.Repo
		}
		if here && wanted[digest] {
			loads = append(loads, l)
		}
	}
	return loads
}

// cosignTag is the tag under which cosign stores what belongs to a digest.
// https://github.com/sigstore/cosign/blob/v2.6.0/specs/SIGNATURE_SPEC.md#tag-based-discovery
func cosignTag(d v1.Hash, suffix string) string {
	return d.Algorithm + "-" + d.Hex + suffix
}
