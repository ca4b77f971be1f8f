// SPDX-License-Identifier: Apache-2.0

package release

import (
	"io"
	"sync/atomic"
)

// Meter counts what [Stage] copies. It may be read while Stage runs. The zero
// value is ready.
type Meter struct {
	blobs, ofBlobs atomic.Int64
	bytes, ofBytes atomic.Int64
}

// Progress is how far copying is, over all targets. What a target has already,
// or takes over from another repository of its registry, counts as copied.
type Progress struct {
	Blobs, OfBlobs int64
	Bytes, OfBytes int64
}

// Now reads the meter.
func (m *Meter) Now() Progress {
	return Progress{
		Blobs: m.blobs.Load(), OfBlobs: m.ofBlobs.Load(),
		Bytes: m.bytes.Load(), OfBytes: m.ofBytes.Load(),
	}
}

// expect adds a blob that will be copied.
func (m *Meter) expect(size int64) {
	m.ofBlobs.Add(1)
	m.ofBytes.Add(size)
}

// done notes a blob that is in its target; size is what of it was not counted
// while it went through.
func (m *Meter) done(size int64) {
	m.blobs.Add(1)
	m.bytes.Add(size)
}

// metered counts what is read through it, and can take that back.
type metered struct {
	io.Reader
	meter *Meter
	n     atomic.Int64
}

func (r *metered) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n.Add(int64(n))
	r.meter.bytes.Add(int64(n))
	return n, err //nolint:wrapcheck // a reader passes on what its reader says, io.EOF too
}

// undo takes back what was counted: it will be sent again.
func (r *metered) undo() { r.meter.bytes.Add(-r.n.Swap(0)) }
