// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

// readOnly hides all that a reader can do but to read.
func readOnly(content []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(content)} }

func TestUpload(t *testing.T) {
	t.Parallel()
	for _, o := range []registrytest.Options{{}, {Users: withUser()}, {Users: withUser(), Bearer: true}} {
		r := registrytest.New(o)
		repo := openAll(t, r, account())
		for name, content := range blobs() {
			for kind, reader := range map[string]io.Reader{
				"":            readOnly(content),
				" with EOF":   iotest.DataErrReader(bytes.NewReader(content)),
				" bit by bit": iotest.HalfReader(bytes.NewReader(content)),
			} {
				r.ResetRequests()
				desc := describe(content)
				if err := repo.Upload(t.Context(), desc, reader); err != nil {
					t.Errorf("%s%s: Upload: %v", name, kind, err)
				}
				if got, ok := r.Blob(path, desc.Digest); !ok || !bytes.Equal(got, content) {
					t.Errorf("%s%s: %d bytes are there, want %d", name, kind, len(got), len(content))
				}
				if posts, puts := counts(r, http.MethodPost, "/"), counts(r, http.MethodPut, "/"); posts != 1 || puts != 1 {
					t.Errorf("%s%s: %d POSTs and %d PUTs, want one of each", name, kind, posts, puts)
				}
			}
		}
	}
}

// TestUploadVerifies uploads what is not what the descriptor says. None of it is stored, nor taken for a refusal unless the registry looked.
func TestUploadVerifies(t *testing.T) {
	t.Parallel()
	content := []byte("the content of a layer")
	cause := errors.New("wrong digest")
	tests := map[string]struct {
		content io.Reader
		refused bool
	}{
		"changed":  {strings.NewReader("the content of a lawyer"[:len(content)]), true},
		"shorter":  {bytes.NewReader(content[:5]), false},
		"nothing":  {bytes.NewReader(nil), false},
		"longer":   {strings.NewReader(string(content) + "!"), false},
		"broken":   {io.MultiReader(bytes.NewReader(content[:5]), iotest.ErrReader(cause)), false},
		"verified": {io.MultiReader(bytes.NewReader(content), iotest.ErrReader(cause)), false},
	}
	for name, tt := range tests {
		r := registrytest.New(registrytest.Options{})
		err := openAll(t, r, nil).Upload(t.Context(), describe(content), tt.content)
		if err == nil || errors.Is(err, release.ErrRefused) != tt.refused {
			t.Errorf("%s: Upload = %v, want an error, that it was refused: %t", name, err, tt.refused)
		}
		if (name == "broken" || name == "verified") && !errors.Is(err, cause) {
			t.Errorf("%s: Upload = %v, want what the content said", name, err)
		}
		if _, ok := r.Blob(path, describe(content).Digest); ok {
			t.Errorf("%s: the blob is there", name)
		}
	}
}

func TestUploadEmpty(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	if err := openAll(t, r, nil).Upload(t.Context(), describe(nil), strings.NewReader("!")); err == nil || errors.Is(err, release.ErrRefused) {
		t.Errorf("Upload of something as nothing: %v, want an error", err)
	}
	if n := counts(r, http.MethodPut, "/"); n != 0 {
		t.Errorf("%d PUTs, want none", n)
	}
}
