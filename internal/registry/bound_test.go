// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// TestEndless asks a server for answers that have no end, over a real connection.
func TestEndless(t *testing.T) {
	t.Parallel()
	subject := describe([]byte("subject"))
	tests := map[string]func(ctx context.Context, repo release.Repository) error{
		"a manifest": func(ctx context.Context, repo release.Repository) error {
			_, err := repo.Manifest(ctx, "1")
			return err
		},
		"a list": func(ctx context.Context, repo release.Repository) error {
			_, err := repo.List(ctx)
			return err
		},
		"referrers": func(ctx context.Context, repo release.Repository) error {
			_, err := repo.Referrers(ctx, subject.Digest, nil)
			return err
		},
		"a config": func(ctx context.Context, repo release.Repository) error {
			_, err := repo.Blob(ctx, subject)
			return err
		},
		"an answer to a push": func(ctx context.Context, repo release.Repository) error {
			return repo.Put(ctx, "1", release.Manifest{Raw: []byte("{}"), MediaType: types.OCIImageIndex})
		},
	}
	harmless := map[string]int{
		"referrers":           http.StatusNotFound, // there is no API
		"an answer to a push": http.StatusOK,       // nobody reads it
	}
	for name, ask := range tests {
		for _, status := range []int{http.StatusOK, http.StatusNotFound} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var sent atomic.Int64
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if req.URL.Path == "/v2/" {
						return
					}
					if strings.Contains(req.URL.Path, "/manifests/sha256-") {
						http.NotFound(w, req) // no fallback
						return
					}
					w.Header().Set("Content-Type", string(types.OCIImageIndex))
					w.WriteHeader(status)
					text := `{"schemaVersion": 2, "tags": ["1", "` + strings.Repeat("x", 64<<10)
					for sent.Load() < 100<<20 {
						n, err := w.Write([]byte(text))
						if err != nil {
							return
						}
						sent.Add(int64(n))
						text = text[len(text)-64<<10:]
					}
				}))
				t.Cleanup(srv.Close)
				err := ask(t.Context(), connectTo(t, srv))
				if (err == nil) != (status == harmless[name]) {
					t.Errorf("status %d: %v", status, err)
				}
				if got := sent.Load(); got > 32<<20 {
					t.Errorf("status %d: the server sent %d bytes", status, got)
				}
			})
		}
	}
}

// TestEndlessPing connects to a server whose first answer has no end.
func TestEndlessPing(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for sent.Load() < 100<<20 {
			n, err := w.Write(make([]byte, 64<<10))
			if err != nil {
				return
			}
			sent.Add(int64(n))
		}
	}))
	t.Cleanup(srv.Close)
	_, _ = connectTo(t, srv).Resolve(t.Context(), nil)
	_, _ = connectTo(t, srv).Manifest(t.Context(), "1")
	if got := sent.Load(); got > 48<<20 {
		t.Errorf("the server sent %d bytes", got)
	}
}
