// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

// blobs are contents of all sizes that are a case of their own.
func blobs() map[string][]byte {
	large := make([]byte, 3<<20+7)
	for i := range large {
		large[i] = byte(i * i >> 7)
	}
	return map[string][]byte{"empty": {}, "empty config": []byte("{}"), "one byte": {0}, "large": large}
}

// describe returns the descriptor of a content.
func describe(content []byte) v1.Descriptor {
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		panic(err) // memory can be read
	}
	return v1.Descriptor{MediaType: types.OCILayer, Size: size, Digest: digest}
}

// storage answers with one content, as storage does that knows ranges or not.
type storage struct {
	content  []byte
	noRanges bool
	// cut is after how many bytes each answer breaks off; 0: never.
	cut int
}

func (s storage) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/v2/" {
		return
	}
	rest := s.content
	var from int
	if n, _ := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &from); n == 1 && !s.noRanges {
		rest = rest[from:]
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(s.content)-1, len(s.content)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(rest)))
	if len(rest) < len(s.content) {
		w.WriteHeader(http.StatusPartialContent)
	}
	if s.cut > 0 && s.cut < len(rest) {
		w.Write(rest[:s.cut])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(rest)
}

func TestHas(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	desc := put(t, r, path, []byte("layer"))
	repo := open(t, image, r, nil)
	if got, err := repo.Has(t.Context(), desc.Digest); !got || err != nil {
		t.Errorf("Has(what is there) = %t, %v", got, err)
	}
	if got, err := repo.Has(t.Context(), describe([]byte("other")).Digest); got || err != nil {
		t.Errorf("Has(what is not there) = %t, %v", got, err)
	}
	if n := counts(r, http.MethodGet, "/v2/"+path); n != 0 {
		t.Errorf("%d GETs, want none", n)
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotImplemented} {
		r.Inject(registrytest.Fault{Match: registrytest.On(http.MethodHead, "/blobs/"), Status: status, Times: 1})
		if got, err := repo.Has(t.Context(), desc.Digest); got || err == nil {
			t.Errorf("Has answered with %d = %t, %v, want an error", status, got, err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, content := range blobs() {
		r := registrytest.New(registrytest.Options{})
		desc := put(t, r, path, content)
		body, err := open(t, image, r, nil).Open(t.Context(), desc)
		if err != nil {
			t.Errorf("%s: Open: %v", name, err)
			continue
		}
		got, err := io.ReadAll(body)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: read %d bytes, %v, want %d", name, len(got), err, len(content))
		}
		if err := body.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
		if n := counts(r, http.MethodGet, "/v2/"+path); n != 1 {
			t.Errorf("%s: %d requests, want one", name, n)
		}
	}
}

func TestOpenNotFound(t *testing.T) {
	t.Parallel()
	_, err := open(t, image, registrytest.New(registrytest.Options{}), nil).Open(t.Context(), describe([]byte("none")))
	if !errors.Is(err, release.ErrNotFound) {
		t.Errorf("Open of what is not there: %v, want ErrNotFound", err)
	}
}

// TestOpenVerifies reads content that is not what the descriptor says, from servers that say how long it is and that do not.
func TestOpenVerifies(t *testing.T) {
	t.Parallel()
	content := []byte("the content of a layer")
	tests := map[string][]byte{
		"changed": []byte("the content of a lawyer")[:len(content)],
		"shorter": content[:5],
		"longer":  append(bytes.Clone(content), '!'),
		"nothing": {},
		"endless": bytes.Repeat(content, 1<<14),
	}
	for name, served := range tests {
		for _, chunked := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if req.URL.Path == "/v2/" || req.Header.Get("Range") != "" {
						return
					}
					if !chunked {
						w.Header().Set("Content-Length", strconv.Itoa(len(served)))
					}
					w.Write(served)
				})
				body, err := open(t, image, h, nil).Open(t.Context(), describe(content))
				if err == nil {
					defer body.Close()
					var got []byte
					got, err = io.ReadAll(body)
					if len(got) > len(content) {
						t.Errorf("%s: read %d bytes, want at most %d", name, len(got), len(content))
					}
				}
				if err == nil || errors.Is(err, release.ErrNotFound) {
					t.Errorf("%s, chunked %t: %v, want an error", name, chunked, err)
				}
			})
		}
	}
}

