// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/release"
)

// Error is a registry's answer that was not a success. It matches
// [release.ErrNotFound] (404), [release.ErrRefused] (the other 4xx, but for 408
// and 429) and [release.ErrBlobUnknown] with [errors.Is].
type Error struct {
	// Status is the HTTP status.
	Status int
	// Codes are the error codes of the body, if it had any.
	Codes []transport.ErrorCode
	// Login says which credentials were used.
	Login Login
	// Err is the answer itself, its URL redacted. Its text, unlike that of the
	// Error, may quote what the request was authorised with.
	Err error
	// request is what was asked; nil if that is not known.
	request *http.Request
	// content says that a manifest, a blob or a list was asked for. Otherwise
	// the answer is about signing in, and a 404 says nothing about a tag.
	content bool
	// transient means that the same content may be accepted in another request.
	transient bool
}

func (e *Error) Error() string { return clip(conceal(e.Err.Error(), e.Login, e.request)) }

// Unwrap returns the answer.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the sentinels of package release.
func (e *Error) Is(target error) bool {
	switch target {
	case release.ErrNotFound:
		return e.content && e.Status == http.StatusNotFound
	case release.ErrRefused:
		return !e.transient && e.Status >= 400 && e.Status < 500 &&
			e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
	case release.ErrBlobUnknown:
		return e.has(transport.ManifestBlobUnknownErrorCode) || e.has(transport.BlobUnknownErrorCode)
	}
	return false
}

// Denied reports whether the credentials were not accepted, or not sufficient.
func (e *Error) Denied() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// has reports whether the body had an error code.
func (e *Error) has(code transport.ErrorCode) bool { return slices.Contains(e.Codes, code) }

// structured reports whether the body was a registry's error and not, say, a
// proxy's page.
func (e *Error) structured() bool { return len(e.Codes) > 0 }

// contentPath matches the endpoints of the distribution specification that are
// about a repository's content.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
var contentPath = pattern.Lazy(`^/v2/.+/(manifests/[^/]+|blobs/.+|tags/list|referrers/[^/]+)$`)

var blobPath = pattern.Lazy(`^/v2/.+/blobs/[^/]+$`)

// NoCredentialsError means that a registry asks for credentials before a push
// and none were found. Nothing is ever pushed anonymously by surprise.
type NoCredentialsError struct{ Repository name.Repository }

func (e *NoCredentialsError) Error() string {
	return fmt.Sprintf("%s asks for credentials, and none were found for %s", e.Repository.RegistryStr(), e.Repository)
}

// SignInError means that a repository cannot be connected to. Every request to
// it fails with the very same value, so that it can be told once.
type SignInError struct {
	Repository name.Repository
	Err        error
}

func (e *SignInError) Error() string {
	return fmt.Sprintf("signing in to %s: %v", e.Repository.RegistryStr(), e.Err)
}

// Unwrap returns what went wrong.
func (e *SignInError) Unwrap() error { return e.Err }

// classify turns go-containerregistry's error into ours; others stay as they
// are, but for the *[url.Error] around what never got an answer: the transport
// has named method and URL already, without the signature that the URL of a
// redirect carries.
func classify(err error, login Login) error {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		if unanswered, ok := err.(*url.Error); ok { //nolint:errorlint // what is around it says more
			err = unanswered.Err
		}
		if strings.Contains(err.Error(), "no token in bearer response") {
			return errNoToken
		}
		return err
	}
	out := &Error{Status: answer.StatusCode, Login: login, Err: err, request: answer.Request, content: isContent(answer.Request)}
	for _, d := range answer.Errors {
		out.Codes = append(out.Codes, d.Code)
	}
	return out
}

// errNoToken stands for an error that quotes all of the answer, which may hold
// another credential.
var errNoToken = errors.New("the token service has answered without a token")

// clip cuts a text that a registry may have made as long as maxErrorBody.
func clip(text string) string {
	const most = 1000
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// isContent reports whether a request, or the one that was redirected to it,
// asks for a manifest, a blob or a list. Token servers may live below /v2/ too.
func isContent(req *http.Request) bool {
	return req != nil && contentPath().MatchString(original(req).URL.Path)
}

// isBlob reports whether a request is to be answered with the content of a blob.
func isBlob(req *http.Request) bool {
	return req.Method == http.MethodGet && blobPath().MatchString(original(req).URL.Path)
}

// original returns the request that was redirected to req, or req itself.
func original(req *http.Request) *http.Request {
	for req.Response != nil && req.Response.Request != nil {
		req = req.Response.Request
	}
	return req
}
