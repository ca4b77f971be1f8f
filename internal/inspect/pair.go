// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"context"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
)

// listed is an image as it is listed, with its platform.
type listed struct {
	index.Child
	spec platform.Spec
	// single says that no index lists it, so that its entry says nothing.
	single bool
}

// pair is the image of one platform in A, and that in B; nil: there is none.
type pair struct {
	a, b *listed
	// at is the place of b in its list.
	at int
}

// listed finds the platforms of all images. It reads only those of which the index does not say it.
func (r *reader) listed(ctx context.Context, l *list) ([]listed, error) {
	out := make([]listed, len(l.children))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, child := range l.children {
		out[i] = listed{Child: child, spec: platform.FromOCI(child.Descriptor.Platform), single: l.single != nil}
		if isDeclared(child.Descriptor) {
			continue
		}
		group.Go(func() error {
			m, err := r.open(ctx, l, child.Descriptor)
			if err != nil {
				return err
			}
			out[i].spec, err = r.platform(ctx, m, child.Descriptor)
			return err
		})
	}
	return out, group.Wait()
}

// match finds for each image of a the one of b for the same platform. Of several for one platform, those of one digest belong
// together, and the rest in its order. What is only in b comes last.
func match(a, b []listed) []pair {
	pairs := make([]pair, 0, max(len(a), len(b)))
	for i := range a {
		pairs = append(pairs, pair{a: &a[i]})
	}
	taken := make([]bool, len(b))
	find := func(fits func(x, y *listed) bool) {
		for i := range pairs {
			p := &pairs[i]
			for j := range b {
				if p.b == nil && !taken[j] && p.a.spec.Key() == b[j].spec.Key() && fits(p.a, &b[j]) {
					p.b, p.at, taken[j] = &b[j], j, true
				}
			}
		}
	}
	find(func(x, y *listed) bool { return x.Descriptor.Digest == y.Descriptor.Digest })
	find(func(*listed, *listed) bool { return true })
	for j := range b {
		if !taken[j] {
			pairs = append(pairs, pair{b: &b[j]})
		}
	}
	return pairs
}

// isOrdered reports whether b has what both have in the order of a.
func isOrdered(pairs []pair) bool {
	return slices.IsSortedFunc(slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool { return p.a == nil || p.b == nil }),
		func(x, y pair) int { return cmp.Compare(x.at, y.at) })
}

// compare says in what the two differ.
func (p pair) compare() Pair {
	switch {
	case p.b == nil:
		return Pair{Platform: p.a.spec.String(), A: p.a.Descriptor.Digest}
	case p.a == nil:
		return Pair{Platform: p.b.spec.String(), B: p.b.Descriptor.Digest}
	}
	x, y := p.a.Descriptor, p.b.Descriptor
	out := Pair{Platform: p.a.spec.String(), A: x.Digest, B: y.Digest}
	isListed := !p.a.single && !p.b.single
	for _, d := range []struct {
		is   bool
		what Difference
	}{
		{x.Digest != y.Digest, DigestDiffers},
		{x.MediaType != y.MediaType, MediaTypeDiffers},
		{isListed && !samePlatform(x.Platform, y.Platform), PlatformDiffers},
		{isListed && !maps.Equal(x.Annotations, y.Annotations), AnnotationsDiffer},
		{isListed && !slices.Equal(digests(p.a.Attestations), digests(p.b.Attestations)), AttestationsDiffer},
	} {
		if d.is {
			out.Differs = append(out.Differs, d.what)
		}
	}
	return out
}

// samePlatform compares what is written, not what it means.
func samePlatform(a, b *v1.Platform) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equals(*b)
}

// digests are those of entries, in an order of their own.
func digests(entries []v1.Descriptor) []string {
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, e.Digest.String())
	}
	slices.Sort(out)
	return out
}
