// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync/atomic"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// maxResumes is how often a blob is read on after its connection broke.
	maxResumes = 5
	// firstPause is waited before the first time, twice as long before the next.
	firstPause = 500 * time.Millisecond
	// maxSilence is how long the other side may neither send nor take a byte.
	maxSilence = time.Minute
)

// errSilent means that a connection was given up since nothing moved.
var errSilent = errors.New("nothing was transferred for " + maxSilence.String())

// download is the content of a blob. It verifies size and digest.
type download struct {
	desc  v1.Descriptor
	hash  hash.Hash
	body  *stream
	again func(attempt int, from int64) (*stream, error)

	done    int64 // bytes read
	resumes int
	broken  error // how body ended too early
	end     error // what Read returns from now on
}

// Read implements [io.Reader].
func (d *download) Read(p []byte) (int, error) {
	for d.end == nil {
		if d.broken != nil && !d.resume() {
			break
		}
		n, err := d.body.Read(p)
		d.done += int64(n)
		d.hash.Write(p[:n])
		switch {
		case d.done > d.desc.Size:
			d.end = hopeless{fmt.Errorf("reading %s: it is larger than %d bytes", d.desc.Digest, d.desc.Size)}
			return 0, d.end
		case err != nil && d.done == d.desc.Size:
			d.end = d.verify()
		case errors.Is(err, io.EOF):
			d.broken = io.ErrUnexpectedEOF
		default:
			d.broken = err
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, d.end
}

// verify returns [io.EOF] if the content is the one that was asked for.
func (d *download) verify() error {
	got := hex.EncodeToString(d.hash.Sum(nil))
	if got == d.desc.Digest.Hex {
		return io.EOF
	}
	err := fmt.Errorf("reading %s: the content has digest %s:%s", d.desc.Digest, d.desc.Digest.Algorithm, got)
	if d.resumes > 0 {
		return err // it may be put together from the wrong parts
	}
	return hopeless{err}
}

// resume opens the blob again where it broke off, or says how it ended.
func (d *download) resume() bool {
	cause := d.broken
	d.broken = nil
	_ = d.body.Close()
	if d.resumes == maxResumes {
		d.end = fmt.Errorf("reading %s: broke off after %d of %d bytes, as it did %d times before: %w", d.desc.Digest, d.done, d.desc.Size, maxResumes, cause)
		return false
	}
	d.resumes++
	body, err := d.again(d.resumes, d.done)
	if err != nil {
		if !errors.Is(cause, err) { // the end of the context is both
			cause = fmt.Errorf("%w (then: %s)", cause, err.Error())
		}
		d.end = fmt.Errorf("reading %s: broke off after %d of %d bytes: %w", d.desc.Digest, d.done, d.desc.Size, cause)
		return false
	}
	d.body = body
	return true
}

// Close implements [io.Closer].
func (d *download) Close() error {
	if d.end == nil {
		d.end = errors.New("reading a blob that was closed")
	}
	return d.body.Close()
}

// stream is the body of an answer that is given up if it stands still.
type stream struct {
	body   io.ReadCloser
	cancel context.CancelFunc
	timer  *time.Timer // runs while something is read
	silent atomic.Bool
}

func newStream(body io.ReadCloser, cancel context.CancelFunc) *stream {
	s := &stream{body: body, cancel: cancel}
	s.timer = time.AfterFunc(maxSilence, func() {
		s.silent.Store(true)
		cancel()
	})
	s.timer.Stop()
	return s
}

func (s *stream) Read(p []byte) (int, error) {
	s.timer.Reset(maxSilence)
	n, err := s.body.Read(p)
	s.timer.Stop()
	if err != nil && s.silent.Load() {
		err = errSilent
	}
	return n, err
}

func (s *stream) Close() error {
	s.timer.Stop()
	err := s.body.Close()
	s.cancel()
	if err != nil {
		return fmt.Errorf("closing an answer: %w", err)
	}
	return nil
}