// TestOpenResumes breaks the connection in the middle of a blob, again and again.
func TestOpenResumes(t *testing.T) {
	t.Parallel()
	content := blobs()["large"]
	tests := map[string]struct {
		storage storage
		ok      bool
		gets    int
	}{
		"four times":     {storage{content: content, cut: len(content)/5 + 1}, true, 5},
		"at the end":     {storage{content: content, cut: len(content) - 1}, true, 2},
		"too often":      {storage{content: content, cut: 1000}, false, 6},
		"without ranges": {storage{content: content, cut: 1000, noRanges: true}, false, 2},
	}
	for name, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			r := registrytest.Record(tt.storage)
			body, err := open(t, image, r, nil).Open(t.Context(), describe(content))
			if err != nil {
				t.Fatalf("%s: Open: %v", name, err)
			}
			defer body.Close()
			got, err := io.ReadAll(body)
			if tt.ok != (err == nil) || tt.ok && !bytes.Equal(got, content) {
				t.Errorf("%s: read %d of %d bytes, %v", name, len(got), len(content), err)
			}
			if !tt.ok && (!errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, release.ErrRefused)) {
				t.Errorf("%s: %v, want io.ErrUnexpectedEOF", name, err)
			}
			if n := len(r.Requests()) - 1; n != tt.gets { // without the ping
				t.Errorf("%s: %d GETs, want %d", name, n, tt.gets)
			}
		})
	}
}

// TestOpenCancelled ends the context while a broken read waits to go on.
func TestOpenCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		content := blobs()["large"]
		ctx, cancel := context.WithCancel(t.Context())
		body, err := open(t, image, storage{content: content, cut: 1000}, nil).Open(ctx, describe(content))
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		read := make(chan error)
		go func() {
			_, err := io.ReadAll(body)
			read <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-read; err == nil {
			t.Error("a read whose context has ended: no error")
		}
	})
}

// TestOpenElsewhere reads from storage that the registry redirects to: by name, and on a private address. The storage gets no credentials.
func TestOpenElsewhere(t *testing.T) {
	t.Parallel()
	content := blobs()["large"]
	for _, where := range []string{"storage.example", "10.1.2.3:9000", "192.168.0.7"} {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
		front := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.Contains(req.URL.Path, "/blobs/") {
				http.Redirect(w, req, "https://"+where+"/bucket?signature=secret", http.StatusTemporaryRedirect)
				return
			}
			r.ServeHTTP(w, req)
		})
		back := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Authorization") != "" {
				t.Errorf("%s got credentials", where)
			}
			storage{content: content, cut: 2 << 20}.ServeHTTP(w, req)
		})
		synctest.Test(t, func(t *testing.T) {
			repo := openOn(t, image, registrytest.Net{host: front, where: back}, account())
			if got, err := repo.Blob(t.Context(), describe(content)); err != nil || !bytes.Equal(got, content) {
				t.Errorf("Blob redirected to %s = %d bytes, %v, want %d", where, len(got), err, len(content))
			}
			if _, err := repo.Has(t.Context(), describe(content).Digest); err != nil {
				t.Errorf("Has redirected to %s: %v", where, err)
			}
		})
	}
}

// TestOpenPlain proves that a redirect does not lead from TLS to plain HTTP.
func TestOpenPlain(t *testing.T) {
	t.Parallel()
	front := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/v2/" {
			http.Redirect(w, req, "http://storage.example/bucket?signature=secret", http.StatusTemporaryRedirect)
		}
	})
	content := []byte("layer")
	repo := openOn(t, image, registrytest.Net{host: front, "storage.example": storage{content: content}}, nil)
	_, err := repo.Open(t.Context(), describe(content))
	if err == nil || !strings.Contains(err.Error(), "refusing plain HTTP to storage.example") || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open redirected to plain HTTP: %v, want a refusal without the signature", err)
	}
}

// put stores a blob without a request, and returns its descriptor.
func put(tb testing.TB, r *registrytest.Registry, repo string, content []byte) v1.Descriptor {
	tb.Helper()
	r.PushBlob(repo, content)
	return describe(content)
}
