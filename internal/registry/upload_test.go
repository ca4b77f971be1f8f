// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

// readOnly hides all that a reader can do but to read.
func readOnly(content []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(content)} }

func TestUpload(t *testing.T) {
	t.Parallel()
	for _, o := range []registrytest.Options{{}, {Users: withUser()}, {Users: withUser(), Bearer: true}} {
		r := registrytest.New(o)
		repo := open(t, image, r, account())
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
		err := open(t, image, r, nil).Upload(t.Context(), describe(content), tt.content)
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
	if err := open(t, image, r, nil).Upload(t.Context(), describe(nil), strings.NewReader("!")); err == nil || errors.Is(err, release.ErrRefused) {
		t.Errorf("Upload of something as nothing: %v, want an error", err)
	}
	if n := counts(r, http.MethodPut, "/"); n != 0 {
		t.Errorf("%d PUTs, want none", n)
	}
}

// TestUploadAnswers tells what may be tried again from what may not.
func TestUploadAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method  string
		fault   registrytest.Fault
		refused bool
	}{
		{http.MethodPost, registrytest.Fault{Status: 400}, true},
		{http.MethodPost, registrytest.Fault{Status: 401}, true},
		{http.MethodPost, registrytest.Fault{Status: 403}, true},
		{http.MethodPost, registrytest.Fault{Status: 405}, true},
		{http.MethodPost, registrytest.Fault{Status: 500}, false},
		{http.MethodPost, registrytest.Fault{Status: 200}, false},
		{http.MethodPost, registrytest.Fault{Status: 201, HTML: true}, false},
		{http.MethodPost, registrytest.Fault{Reset: true}, false},
		{http.MethodPut, registrytest.Fault{Status: 400}, true},
		{http.MethodPut, registrytest.Fault{Status: 400, Body: `{"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}`}, false},
		{http.MethodPut, registrytest.Fault{Status: 401}, false},
		{http.MethodPut, registrytest.Fault{Status: 403}, true},
		{http.MethodPut, registrytest.Fault{Status: 404}, false},
		{http.MethodPut, registrytest.Fault{Status: 408}, false},
		{http.MethodPut, registrytest.Fault{Status: 413, HTML: true}, true},
		{http.MethodPut, registrytest.Fault{Status: 416}, false},
		{http.MethodPut, registrytest.Fault{Status: 429}, false},
		{http.MethodPut, registrytest.Fault{Status: 502, HTML: true}, false},
		{http.MethodPut, registrytest.Fault{Status: 202}, false},
		{http.MethodPut, registrytest.Fault{Status: 200, HTML: true}, false},
		{http.MethodPut, registrytest.Fault{Status: 307, Header: http.Header{"Location": {"/elsewhere"}}}, false},
		{http.MethodPut, registrytest.Fault{Reset: true}, false},
		{http.MethodPut, registrytest.Fault{Reset: true, Applied: true}, false},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			r := registrytest.New(registrytest.Options{Users: withUser()})
			content := []byte("layer")
			repo := open(t, image, r, account())
			tt.fault.Match = registrytest.On(tt.method, "")
			r.Inject(tt.fault)
			err := repo.Upload(t.Context(), describe(content), bytes.NewReader(content))
			if err == nil || errors.Is(err, release.ErrRefused) != tt.refused {
				t.Errorf("%s answered with %d: %v, want an error, that it is refused: %t", tt.method, tt.fault.Status, err, tt.refused)
			}
			r.Heal()
			if err := repo.Upload(t.Context(), describe(content), bytes.NewReader(content)); err != nil {
				t.Errorf("after %s was answered with %d: %v", tt.method, tt.fault.Status, err)
			}
		})
	}
}

// TestUploadTokenExpired lets the token expire before the PUT, when it is too late to send content twice.
func TestUploadTokenExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true, TokenLifetime: time.Minute})
		content := blobs()["large"]
		desc := describe(content)
		repo := open(t, image, r, account())
		if mounted, err := repo.Mount(t.Context(), desc.Digest, repoOf(t, host+"/"+base)); mounted || err != nil {
			t.Fatalf("Mount = %t, %v", mounted, err)
		}
		if ok, err := repo.Has(t.Context(), desc.Digest); ok || err != nil {
			t.Fatalf("Has = %t, %v", ok, err)
		}
		time.Sleep(time.Minute)
		err := repo.Upload(t.Context(), desc, bytes.NewReader(content))
		if err == nil || errors.Is(err, release.ErrRefused) || !strings.Contains(err.Error(), "the token has expired") {
			t.Errorf("Upload with an old token = %v, want an error that it has expired", err)
		}
		if got, ok := r.Blob(path, desc.Digest); ok {
			t.Errorf("%d bytes are there", len(got))
		}
		if err := repo.Upload(t.Context(), desc, bytes.NewReader(content)); err != nil {
			t.Errorf("the second Upload: %v", err)
		}
	})
}

// TestUploadTooLarge gets its answer from a server over a real connection before all is sent, as nginx gives it.
func TestUploadTooLarge(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.Method {
		case http.MethodPost:
			w.Header().Set("Location", "/session")
			w.WriteHeader(http.StatusAccepted)
		case http.MethodPut:
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	}))
	t.Cleanup(srv.Close)
	repo := connectTo(t, srv)
	content := blobs()["large"]
	for range 10 {
		reader := bytes.NewReader(content)
		err := repo.Upload(t.Context(), describe(content), reader)
		left := reader.Len()
		answer, ok := errors.AsType[*registry.Error](err)
		if !ok || answer.Status != http.StatusRequestEntityTooLarge || !errors.Is(err, release.ErrRefused) {
			t.Errorf("Upload = %v, want that it is too large", err)
		}
		if reader.Len() != left {
			t.Error("content is read after Upload has returned")
		}
	}
}
