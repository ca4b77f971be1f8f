// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

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
// that, side by side. The tags of the first subject are looked up, those of the
// others if a glance shows them: a list that lacks what was found is none. A referrer comes after its subject, those of one subject
// in the order in which they are listed, those that are as far from the subjects
// before those of them that have tags. What is known is left out: an attestation
// may have its image as its subject.
//
// What an index under a fallback tag lists and is gone is left out. More than
// 1000 referrers, more than 16 MiB of them, or more than 4 that refer to each
// other in a row, are an error.
func Referrers(ctx context.Context, origin Origin, subjects, known []v1.Hash) ([]Referrer, error) {
	return follow(ctx, origin, nil, subjects, known)
}

// follow is Referrers for an origin whose tags are known; nil: they are not.
func follow(ctx context.Context, origin Origin, tags []string, subjects, known []v1.Hash) ([]Referrer, error) {
	f := &follower{origin: newAllowance().of(origin), left: maxReferrers, met: map[string]bool{}}
	if tags != nil {
		f.shown = &shown{decided: make(chan struct{})}
		f.shown.decide(tags, true)
	}
	for _, digest := range known {
		f.met[digest.String()] = true
	}
	level := make([]Referrer, 0, len(subjects))
	for _, digest := range subjects {
		level = append(level, Referrer{Manifest: Manifest{Digest: digest}, Root: digest})
	}
	var all []Referrer
	for depth := 0; len(level) > 0; depth++ {
		var err error
		if level, err = f.step(ctx, level); err != nil {
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
	// shown is what a glance showed; nil: there was no need to have one.
	shown *shown
}

// shown are the tags that are known to be there.
type shown struct {
	// decided is closed when the rest is set.
	decided chan struct{}
	tags    map[string]struct{}
	// whole: there are no others. Else nobody knows.
	whole bool
}

func (s *shown) decide(tags []string, whole bool) {
	s.tags, s.whole = make(map[string]struct{}, len(tags)), whole
	for _, tag := range tags {
		s.tags[tag] = struct{}{}
	}
	close(s.decided)
}

// mayBe reports whether a tag may be there. It waits for the decision.
func (s *shown) mayBe(tag string) bool {
	<-s.decided
	_, there := s.tags[tag]
	return there || !s.whole
}

// step returns what refers to the subjects themselves. No registry has to list
// anything for tags to be looked up.
func (f *follower) step(ctx context.Context, subjects []Referrer) ([]Referrer, error) {
	var listed, tagged []Referrer
	first, decide := subjects[0].Manifest.Digest, f.shown == nil && len(subjects) > 1
	if decide {
		f.shown = &shown{decided: make(chan struct{})}
	}
	mayBe := func(tag string) bool {
		return f.shown == nil || decide && strings.HasPrefix(tag, cosignTag(first, "")) || f.shown.mayBe(tag)
	}
	candidates := f.tags(subjects)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if decide {
			tagged, candidates, err = f.decide(ctx, first, candidates)
		}
		if err != nil {
			return err
		}
		candidates = slices.DeleteFunc(candidates, func(r Referrer) bool { return !mayBe(r.Tag) })
		others, err := f.read(ctx, candidates)
		tagged = append(tagged, others...)
		return err
	})
	group.Go(func() (err error) {
		if listed, err = f.list(ctx, subjects, mayBe); err == nil {
			listed, err = f.read(ctx, listed)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if f.left -= len(tagged); f.left < 0 {
		return nil, errTooManyReferrers
	}
	return append(listed, tagged...), nil
}

// decide looks up the tags of the first subject, has a glance at all tags, and
// decides whether that shows them. It returns what it found, and the candidates
// that are left.
func (f *follower) decide(ctx context.Context, first v1.Hash, candidates []Referrer) (found, left []Referrer, err error) {
	for _, r := range candidates {
		if r.Subject == first {
			found = append(found, r)
		} else {
			left = append(left, r)
		}
	}
	var tags []string
	var whole bool
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found, err = f.read(inner, found)
		return err
	})
	group.Go(func() error {
		tags, whole = f.origin.Glance(inner)
		return nil
	})
	err = group.Wait()
	whole = whole && err == nil && !slices.ContainsFunc(found, func(r Referrer) bool { return !slices.Contains(tags, r.Tag) })
	f.shown.decide(tags, whole)
	return found, left, err
}

// tags returns where cosign may have put what refers to the subjects.
func (f *follower) tags(subjects []Referrer) []Referrer {
	var out []Referrer
	for _, s := range subjects {
		for _, suffix := range []string{".sig", ".att", ".sbom"} {
			tag := cosignTag(s.Manifest.Digest, suffix)
			if !f.met[tag] {
				f.met[tag] = true
				out = append(out, Referrer{Subject: s.Manifest.Digest, Root: s.Root, Tag: tag})
			}
		}
	}
	return out
}

// list returns what is listed as referring to the subjects, without its
// manifests.
func (f *follower) list(ctx context.Context, subjects []Referrer, mayBe func(string) bool) ([]Referrer, error) {
	listed := make([][]v1.Descriptor, len(subjects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for i, s := range subjects {
		group.Go(func() (err error) {
			listed[i], err = f.origin.Referrers(ctx, s.Manifest.Digest, mayBe)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var out []Referrer
	for i, s := range subjects {
		for _, entry := range listed[i] {
			r := Referrer{Subject: s.Manifest.Digest, Root: s.Root, Entry: entry}
			if f.met[r.ref()] {
				continue
			}
			f.met[r.ref()] = true
			out = append(out, r)
			if f.left--; f.left < 0 { // also for what is gone
				return nil, errTooManyReferrers
			}
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
		found = append(found, r)
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
