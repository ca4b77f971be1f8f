// SPDX-License-Identifier: Apache-2.0

// Package demo holds what `polytag demo` needs and nobody else: a registry in
// this process, on a loopback port, and small real images to push into it.
package demo

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/platform"
)

// Server is an empty registry on a loopback port. Close ends it.
type Server struct {
	server *http.Server
	addr   string
}

// Start listens on a free loopback port.
func Start(ctx context.Context) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening on loopback: %w", err)
	}
	quiet := log.New(io.Discard, "", 0)
	s := &Server{addr: listener.Addr().String(), server: &http.Server{
		Handler:           registry.New(registry.Logger(quiet)),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          quiet,
	}}
	go func() { _ = s.server.Serve(listener) }() // ends with Close
	return s, nil
}

// Addr is the registry's host:port.
func (s *Server) Addr() string { return s.addr }

// Close ends the server.
func (s *Server) Close() error {
	if err := s.server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("ending the registry: %w", err)
	}
	return nil
}

// Push builds an image that says hello from its platform and pushes it as a
// build job would.
func (s *Server) Push(ctx context.Context, tag name.Tag, p platform.Spec, hello string) error {
	image, err := newImage(p, hello)
	if err != nil {
		return fmt.Errorf("building the image for %s: %w", p, err)
	}
	if err := remote.Write(tag, image, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("pushing %s: %w", tag, err)
	}
	return nil
}

// newImage is an OCI image of one small file.
func newImage(p platform.Spec, hello string) (v1.Image, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return archive("hello.txt", hello) },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("packing a layer: %w", err)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, fmt.Errorf("adding a layer: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the config: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.OS, p.Arch, p.Variant
	config.Config.Cmd = []string{"/hello"}
	image, err = mutate.ConfigFile(image, config)
	if err != nil {
		return nil, fmt.Errorf("setting the platform: %w", err)
	}
	return image, nil
}

// archive is a tar of one file.
func archive(path, text string) (io.ReadCloser, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.WriteHeader(&tar.Header{Name: path, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return nil, fmt.Errorf("writing a tar header: %w", err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, fmt.Errorf("writing to a tar: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("closing a tar: %w", err)
	}
	return io.NopCloser(&buf), nil
}
