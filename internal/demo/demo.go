// SPDX-License-Identifier: Apache-2.0

// Package demo holds what `polytag demo` needs and nobody else: a registry and
// Docker Hub's API in this process, on loopback ports, and small real images to
// push into the registry.
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

	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/platform"
)

// The account that may do everything on the demo's Docker Hub.
const (
	Username = "acme"
	Password = "demo"
)

// Server is a Docker Hub with nothing in it: a registry and the API, each on a
// loopback port. Close ends it.
type Server struct {
	hub     *hubtest.Hub
	servers []*http.Server
	routes  routes
}

// Start listens on two free loopback ports.
func Start(ctx context.Context) (*Server, error) {
	quiet := log.New(io.Discard, "", 0)
	behind := shelf{registry.New(registry.Logger(quiet))}
	s := &Server{routes: routes{}}
	s.hub = hubtest.New(hubtest.Options{
		Accounts: []hubtest.Account{{Name: Username, Password: Password}},
		Tags:     behind,
	})
	for host, handler := range map[string]http.Handler{
		name.DefaultRegistry: s.hub.Observe(behind.registry),
		"hub.docker.com":     s.hub,
	} {
		if err := s.listen(ctx, host, handler, quiet); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// listen serves a host of Docker Hub on a loopback port.
func (s *Server) listen(ctx context.Context, host string, handler http.Handler, quiet *log.Logger) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening on loopback: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	go func() { _ = server.Serve(listener) }() // ends with Close
	s.servers = append(s.servers, server)
	s.routes[host] = listener.Addr().String()
	return nil
}

// Create makes the repository on the Hub, as somebody does on its page.
func (s *Server) Create(repo string) { s.hub.Create(repo, hubtest.Repository{}) }

// Transport leads Docker Hub's hosts to the loopback ports, and no other host
// anywhere.
func (s *Server) Transport() http.RoundTripper { return s.routes }

// Addr is where a host of Docker Hub is served: host:port.
func (s *Server) Addr(host string) string { return s.routes[host] }

// Tags are the tags of a repository as the Hub's page lists them, the newest
// first.
func (s *Server) Tags(repo string) []string { return s.hub.TagNames(repo) }

// Page is the text of a repository's page.
func (s *Server) Page(repo string) string { return s.hub.Repository(repo).Full }

// Close ends the servers.
func (s *Server) Close() error {
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("ending the servers: %w", err)
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
	if err := remote.Write(tag, image, remote.WithContext(ctx), remote.WithTransport(s.routes)); err != nil {
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
