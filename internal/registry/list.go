// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// list makes sure that entry is among the referrers of the subject, after the
// registry has said nothing about that. Who changes the same index at the same
// time from elsewhere may undo it, as with every tag: a rerun adds what is lost.
func (r *repository) list(ctx context.Context, subject v1.Hash, entry v1.Descriptor) error {
	// Two changes of one index at once would lose one of them.
	r.listing.Lock()
	defer r.listing.Unlock()
	if _, ok := r.listed[entry.Digest]; ok {
		return nil
	}
	if err := r.addReferrer(ctx, subject, entry); err != nil {
		return fmt.Errorf("listing %s as a referrer of %s: %w", entry.Digest, subject, err)
	}
	r.listed[entry.Digest] = struct{}{}
	return nil
}

func (r *repository) addReferrer(ctx context.Context, subject v1.Hash, entry v1.Descriptor) error {
	if !r.noReferrers.Load() {
		if _, ok, err := r.referrers(ctx, subject); ok || err != nil {
			return err // what has the API keeps the list itself
		}
	}
	m, entries, err := r.fallback(ctx, subject)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(entries, func(d v1.Descriptor) bool { return d.Digest == entry.Digest }) {
		return nil
	}
	m, err = withReferrer(m, entry)
	if err != nil {
		return err
	}
	_, err = r.put(ctx, fallbackTag(subject), m)
	return err
}

// withReferrer returns an index with one more entry. What else is in it stays as
// it is; the zero manifest is an empty index.
func withReferrer(m release.Manifest, entry v1.Descriptor) (release.Manifest, error) {
	if m.IsZero() {
		m.Raw = fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[]}`, types.OCIImageIndex)
	}
	var index map[string]json.RawMessage
	var entries []json.RawMessage
	if err := json.Unmarshal(m.Raw, &index); err != nil {
		return release.Manifest{}, fmt.Errorf("decoding an index: %w", err)
	}
	if err := json.Unmarshal(index["manifests"], &entries); err != nil {
		return release.Manifest{}, fmt.Errorf("decoding the manifests of an index: %w", err)
	}
	last, err := json.Marshal(entry)
	if err != nil {
		return release.Manifest{}, fmt.Errorf("encoding a descriptor: %w", err)
	}
	if index["manifests"], err = json.Marshal(append(entries, last)); err != nil {
		return release.Manifest{}, fmt.Errorf("encoding the manifests of an index: %w", err)
	}
	raw, err := json.Marshal(index)
	if err != nil {
		return release.Manifest{}, fmt.Errorf("encoding an index: %w", err)
	}
	digest, _, err := v1.SHA256(bytes.NewReader(raw))
	if err != nil {
		return release.Manifest{}, fmt.Errorf("hashing an index: %w", err)
	}
	return release.Manifest{Raw: raw, MediaType: types.OCIImageIndex, Digest: digest}, nil
}
