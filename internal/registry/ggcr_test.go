// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

// TestOtherRegistry copies blobs and referrers within a registry that somebody else has written, over real connections.
func TestOtherRegistry(t *testing.T) {
	t.Parallel()
	for _, referrers := range []bool{false, true} {
		srv := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithReferrersSupport(referrers)))
		t.Cleanup(srv.Close)
		repo := connectTo(t, srv)
		for name, content := range blobs() {
			desc := describe(content)
			if _, err := repo.Open(t.Context(), desc); !errors.Is(err, release.ErrNotFound) {
				t.Errorf("%s: Open = %v, want ErrNotFound", name, err)
			}
			if err := repo.Upload(t.Context(), desc, readOnly(content)); err != nil {
				t.Errorf("%s: Upload: %v", name, err)
			}
			if ok, err := repo.Has(t.Context(), desc.Digest); !ok || err != nil {
				t.Errorf("%s: Has = %t, %v", name, ok, err)
			}
			if got, err := repo.Blob(t.Context(), desc); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: Blob = %d bytes, %v, want %d", name, len(got), err, len(content))
			}
		}
		subject := describe([]byte("subject"))
		// The blobs of a referrer are made in a registry of their own, and are not looked at by this one.
		m, entry := referrer(t, registrytest.New(registrytest.Options{}), subject, "example/one")
		if err := repo.PutReferrer(t.Context(), m, entry); err != nil {
			t.Errorf("PutReferrer: %v", err)
		}
		got, err := repo.Referrers(t.Context(), subject.Digest, nil)
		if err != nil || len(got) != 1 || got[0].Digest != entry.Digest || got[0].ArtifactType == "" {
			t.Errorf("Referrers = %v, %v, want %v", got, err, entry)
		}
	}
}
