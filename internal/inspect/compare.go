// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/release"
)

// Compare reads two references, side by side, and says in what they differ. Of two with the same digest nothing but the manifest
// is read, and else nothing but what tells the platforms. Referrers are not compared. The error joins those of both; it matches
// [release.ErrNotFound] if a manifest is not there.
func Compare(ctx context.Context, a, b Source) (Comparison, error) {
	sources, manifests := [2]Source{a, b}, [2]release.Manifest{}
	err := both(func(i int) (err error) {
		manifests[i], err = Manifest(ctx, sources[i])
		return err
	})
	if err != nil {
		return Comparison{}, err
	}
	c := Comparison{A: newSide(a, manifests[0]), B: newSide(b, manifests[1])}
	if c.Same() {
		return c, nil
	}
	var lists [2]*list
	var images [2][]listed
	err = both(func(i int) (err error) {
		r := reader{origin: sources[i].Origin}
		if lists[i], err = r.list(ctx, manifests[i]); err == nil {
			images[i], err = r.listed(ctx, lists[i])
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", sources[i].Name, err)
		}
		return nil
	})
	if err != nil {
		return Comparison{}, err
	}
	return c.with(lists, images), nil
}

// both calls read for A and B side by side, and joins their errors.
func both(read func(i int) error) error {
	var errs [2]error
	var group errgroup.Group
	for i := range errs {
		group.Go(func() error {
			errs[i] = read(i)
			return nil
		})
	}
	_ = group.Wait() // both errors are told
	return errors.Join(errs[:]...)
}

func newSide(s Source, m release.Manifest) Side {
	return Side{Reference: s.Name, Digest: m.Digest, MediaType: m.MediaType, Size: int64(len(m.Raw))}
}

// with compares what was read of two manifests that differ.
func (c Comparison) with(lists [2]*list, images [2][]listed) Comparison {
	a, b := lists[0], lists[1]
	c.Annotations = compareAnnotations(a.annotations, b.annotations)
	pairs := match(images[0], images[1])
	same := true
	for _, p := range pairs {
		pair := p.compare()
		same = same && pair.A == pair.B && len(pair.Differs) == 0
		c.Images = append(c.Images, pair)
	}
	c.Other = compareOther(a.other, b.other)
	for _, d := range []struct {
		is   bool
		what Difference
	}{
		{c.A.MediaType != c.B.MediaType, MediaTypeDiffers},
		{len(c.Annotations) > 0, AnnotationsDiffer},
		{!same, ImagesDiffer},
		{!isOrdered(pairs), OrderDiffers},
		{len(c.Other) > 0, OtherDiffers},
	} {
		if d.is {
			c.Differs = append(c.Differs, d.what)
		}
	}
	if len(c.Differs) == 0 {
		c.Differs = []Difference{BytesDiffer}
	}
	return c
}

func compareAnnotations(a, b map[string]string) []Annotation {
	names := maps.Clone(a)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, b)
	var out []Annotation
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, inA := a[name]
		y, inB := b[name]
		if x == y && inA == inB {
			continue
		}
		annotation := Annotation{Name: name}
		if inA {
			annotation.A = &x
		}
		if inB {
			annotation.B = &y
		}
		out = append(out, annotation)
	}
	return out
}

// compareOther returns what only one of the two has, A's first.
func compareOther(a, b []v1.Descriptor) []Entry {
	lacks := func(list []v1.Descriptor, d v1.Descriptor) bool {
		return !slices.ContainsFunc(list, func(e v1.Descriptor) bool { return e.Digest == d.Digest })
	}
	var out []Entry
	for _, d := range a {
		if lacks(b, d) {
			out = append(out, Entry{Descriptor: d})
		}
	}
	for _, d := range b {
		if lacks(a, d) {
			out = append(out, Entry{Descriptor: d, InB: true})
		}
	}
	return out
}
