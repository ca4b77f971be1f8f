// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Unpack is what limits a tar that is packed with gzip.
var Unpack = unpack

// Memory is a layout without a file system.
type Memory map[string][]byte

// OpenMemory is Open for one.
func OpenMemory(m Memory) (*Layout, error) {
	l := &Layout{files: m}
	return l, l.load()
}

func (m Memory) open(name string) (*file, error) {
	raw, ok := m[name]
	if !ok {
		return nil, fmt.Errorf("opening %s: %w", name, fs.ErrNotExist)
	}
	return &file{io.NewSectionReader(bytes.NewReader(raw), 0, int64(len(raw))), m}, nil
}

// Close implements io.Closer.
func (Memory) Close() error { return nil }

// Scan gives the files that a layout has in a tar.
func Scan(ctx context.Context, raw []byte) (map[string][]byte, error) {
	t := &tarball{data: memoryFile{bytes.NewReader(raw)}}
	if err := t.scan(ctx, int64(len(raw))); err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name, at := range t.extents {
		if at.offset < 0 || at.size < 0 || at.offset+at.size > int64(len(raw)) {
			return nil, fmt.Errorf("%s is outside the tar: %w", name, ErrOutside)
		}
		out[name] = raw[at.offset : at.offset+at.size]
	}
	return out, nil
}

// ErrOutside means that Scan found a file where there are no bytes.
var ErrOutside = errors.New("outside")

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error               { return nil }
func (memoryFile) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
