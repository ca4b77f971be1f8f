// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/transport"
)

// link carries the requests about one repository between go-containerregistry
// and the transport.
type link struct {
	base  http.RoundTripper
	repo  name.Repository
	pings *pings
	// demanding means that there are no credentials, and that going on without
	// them would only fail later, with a worse message.
	demanding bool
}

// RoundTrip implements [http.RoundTripper].
func (l link) RoundTrip(req *http.Request) (*http.Response, error) {
	var resp *http.Response
	var err error
	if isPing(req) {
		resp, err = l.pings.send(req, l.send)
	} else {
		resp, err = l.send(req)
	}
	if err != nil {
		return nil, err
	}
	if l.demanding && resp.StatusCode == http.StatusUnauthorized { // somebody else's ping, too
		discard(resp)
		return nil, &NoCredentialsError{Repository: l.repo}
	}
	bound(req, resp)
	return resp, nil
}

// send sends a request, if that is permitted.
func (l link) send(req *http.Request) (*http.Response, error) {
	if err := l.permit(req); err != nil {
		return nil, err
	}
	if body, ok := req.Body.(*outgoing); ok && !body.start() {
		return nil, errSpent
	}
	req, err := rewound(req)
	if err != nil {
		return nil, err
	}
	resp, err := l.base.RoundTrip(req)
	if _, plain := errors.AsType[*transport.PlainHTTPError](err); plain {
		return nil, hopeless{err}
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // the transport has said method and URL
	}
	if l.isPage(req, resp) {
		discard(resp)
		return nil, fmt.Errorf("%s %s: answered with a page of HTML: this is no registry, or a proxy is in the way", req.Method, req.URL.Redacted())
	}
	return resp, nil
}

// permit says why a request is not sent: whoever speaks for the registry, by a
// redirect, a challenge or an address in an answer, has it go where it must not.
// Most of go-containerregistry's requests follow redirects without an end.
func (l link) permit(req *http.Request) error {
	redirects := 0
	for r := req; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		redirects++
	}
	first := original(req)
	switch {
	case redirects > maxRedirects:
		return hopeless{fmt.Errorf("%s: more than %d redirects", about(first), maxRedirects)}
	case first.Method == http.MethodPost && req.GetBody != nil && req.URL.Host != first.URL.Host:
		// Only the request for a token is one, and it holds a credential.
		return hopeless{fmt.Errorf("%s: refusing to send it on to %s", about(first), req.URL.Host)}
	}
	return stray(&url.URL{Host: l.repo.RegistryStr()}, req.URL)
}

// rewound gives a request a body that has not been read: when
// go-containerregistry has renewed a token it sends the request again as it is.
func rewound(req *http.Request) (*http.Request, error) {
	if req.Body == nil || req.GetBody == nil {
		return req, nil
	}
	_ = req.Body.Close()
	body, err := req.GetBody()
	if err != nil {
		return nil, fmt.Errorf("rewinding the request body: %w", err)
	}
	again := *req
	again.Body = body
	return &again, nil
}

// isPage reports whether the registry itself, or a token service, answers a
// success with what people read: a portal's way of asking to sign in. Taken at
// its word, it would have accepted a push. What a blob holds is not looked at.
func (l link) isPage(req *http.Request, resp *http.Response) bool {
	elsewhere := req.URL.Host != l.repo.RegistryStr() && isContent(req)
	if resp.StatusCode/100 != 2 || elsewhere || isBlob(req) {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && mediaType == "text/html"
}
