// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

const (
	// streams is how many large blobs are on the way side by side: they share a
	// line that a few can fill. asked is how many are looked for, and how many
	// small ones are on the way: what takes time there is to wait for answers.
	streams, asked = 4, 16
	// small is the size of a blob, in bytes, below which its answers take longer
	// than its content.
	small = 1 << 20
	// tries is how often a blob is sent before the release fails.
	tries = 4
	// chunk is how much of a blob is handed to several targets at once.
	chunk = 128 << 10
)

// parcel is a blob on its way to the targets that need it.
type parcel struct {
	blob    v1.Descriptor
	content []byte      // if it was read before
	sources []SourceRef // any of them has it
	targets []*cargo
}

func (p *parcel) add(from SourceRef, to *cargo) {
	if !slices.ContainsFunc(p.sources, func(s SourceRef) bool {
		return s.Layout == from.Layout && s.repository() == from.repository()
	}) {
		p.sources = append(p.sources, from)
	}
	if !slices.Contains(p.targets, to) {
		p.targets = append(p.targets, to)
	}
}

// carryBlobs brings every cargo its blobs.
func carryBlobs(ctx context.Context, reg Registry, cargos []*cargo, meter *Meter) error {
	parcels := blobsOf(cargos)
	for _, p := range parcels {
		for range p.targets {
			meter.expect(p.blob.Size)
		}
	}
	line := semaphore.NewWeighted(asked)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(asked)
	for _, p := range parcels {
		group.Go(func() error {
			waiting, err := p.spread(ctx, meter)
			if len(waiting) == 0 || err != nil {
				return err
			}
			if err := line.Acquire(ctx, p.share()); err != nil {
				return context.Cause(ctx)
			}
			defer line.Release(p.share())
			return p.send(ctx, reg, waiting, meter)
		})
	}
	return group.Wait()
}

// share is how much of the line the blob takes.
func (p *parcel) share() int64 {
	if p.blob.Size < small {
		return 1
	}
	return asked / streams
}

// spread finds the targets that have the blob or can take it over, and returns
// those that it has to be sent to.
func (p *parcel) spread(ctx context.Context, meter *Meter) ([]*cargo, error) {
	sent := make([]bool, len(p.targets))
	group, ctx := errgroup.WithContext(ctx)
	for i, c := range p.targets {
		group.Go(func() error {
			there, err := p.appear(ctx, c)
			if err != nil {
				return fmt.Errorf("copying %s to %s: %w", p.blob.Digest, c.target.Repo, err)
			}
			if there {
				meter.done(p.blob.Size)
			}
			sent[i] = !there
			return nil
		})
	}
	err := group.Wait()
	var waiting []*cargo
	for i, c := range p.targets {
		if sent[i] {
			waiting = append(waiting, c)
		}
	}
	return waiting, err
}

// appear reports whether a target has the blob, or has it now because it took
// it over. Taking over comes first: a blob that is there is taken over as well.
func (p *parcel) appear(ctx context.Context, c *cargo) (bool, error) {
	for _, from := range p.sources {
		if c.distrusted || from.Layout != nil || from.repository().Registry != c.target.Repo.Registry {
			continue
		}
		mounted, err := c.repo.Mount(ctx, p.blob.Digest, from.repository())
		if err != nil {
			return false, err
		}
		if mounted {
			c.count(func(s *Staged) { s.Mounted++ })
			return true, nil
		}
	}
	has, err := c.repo.Has(ctx, p.blob.Digest)
	if has {
		c.count(func(s *Staged) { s.Present++ })
	}
	return has, err
}

// send uploads the blob to targets. What breaks off is tried again.
func (p *parcel) send(ctx context.Context, reg Registry, waiting []*cargo, meter *Meter) error {
	for try := 1; ; try++ {
		errs, readErr := p.stream(ctx, reg, waiting, meter)
		var again []*cargo
		var failures []error
		for i, c := range waiting {
			if errs[i] == nil {
				c.count(func(s *Staged) { s.Uploaded, s.Bytes = s.Uploaded+1, s.Bytes+p.blob.Size })
				meter.done(0)
				continue
			}
			again = append(again, c)
			failures = append(failures, fmt.Errorf("copying %s to %s: %w", p.blob.Digest, c.target.Repo, errs[i]))
		}
		if readErr != nil {
			failures = []error{readErr} // all the others are its echo
			if len(p.sources) > 1 {
				p.sources = append(p.sources[1:], p.sources[0]) // another one may have it whole
			}
		}
		err := errors.Join(failures...)
		switch {
		case len(again) == 0:
			return nil
		case try == tries, ctx.Err() != nil, errors.Is(err, ErrRefused), errors.Is(err, ErrNotFound):
			return err
		}
		if waitErr := Pause(ctx, time.Duration(1<<try)*500*time.Millisecond); waitErr != nil {
			return errors.Join(err, waitErr)
		}
		waiting = again
	}
}

// stream reads the blob once, and uploads it to every target meanwhile. It
// returns what each upload ended with, and what reading did.
func (p *parcel) stream(ctx context.Context, reg Registry, targets []*cargo, meter *Meter) (errs []error, readErr error) {
	errs = make([]error, len(targets))
	body, from, err := p.open(ctx, reg)
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
		return errs, err
	}
	defer body.Close()
	source := &watched{Reader: body}
	readers, pump := split(source, len(targets))
	var group errgroup.Group
	for i, c := range targets {
		group.Go(func() error {
			content := &metered{Reader: readers[i], meter: meter}
			errs[i] = c.repo.Upload(ctx, p.blob, content)
			if errs[i] != nil {
				content.undo()
			}
			if r, ok := readers[i].(*io.PipeReader); ok {
				_ = r.CloseWithError(io.ErrClosedPipe) // the pump goes on without it
			}
			return nil
		})
	}
	pump()
	_ = group.Wait() // failures are in errs
	if source.err != nil {
		readErr = fmt.Errorf("reading %s from %s: %w", p.blob.Digest, from, source.err)
	}
	return errs, readErr
}

// open opens the blob at the first source that has it, and says which that is.
func (p *parcel) open(ctx context.Context, reg Registry) (body io.ReadCloser, from string, err error) {
	if p.content != nil {
		return io.NopCloser(bytes.NewReader(p.content)), "memory", nil
	}
	var errs []error
	for _, source := range p.sources {
		body, err := source.origin(reg).Open(ctx, p.blob)
		if err == nil {
			return body, source.Text, nil
		}
		errs = append(errs, fmt.Errorf("reading %s from %s: %w", p.blob.Digest, source.Text, err))
	}
	return nil, "", errors.Join(errs...)
}

// watched remembers why reading ended, unless that is the end.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err //nolint:wrapcheck // a reader passes on what its reader says, io.EOF too
}

// split gives n readers of one source, and the pump that feeds them: it runs
// until the source ends or nobody reads any more. One reader alone needs none.
func split(source io.Reader, n int) (readers []io.Reader, pump func()) {
	if n == 1 {
		return []io.Reader{source}, func() {}
	}
	var writers []*io.PipeWriter
	for range n {
		r, w := io.Pipe()
		readers, writers = append(readers, r), append(writers, w)
	}
	return readers, func() {
		buf := make([]byte, chunk)
		for {
			n, err := source.Read(buf)
			writers = slices.DeleteFunc(writers, func(w *io.PipeWriter) bool {
				_, gone := w.Write(buf[:n])
				return gone != nil
			})
			if err != nil || len(writers) == 0 {
				for _, w := range writers {
					_ = w.CloseWithError(err) // io.EOF is the end for a reader too
				}
				return
			}
		}
	}
}
