// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	// maxRatio and ratioFrom bound what a packed tar may unpack to. Layers are mostly compressed already, and hardly shrink again.
	maxRatio  = 100
	ratioFrom = 1 << 30
	// spoolStep is how much is unpacked between two looks at the context.
	spoolStep = 16 << 20
)

// spooled is a temporary file, which is gone once it is closed.
type spooled struct{ *os.File }

// spool unpacks a file. Gzip cannot be read at an offset, and to unpack it anew for each blob would cost more than the room.
func spool(ctx context.Context, packed *os.File) (spooled, error) {
	info, err := packed.Stat()
	if err != nil {
		return spooled{}, fmt.Errorf("unpacking gzip: %w", err)
	}
	in, err := gzip.NewReader(packed)
	if err != nil {
		return spooled{}, fmt.Errorf("unpacking gzip: %w", err)
	}
	f, err := os.CreateTemp("", "polytag-*.tar")
	if err != nil {
		return spooled{}, fmt.Errorf("unpacking gzip: %w", err)
	}
	out := spooled{f}
	_ = os.Remove(f.Name()) // so that it does not outlive a process that is killed; Windows refuses, and has it removed by Close
	if err := unpack(ctx, out, in, max(maxRatio*info.Size(), ratioFrom)); err != nil {
		return spooled{}, errors.Join(fmt.Errorf("unpacking gzip: %w", err), out.Close())
	}
	return out, nil
}

func unpack(ctx context.Context, out io.Writer, in io.Reader, limit int64) error {
	for left := limit; left > 0; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := io.CopyN(out, in, min(left, spoolStep))
		switch left -= n; {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("copying: %w", err)
		}
	}
	return fmt.Errorf("it has more than %d bytes, and more than %d times what was packed; unpack the file first: gunzip FILE", limit-1, maxRatio)
}

// Close removes the file, too, where it has a name still.
func (s spooled) Close() error {
	err := s.File.Close()
	if removed := os.Remove(s.Name()); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	if err != nil {
		return fmt.Errorf("closing a temporary file: %w", err)
	}
	return nil
}
