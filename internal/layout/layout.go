// SPDX-License-Identifier: Apache-2.0

// Package layout reads OCI image layouts: a folder, or a tar of one, that a build handed over instead of pushing it.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
//
// Nothing in a layout is trusted. A blob is what its digest says or an error, links that lead out of the folder are refused, and
// so is a link in a tar. Nothing large is held in memory: index.json, manifests and configs are bounded by 4 MiB, layers are
// streamed. A tar is not unpacked: its headers are read once, and blobs are read from their places. One that is packed with gzip
// has no such places, and is spooled to a temporary file first.
//
// The package of that name in go-containerregistry reads whole blobs without a bound, does not look at the file oci-layout, and
// knows no tar.
package layout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/release"
)

// maxSmall bounds what is read into memory: index.json, a manifest, a config. Registries take no larger manifests.
const maxSmall = index.MaxSize

// The files of a layout.
const (
	markerFile = "oci-layout"
	indexFile  = "index.json"
	// archiveFile is what docker save writes beside a layout, or instead of one.
	archiveFile = "manifest.json"
)

// Layout is an open OCI image layout. It may be used by several goroutines, and is a [release.Reader].
type Layout struct {
	files   files
	index   release.Manifest // index.json
	entries []v1.Descriptor  // what it lists, in its order

	mu    sync.Mutex
	graph *graph // how the entries hang together. Nil until it is needed
}

var _ release.Reader = (*Layout)(nil)

// Open opens the layout at name, a folder or a tar inside root; a link may not lead out of root. A tar packed with gzip is
// unpacked into a temporary file, which ctx ends. The caller closes the layout; root may be closed before that.
//
// The error is [fs.ErrNotExist] if there is nothing at name.
func Open(ctx context.Context, root *os.Root, name string) (*Layout, error) {
	l, err := open(ctx, root, name)
	if err != nil {
		return nil, fmt.Errorf("opening OCI layout %q: %w", name, err)
	}
	return l, nil
}

func open(ctx context.Context, root *os.Root, name string) (*Layout, error) {
	source, err := openFiles(ctx, root, name)
	if err != nil {
		return nil, err
	}
	l := &Layout{files: source}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, source.Close())
	}
	return l, nil
}

func openFiles(ctx context.Context, root *os.Root, name string) (files, error) {
	switch info, err := root.Stat(name); {
	case err != nil:
		return nil, fmt.Errorf("looking for it: %w", err)
	case info.IsDir():
		return openFolder(root, name)
	case info.Mode().IsRegular():
		return openTarball(ctx, root, name)
	default:
		return nil, errors.New("it is neither a folder nor a file")
	}
}

// Close ends the use of the layout, and of every reader that it gave.
func (l *Layout) Close() error {
	if err := l.files.Close(); err != nil {
		return fmt.Errorf("closing OCI layout: %w", err)
	}
	return nil
}

// Names are the names that [Layout.Manifest] knows, sorted.
func (l *Layout) Names() []string {
	var all []string
	for _, entry := range l.entries {
		all = append(all, names(entry)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// load reads the two files that make a folder a layout.
func (l *Layout) load() error {
	marker, err := readSmall(l.files, markerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return l.missing()
	}
	if err != nil {
		return err
	}
	var version struct {
		ImageLayoutVersion string `json:"imageLayoutVersion"`
	}
	switch err := json.Unmarshal(marker, &version); {
	case err != nil:
		return fmt.Errorf("reading %s: %w", markerFile, err)
	case version.ImageLayoutVersion != "1.0.0":
		return fmt.Errorf("reading %s: imageLayoutVersion is %q, not 1.0.0", markerFile, version.ImageLayoutVersion)
	}
	raw, err := readSmall(l.files, indexFile)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it has no file " + indexFile)
	}
	if err != nil {
		return err
	}
	return l.setIndex(raw)
}

func (l *Layout) setIndex(raw []byte) error {
	if err := checkValues(raw); err != nil {
		return fmt.Errorf("reading %s: %w", indexFile, err)
	}
	contents, err := index.Parse(raw)
	if err != nil {
		return fmt.Errorf("reading %s: %w", indexFile, err)
	}
	var list v1.IndexManifest
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("reading %s: %w", indexFile, err)
	}
	l.index = release.Manifest{Raw: raw, MediaType: contents.MediaType, Digest: digestOf(raw)}
	l.entries = list.Manifests
	return nil
}

// missing says what it is that is no layout.
func (l *Layout) missing() error {
	if f, err := l.files.open(archiveFile); err == nil {
		return errors.Join(errors.New("it is a docker-archive, not an OCI layout; write one with docker buildx build --output type=oci,dest=FILE, "+
			"docker save of Docker 25 or later, podman save --format oci-archive, or skopeo copy docker-archive:FILE oci:DIR"), f.Close())
	}
	if t, ok := l.files.(*tarball); ok && t.nested != "" {
		return fmt.Errorf("the layout is in the folder %q of the tar; pack the contents of that folder (tar -C %s -cf FILE .)", t.nested, t.nested)
	}
	return errors.New("it has no file " + markerFile)
}
