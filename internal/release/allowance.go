// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"fmt"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxHeld bounds what the manifests of all sources, of what refers to them,
// and of what is kept for a clean-up, and the configs of images, may have
// together, in bytes. A release of ten platforms with attestations has some
// 100 kB.
const maxHeld = 16 << 20

// allowance is what all manifests and configs that a release holds may take. One
// of them may have 4 MiB, and an index may list a thousand.
type allowance struct {
	left  atomic.Int64
	slots chan struct{}
}

func newAllowance() *allowance {
	a := &allowance{slots: make(chan struct{}, reads)}
	a.left.Store(maxHeld)
	return a
}

// of returns the origin, with manifests that count.
func (a *allowance) of(o Origin) Origin { return rationed{o, a} }

// rationed is an origin whose manifests count.
type rationed struct {
	Origin
	allowance *allowance
}

// Manifest implements [Reader].
func (r rationed) Manifest(ctx context.Context, ref string) (Manifest, error) {
	select {
	case r.allowance.slots <- struct{}{}:
		defer func() { <-r.allowance.slots }()
	case <-ctx.Done():
		return Manifest{}, context.Cause(ctx)
	}
	if r.allowance.left.Load() < 0 { // the first to fail may not be noticed yet
		return Manifest{}, errHeld
	}
	m, err := r.Origin.Manifest(ctx, ref)
	if err == nil && r.allowance.left.Add(-int64(len(m.Raw))) < 0 {
		return Manifest{}, errHeld
	}
	return m, err
}

// Blob implements [Reader].
func (r rationed) Blob(ctx context.Context, desc v1.Descriptor) ([]byte, error) {
	raw, err := r.Origin.Blob(ctx, desc)
	if err == nil && r.allowance.left.Add(-int64(len(raw))) < 0 {
		return nil, errHeld
	}
	return raw, err
}

var errHeld = fmt.Errorf("all manifests together are larger than %d MiB, with the configs of their images", maxHeld>>20)
