// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/release"
)

const (
	// maxReferrers bounds how many referrers a manifest may have.
	maxReferrers = 1000
	// maxReferrerPages bounds in how many pages they may come.
	maxReferrerPages = 100
)

// Referrers implements [release.Origin].
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
func (r *repository) Referrers(ctx context.Context, subject v1.Hash, mayBe func(tag string) bool) ([]v1.Descriptor, error) {
	if !r.noReferrers.Load() {
		listed, ok, err := r.referrers(ctx, subject)
		if ok || err != nil {
			return listed, err
		}
	}
	if mayBe != nil && !mayBe(fallbackTag(subject)) {
		return nil, nil
	}
	_, entries, err := r.fallback(ctx, subject)
	if errors.Is(err, errNoTag) {
		return nil, nil
	}
	return entries, err
}

// referrers asks the API, and reports whether there is one.
func (r *repository) referrers(ctx context.Context, subject v1.Hash) (listed []v1.Descriptor, ok bool, err error) {
	next, left := r.url("referrers/"+subject.String()), int64(maxManifest)
	for page := 0; next != nil; page++ {
		if page == maxReferrerPages {
			return nil, false, fmt.Errorf("listing the referrers of %s: there are more than %d pages", subject, maxReferrerPages)
		}
		entries, size, after, err := r.referrersPage(ctx, next)
		switch {
		case err != nil && page == 0 && r.lacksReferrers(err):
			return nil, false, nil
		case err != nil:
			return nil, false, fmt.Errorf("listing the referrers of %s: %w", subject, err)
		}
		listed, left = append(listed, entries...), left-size
		if len(listed) > maxReferrers || left < 0 {
			return nil, false, errTooMany(subject)
		}
		if next = after; len(entries) == 0 {
			break
		}
	}
	return listed, true, nil
}

var errNoIndex = errors.New("the answer is no image index")

// lacksReferrers reports whether an error says that there is no such API. It is
// not asked for again then, unless it may only be that there is no such
// repository yet.
func (r *repository) lacksReferrers(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		answer = &Error{}
	}
	switch answer.Status {
	case http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented:
	default:
		if !errors.Is(err, errNoIndex) { // GHCR redirects what it does not know to a page for people
			return false
		}
	}
	if !answer.has("NAME_UNKNOWN") {
		r.noReferrers.Store(true)
	}
	return true
}

// referrersPage reads a page, how many bytes it takes, and where the next one is.
func (r *repository) referrersPage(ctx context.Context, at *url.URL) (entries []v1.Descriptor, size int64, next *url.URL, err error) {
	resp, err := r.ask(ctx, http.MethodGet, at, http.Header{"Accept": {string(types.OCIImageIndex)}}, http.StatusOK)
	if err != nil {
		return nil, 0, nil, err
	}
	defer discard(resp)
	var index v1.IndexManifest
	decoder := json.NewDecoder(resp.Body)
	err = decoder.Decode(&index)
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch is := types.MediaType(mediaType) == types.OCIImageIndex; {
	case !is && (err != nil || index.MediaType != types.OCIImageIndex):
		return nil, 0, nil, errNoIndex
	case err != nil:
		return nil, 0, nil, fmt.Errorf("reading an index: %w", err)
	}
	next, err = nextPage(resp)
	return index.Manifests, decoder.InputOffset(), next, err
}

// nextLink matches the address of the next page.
var nextLink = pattern.Lazy(`<([^>]*)>[^,]*;\s*rel="?next"?`)

// nextPage returns the address of the page that follows an answer, nil if none does.
func nextPage(resp *http.Response) (*url.URL, error) {
	link := nextLink().FindStringSubmatch(resp.Header.Get("Link"))
	if link == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	next, err := resp.Request.URL.Parse(link[1])
	if err != nil {
		return nil, fmt.Errorf("reading the address of the next page: %w", err)
	}
	if next.Host != resp.Request.URL.Host {
		return nil, fmt.Errorf("the next page is on another host, %s", next.Host)
	}
	return next, nil
}

// errNoTag means that a fallback tag is no list of referrers, and cannot become
// one: it is something else, of which clients are to think that there are none; or
// the registry takes its name for the digest in it, as GitLab's does, and shows the
// subject itself.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#unavailable-referrers-api
// https://github.com/oras-project/oras-go/issues/1396
var errNoTag = fmt.Errorf("a list of referrers: %w", release.ErrUnsupported)

// fallback reads the index that clients maintain where there is no API.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
func (r *repository) fallback(ctx context.Context, subject v1.Hash) (release.Manifest, []v1.Descriptor, error) {
	tag := fallbackTag(subject)
	m, err := r.Manifest(ctx, tag)
	switch {
	case errors.Is(err, release.ErrNotFound):
		return release.Manifest{}, nil, nil
	case err != nil:
		return release.Manifest{}, nil, err
	case m.Digest == subject || m.MediaType != types.OCIImageIndex:
		return release.Manifest{}, nil, errNoTag
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(m.Raw, &index); err != nil {
		return release.Manifest{}, nil, fmt.Errorf("listing the referrers of %s: reading the tag %s: %w", subject, tag, err)
	}
	if len(index.Manifests) > maxReferrers {
		return release.Manifest{}, nil, errTooMany(subject)
	}
	return m, index.Manifests, nil
}

// fallbackTag names that index.
func fallbackTag(subject v1.Hash) string {
	return subject.Algorithm + "-" + subject.Hex[:min(len(subject.Hex), 64)]
}

func errTooMany(subject v1.Hash) error {
	return fmt.Errorf("listing the referrers of %s: there are more than %d, or %d bytes of them", subject, maxReferrers, maxManifest)
}
