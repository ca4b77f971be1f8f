// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// maxEntries bounds the files of a tar. A release of 1000 images of 20 layers has some 20,000.
const maxEntries = 100_000

var blobGrammar = pattern.Lazy(`^blobs/sha256/[0-9a-f]{64}$`)

// tarball is a layout in a tar, whose blobs are read where they are.
type tarball struct {
	data    source
	extents map[string]extent
	nested  string // the folder in which a layout is, if not at the top
}

// extent is where the contents of a file are.
type extent struct{ offset, size int64 }

// source is an open file, or what was unpacked from one.
type source interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

func openTarball(ctx context.Context, root *os.Root, name string) (files, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the file: %w", err)
	}
	data, err := unpacked(ctx, f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	info, err := data.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the file: %w", err), data.Close())
	}
	t := &tarball{data: data}
	if err := t.scan(ctx, info.Size()); err != nil {
		return nil, errors.Join(err, data.Close())
	}
	return t, nil
}

// unpacked is f itself if it can be a tar, or what gzip packed into it; then f is closed.
func unpacked(ctx context.Context, f *os.File) (source, error) {
	head := make([]byte, 4)
	n, err := f.ReadAt(head, 0)
	switch head = head[:n]; {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("reading the file: %w", err)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		data, err := spool(ctx, f)
		if err != nil {
			return nil, err
		}
		_ = f.Close() // it was only read
		return data, nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, errors.New("it is packed with zstd; unpack it first: zstd -d FILE")
	}
	return f, nil
}

// scan reads the headers.
func (t *tarball) scan(ctx context.Context, size int64) error {
	t.extents = map[string]extent{}
	section := io.NewSectionReader(t.data, 0, size)
	reader := tar.NewReader(section) // which does not read ahead
	for n := 0; ; n++ {
		header, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && n == 0:
			return errors.New("it is neither a folder nor a tar")
		case err != nil:
			return fmt.Errorf("reading the tar: %w", err)
		case n == maxEntries:
			return fmt.Errorf("reading the tar: it has more than %d files", maxEntries)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		offset, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return fmt.Errorf("reading the tar: %w", err)
		}
		if err := t.add(header, extent{offset, header.Size}); err != nil {
			return fmt.Errorf("reading the tar: %w", err)
		}
	}
}

// add notes a file that belongs to a layout. Others are passed over: docker save adds some.
func (t *tarball) add(header *tar.Header, at extent) error {
	name := path.Clean(header.Name)
	if path.Base(name) == markerFile && name != markerFile {
		t.nested = path.Dir(name)
	}
	if name != markerFile && name != indexFile && name != archiveFile && !blobGrammar().MatchString(name) {
		return nil
	}
	if _, ok := t.extents[name]; ok {
		return fmt.Errorf("%s is there twice", name)
	}
	if header.Typeflag != tar.TypeReg {
		return fmt.Errorf("%s: %w", name, errNotRegular)
	}
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return fmt.Errorf("%s is a sparse file", name)
		}
	}
	t.extents[name] = at
	return nil
}

func (t *tarball) Close() error {
	if err := t.data.Close(); err != nil {
		return fmt.Errorf("closing the tar: %w", err)
	}
	return nil
}

func (t *tarball) open(name string) (*file, error) {
	at, ok := t.extents[name]
	if !ok {
		return nil, fmt.Errorf("opening %s: %w", name, fs.ErrNotExist)
	}
	return &file{io.NewSectionReader(t.data, at.offset, at.size), io.NopCloser(nil)}, nil
}
