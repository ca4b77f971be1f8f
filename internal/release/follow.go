// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

const (
	// maxReferrers bounds what may refer to the images of one source.
	maxReferrers = 1000
	// maxReferrerDepth bounds referrers of referrers: the signature of an SBOM
	// is at depth two.
	maxReferrerDepth = 4
)

// Referrer is a manifest that refers to another one: it has that as its
// subject, or cosign gave it a tag that is made of the other's digest.
type Referrer struct {
	Manifest Manifest
	// Subject is what it refers to. Root is which of the subjects that were
	// asked for that leads to in the end; the same but for referrers of
	// referrers.
	Subject, Root v1.Hash
	// Entry is how it is listed by its subject. Zero for what has a Tag.
	Entry v1.Descriptor
	// Tag is the tag by which cosign finds it. Empty for what is listed.
	Tag string
}

// ref is by what the referrer is looked up.
func (r Referrer) ref() string {
	if r.Tag != "" {
		return r.Tag
	}
	return r.Entry.Digest.String()
}

// Referrers reads everything that refers to the subjects, and what refers to
// that, side by side. A referrer comes after its subject, those of one subject
// in the order in which they are listed, before those that have tags. What is
// known is left out: an attestation may have its image as its subject.
//
// What an index under a fallback tag lists and is gone is left out. More than
// 1000 referrers, more than 16 MiB of them, or more than 4 that refer to each
// other in a row, are an error.
func Referrers(ctx context.Context, origin Origin, subjects, known []v1.Hash) ([]Referrer, error) {
	f := &follower{origin: newAllowance().of(origin), left: maxReferrers, met: map[string]bool{}}
	for _, digest := range known {
		f.met[digest.String()] = true
	}
	level := make([]Referrer, 0, len(subjects))
	for _, digest := range subjects {
		level = append(level, Referrer{Manifest: Manifest{Digest: digest}, Root: digest})
	}
	var all []Referrer
	for depth := 0; len(level) > 0; depth++ {
		candidates, err := f.list(ctx, level)
		if err != nil {
			return nil, err
		}
		if level, err = f.read(ctx, candidates); err != nil {
			return nil, err
		}
		if len(level) > 0 && depth == maxReferrerDepth {
			return nil, fmt.Errorf("referrers refer to each other more than %d deep", maxReferrerDepth)
		}
		all = append(all, level...)
	}
	return all, nil
}

// follower follows referrers of one origin.
type follower struct {
	origin Origin
	left   int // how many more there may be
	// met are the digests and tags that need no look any more.
	met map[string]bool
}

// list returns what may refer to the subjects, without its manifests.
func (f *follower) list(ctx context.Context, subjects []Referrer) ([]Referrer, error) {
	listed := make([][]v1.Descriptor, len(subjects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for i, s := range subjects {
		group.Go(func() (err error) {
			listed[i], err = f.origin.Referrers(ctx, s.Manifest.Digest)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var out []Referrer
	add := func(r Referrer) {
		if f.met[r.ref()] {
			return
		}
		f.met[r.ref()] = true
		out = append(out, r)
		if r.Tag == "" {
			f.left-- // also for what is gone
		}
	}
	for i, s := range subjects {
		of := Referrer{Subject: s.Manifest.Digest, Root: s.Root}
		for _, entry := range listed[i] {
			of.Entry = entry
			add(of)
		}
		if f.left < 0 {
			return nil, errTooManyReferrers
		}
		of.Entry = v1.Descriptor{}
		for _, suffix := range []string{".sig", ".att", ".sbom"} {
			of.Tag = cosignTag(of.Subject, suffix)
			add(of)
		}
	}
	return out, nil
}

// read reads the manifests, and leaves out what there is none of.
func (f *follower) read(ctx context.Context, candidates []Referrer) ([]Referrer, error) {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for i := range candidates {
		r := &candidates[i]
		group.Go(func() (err error) {
			r.Manifest, err = f.origin.Manifest(inner, r.ref())
			if err != nil && !errors.Is(err, ErrNotFound) {
				return fmt.Errorf("reading %s, which refers to %s: %w", r.ref(), r.Subject, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var found []Referrer
	for _, r := range candidates {
		if r.Manifest.IsZero() || r.Tag == "" && !refers(r.Manifest, r.Subject) {
			continue // gone, or listed by mistake: anybody may write a fallback tag
		}
		if r.Tag != "" {
			f.left--
		}
		found = append(found, r)
	}
	if f.left < 0 {
		return nil, errTooManyReferrers
	}
	return found, nil
}

// refers reports whether the manifest says that subject is its subject.
func refers(m Manifest, subject v1.Hash) bool {
	var parsed struct {
		Subject struct {
			Digest v1.Hash `json:"digest"`
		} `json:"subject"`
	}
	return json.Unmarshal(m.Raw, &parsed) == nil && parsed.Subject.Digest == subject
}

var errTooManyReferrers = fmt.Errorf("there are more than %d referrers", maxReferrers)
