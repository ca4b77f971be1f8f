// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// maxStill is how long a registry may take to accept the next bytes of a blob.
	// It may have to wait for its own storage.
	maxStill = 2 * time.Minute
	// commitRate is the least number of bytes a second at which a registry is
	// expected to verify and move a blob before it answers, beyond maxStill.
	commitRate = 8 << 20
)

var (
	errStill    = errors.New("the registry has stopped taking the content")
	errNoAnswer = errors.New("the registry took the content and does not answer")
	errSpent    = errors.New("the token has expired during the upload, and content is sent once")
	errDetached = errors.New("the upload is over")
)

// outgoing is the content of an upload on its way. It is as long as it has to be
// and can be sent once, and it gives the request up if that stands still.
//
// The last bytes are handed out when what they come from has ended without an
// error: a registry never gets to see the end of wrong content.
type outgoing struct {
	cancel context.CancelFunc

	mu      sync.Mutex // held while content is read; guards all below
	content io.Reader
	size    int64
	left    int64
	started bool
	end     error       // what Read returns from now on
	failed  error       // why the content came to no good end
	stuck   error       // why the request was given up
	timer   *time.Timer // runs while nothing is read
}

func newOutgoing(content io.Reader, size int64, cancel context.CancelFunc) *outgoing {
	o := &outgoing{content: content, size: size, left: size, cancel: cancel}
	o.timer = time.AfterFunc(maxStill, o.giveUp)
	return o
}

// Read implements [io.Reader].
func (o *outgoing) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != nil {
		return 0, o.end
	}
	o.timer.Stop()
	defer func() { o.timer.Reset(o.patience()) }()
	n, err := o.content.Read(p[:min(int64(len(p)), o.left)])
	o.left -= int64(n)
	switch {
	case o.left == 0:
		if err == nil {
			err = o.expectEnd()
		}
		o.end = err
	case errors.Is(err, io.EOF):
		o.end = fmt.Errorf("it is %d bytes short of %d: %w", o.left, o.size, io.ErrUnexpectedEOF)
	default:
		o.end = err
	}
	if o.end != nil && !errors.Is(o.end, io.EOF) {
		o.failed = o.end
		return 0, o.end
	}
	return n, o.end
}

// expectEnd returns [io.EOF] if nothing follows in the content.
func (o *outgoing) expectEnd() error {
	for {
		var more [1]byte
		n, err := o.content.Read(more[:])
		switch {
		case n > 0:
			return fmt.Errorf("it is larger than %d bytes", o.size)
		case err != nil:
			return err //nolint:wrapcheck // explain does
		}
	}
}

// drain reads content that has to be empty.
func (o *outgoing) drain() error {
	if _, err := o.Read(nil); !errors.Is(err, io.EOF) {
		return o.explain(err)
	}
	return nil
}

// patience is how long the request may stand still from now on.
func (o *outgoing) patience() time.Duration {
	if o.left > 0 {
		return maxStill
	}
	return maxStill + time.Duration(o.size/commitRate)*time.Second
}

func (o *outgoing) giveUp() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.stuck == nil && o.end == nil {
		o.stuck = errStill
	} else if o.stuck == nil {
		o.stuck = errNoAnswer
	}
	o.cancel()
}

// start reports whether the content can be sent, and that it was.
func (o *outgoing) start() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := !o.started
	o.started = true
	return first
}

// detach makes sure that the content is not read any more: package http may go
// on with that after it has returned an answer.
func (o *outgoing) detach() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.timer.Stop()
	if o.end == nil {
		o.end = errDetached
	}
}

// explain says why an upload failed that has ended with err.
func (o *outgoing) explain(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.failed != nil:
		return fmt.Errorf("reading the content to upload: %w", o.failed)
	case o.stuck != nil:
		return fmt.Errorf("%w: %w", o.stuck, err)
	}
	return err
}

// Close implements [io.Closer]. The content is the caller's to close.
func (o *outgoing) Close() error { return nil }
