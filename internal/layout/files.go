// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// files are the files of a layout, wherever they are.
type files interface {
	// open opens a regular file by its slash-separated name. fs.ErrNotExist if there is none.
	open(name string) (*file, error)
	io.Closer
}

// file is a file whose size is known, and stays what it is.
type file struct {
	*io.SectionReader
	io.Closer
}

// readSmall reads a file of at most maxSmall bytes.
func readSmall(from files, name string) ([]byte, error) {
	f, err := from.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.small(name)
}

// small reads a whole file of at most maxSmall bytes.
func (f *file) small(name string) ([]byte, error) {
	if f.Size() > maxSmall {
		return nil, fmt.Errorf("reading %s: it has %d bytes, more than the %d that are read", name, f.Size(), maxSmall)
	}
	raw := make([]byte, f.Size())
	if _, err := io.ReadFull(f.SectionReader, raw); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return raw, nil
}

// folder is a layout as the specification has it.
type folder struct{ root *os.Root }

func openFolder(root *os.Root, name string) (files, error) {
	sub, err := root.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("opening the folder: %w", err)
	}
	return folder{sub}, nil
}

func (d folder) Close() error {
	if err := d.root.Close(); err != nil {
		return fmt.Errorf("closing the folder: %w", err)
	}
	return nil
}

func (d folder) open(name string) (*file, error) {
	// Opening a pipe would wait for a writer.
	if info, err := d.root.Stat(name); err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening %s: %w", name, errNotRegular)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", name, err), f.Close())
	}
	return &file{io.NewSectionReader(f, 0, info.Size()), f}, nil
}

var errNotRegular = errors.New("it is no regular file")
