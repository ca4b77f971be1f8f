// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/polytag/polytag/internal/release"
)

// maxRedirects is how many redirects a request follows, as in package net/http.
const maxRedirects = 10

// url is the address of an endpoint of the repository: "blobs/sha256:...".
func (r *repository) url(endpoint string) *url.URL {
	return &url.URL{
		Scheme: r.repo.Scheme(), // the connection knows better, and corrects it
		Host:   r.repo.RegistryStr(),
		Path:   "/v2/" + r.repo.RepositoryStr() + "/" + endpoint,
	}
}

// ask sends a request without a body over the repository's own connection.
func (r *repository) ask(ctx context.Context, method string, u *url.URL, header http.Header, want ...int) (*http.Response, error) {
	rt, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("preparing a request: %w", err)
	}
	for key := range header {
		req.Header.Set(key, header.Get(key))
	}
	return r.send(rt, req, want...)
}

// send returns the answer to a request if its status is one of those wanted; the
// caller closes its body. Every other answer is an [*Error].
func (r *repository) send(rt http.RoundTripper, req *http.Request, want ...int) (*http.Response, error) {
	// Redirects are followed to every host that the transport and the link let
	// through. Credentials stay with the registry in any case.
	client := http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, r.classify(req.Context(), err)
	}
	if err := transport.CheckError(resp, want...); err != nil {
		discard(resp)
		return nil, r.classify(req.Context(), err)
	}
	return resp, nil
}

// stray returns an error if a registry sends us to an address that only this
// machine can reach, without being there itself: services that trust their own
// host are none of its business. Private addresses are fine, since a registry and
// its storage are often neighbours.
func stray(from, to *url.URL) error {
	if isOwn(to.Hostname()) && !isOwn(from.Hostname()) {
		return hopeless{fmt.Errorf("refusing to be sent from %s to %s", from.Host, to.Host)}
	}
	return nil
}

// hopeless is an error that every other try would meet again. It matches
// [release.ErrRefused].
type hopeless struct{ error }

// Is matches the sentinel of package release.
func (hopeless) Is(target error) bool { return target == release.ErrRefused }

// Unwrap returns the error.
func (e hopeless) Unwrap() error { return e.error }

// isOwn reports whether a host is this machine, or an address of its link, as the
// metadata services of clouds are.
func isOwn(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		// No name ends in a number, but old ways to write an address do: 127.1.
		_, err := strconv.ParseUint(host[strings.LastIndexByte(host, '.')+1:], 0, 64)
		return err == nil
	}
	addr = addr.WithZone("").Unmap()
	return addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}

// discard reads what is left of a short answer, so that its connection can be
// used again.
func discard(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody))
	_ = resp.Body.Close()
}

// about names a request in an error, without what its URL may be signed with.
func about(req *http.Request) string {
	return req.Method + " " + req.URL.Scheme + "://" + req.URL.Host + req.URL.EscapedPath()
}
