// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/release"
)

// lookups is how many tags are looked up side by side.
const lookups = 16

// reference names a tag or a digest of the repository.
func (r *repository) reference(ref string) name.Reference {
	if strings.HasPrefix(ref, "sha256:") || strings.HasPrefix(ref, "sha512:") {
		return r.repo.Digest(ref)
	}
	return r.repo.Tag(ref)
}

// saw notes that a manifest was found under ref.
func (r *repository) saw(ref string) {
	if _, ok := r.reference(ref).(name.Tag); ok {
		r.tagged.Store(true)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.found[ref] = struct{}{}
	}
}

// Manifest implements [release.Reader].
func (r *repository) Manifest(ctx context.Context, ref string) (release.Manifest, error) {
	options, err := r.options(ctx)
	if err != nil {
		return release.Manifest{}, err
	}
	got, err := remote.Get(r.reference(ref), options...)
	if err != nil {
		return release.Manifest{}, r.classify(ctx, err)
	}
	if len(got.Manifest) > maxManifest {
		return release.Manifest{}, fmt.Errorf("reading %s: the manifest is larger than %d bytes", r.reference(ref), maxManifest)
	}
	// Its digest would be taken for what the tag points at.
	if !isObject(got.Manifest) {
		return release.Manifest{}, fmt.Errorf("reading %s: want a manifest, got %d bytes of %q that are no JSON object", r.reference(ref), len(got.Manifest), got.MediaType)
	}
	r.saw(ref)
	return release.Manifest{Raw: got.Manifest, MediaType: got.MediaType, Digest: got.Digest}, nil
}

// lost forgets that a tag was found. It may have been the last one.
func (r *repository) lost(tag string) {
	r.tagged.Store(false)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.found, tag)
}

// isObject reports whether raw is a JSON object, as every manifest is and no
// page of a proxy.
func isObject(raw []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) && json.Valid(raw)
}

// Blob implements [release.Reader].
func (r *repository) Blob(ctx context.Context, desc v1.Descriptor) ([]byte, error) {
	if desc.Size > maxManifest {
		return nil, fmt.Errorf("reading %s: it is larger than %d bytes", desc.Digest, maxManifest)
	}
	body, err := r.Open(ctx, desc)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the blob
	}
	return raw, nil
}

// List implements [release.Tags].
func (r *repository) List(ctx context.Context) ([]string, error) {
	options, err := r.options(ctx)
	if err != nil {
		return nil, err
	}
	lister, err := r.lister(ctx, options)
	if err != nil {
		// A page of a proxy is no proof that there is no such repository.
		answer, ok := errors.AsType[*Error](err)
		switch {
		case !ok || !errors.Is(err, release.ErrNotFound) || !answer.structured():
			return nil, err
		case r.tagged.Load():
			return nil, fmt.Errorf("there are tags, but no list of them: %w", err)
		}
		return nil, nil
	}
	tags, err := collect(ctx, lister)
	if err != nil {
		return nil, r.classify(ctx, err)
	}
	if len(tags) > 0 {
		r.tagged.Store(true)
	}
	slices.Sort(tags)
	return slices.Compact(tags), nil
}

// lister asks for the first page of the list of tags.
func (r *repository) lister(ctx context.Context, options []remote.Option) (*remote.Lister, error) {
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, fmt.Errorf("preparing a list: %w", err)
	}
	lister, err := puller.Lister(ctx, r.repo)
	return lister, r.classify(ctx, err)
}

// glanceTime is how long a glance may take: some registries are slow to list
// what they are quick to look up.
const glanceTime = 5 * time.Second

// pageSize is how many tags package remote asks for at a time.
const pageSize = 1000

// Glance implements [release.Origin]. A list of more than one page is too long for
// it, and so is a full page, since not every registry says that there is another;
// one that is empty, or lacks a tag which was found, may be out of date.
func (r *repository) Glance(ctx context.Context) ([]string, bool) {
	ctx, cancel := context.WithTimeout(ctx, glanceTime)
	defer cancel()
	options, err := r.options(ctx)
	if err != nil {
		return nil, false
	}
	lister, err := r.lister(ctx, options)
	if err != nil {
		return nil, false
	}
	page, err := lister.Next(ctx) // it is there already
	if err != nil || page.Next != "" || len(page.Tags) == 0 || len(page.Tags) >= pageSize {
		return nil, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for tag := range r.found {
		if !slices.Contains(page.Tags, tag) {
			return nil, false
		}
	}
	return page.Tags, true
}

// Resolve implements [release.Tags].
func (r *repository) Resolve(ctx context.Context, refs []string) (map[string]v1.Hash, error) {
	digests := make([]v1.Hash, len(refs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookups)
	for i, ref := range refs {
		group.Go(func() error {
			var err error
			digests[i], err = r.digest(ctx, ref)
			if errors.Is(err, release.ErrNotFound) {
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := make(map[string]v1.Hash, len(refs))
	for i, ref := range refs {
		if digests[i] != (v1.Hash{}) {
			out[ref] = digests[i]
		}
	}
	return out, nil
}

// digest asks by HEAD, and by GET where no digest comes with that, as on
// Amazon's registry.
func (r *repository) digest(ctx context.Context, ref string) (v1.Hash, error) {
	options, err := r.options(ctx)
	if err != nil {
		return v1.Hash{}, err
	}
	if !r.isQuiet() {
		desc, err := remote.Head(r.reference(ref), options...)
		if err == nil {
			r.saw(ref)
			return desc.Digest, nil
		}
		err = r.classify(ctx, err)
		if _, ok := errors.AsType[*Error](err); ok || ctx.Err() != nil || !incomplete(err) {
			return v1.Hash{}, err
		}
		r.setQuiet()
	}
	m, err := r.Manifest(ctx, ref)
	return m.Digest, err
}

// incomplete reports whether a HEAD succeeded and lacked a header. Package
// remote has no type for that, only a text.
func incomplete(err error) bool {
	return strings.Contains(err.Error(), "response did not include")
}

func (r *repository) isQuiet() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.quiet
}

func (r *repository) setQuiet() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.quiet = true
}

// Delete implements [release.Tags] by the specification's DELETE of a tag, and
// of nothing else: a tag is never turned into its digest.
func (r *repository) Delete(ctx context.Context, tag string) error {
	// Docker Hub takes the request and leaves the tag on its page; it has an
	// API of its own. https://github.com/docker/hub-feedback/issues/2361
	if isDockerHub(r.repo) {
		if remove := r.client.options.DeleteHubTag; remove != nil {
			return remove(ctx, r.repo, tag)
		}
		return fmt.Errorf("deleting %s: %w", r.repo.Tag(tag), release.ErrUnsupported)
	}
	options, err := r.options(ctx)
	if err != nil {
		return err
	}
	r.lost(tag)
	err = r.classify(ctx, remote.Delete(r.repo.Tag(tag), options...))
	answer, ok := errors.AsType[*Error](err)
	switch {
	case !ok, !answer.content:
		return err
	case answer.Status == http.StatusNotFound:
		return nil
	case answer.Status == http.StatusBadRequest, answer.Status == http.StatusMethodNotAllowed, answer.Status == http.StatusNotImplemented:
		return fmt.Errorf("deleting %s: %w: %w", r.repo.Tag(tag), release.ErrUnsupported, err)
	}
	return err
}

func (r *repository) classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return classify(err, r.login(ctx))
}
