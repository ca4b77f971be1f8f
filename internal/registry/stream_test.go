// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// noise is content of any size, always the same.
func noise(size int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{}), size) }

func describeNoise(tb testing.TB, size int64) v1.Descriptor {
	tb.Helper()
	digest, _, err := v1.SHA256(noise(size))
	if err != nil {
		tb.Fatal(err)
	}
	return v1.Descriptor{MediaType: types.OCILayer, Size: size, Digest: digest}
}

// sieve is a registry that has one blob and verifies every other, and keeps nothing.
func sieve(desc v1.Descriptor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.Method == http.MethodGet && strings.Contains(req.URL.Path, "/blobs/"):
			w.Header().Set("Content-Length", strconv.FormatInt(desc.Size, 10))
			io.Copy(w, noise(desc.Size))
		case req.Method == http.MethodPost:
			w.Header().Set("Location", "/session")
			w.WriteHeader(http.StatusAccepted)
		case req.Method == http.MethodPut:
			hash := sha256.New()
			io.Copy(hash, req.Body)
			if "sha256:"+hex.EncodeToString(hash.Sum(nil)) != req.URL.Query().Get("digest") {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusCreated)
		}
	})
}

// TestCopyMemory copies a large blob and looks at the heap, of which the servers of this test have their part, too.
func TestCopyMemory(t *testing.T) {
	const size, limit = 256 << 20, 32 << 20
	desc := describeNoise(t, size)
	srv := httptest.NewServer(sieve(desc))
	t.Cleanup(srv.Close)
	repo := connectTo(t, srv)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	body, err := repo.Open(t.Context(), desc)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	peak := &gauge{Reader: body}
	if err := repo.Upload(t.Context(), desc, peak); err != nil {
		t.Fatal(err)
	}
	if grown := int64(peak.max) - int64(before.HeapInuse); grown > limit {
		t.Errorf("the heap grew by %d bytes, want at most %d", grown, limit)
	}
}

// TestCopyHTTP2 is the same over the other protocol, with content that is right, too short, and wrong at its end.
func TestCopyHTTP2(t *testing.T) {
	t.Parallel()
	const size = 5<<20 + 7
	desc := describeNoise(t, size)
	srv := httptest.NewUnstartedServer(sieve(desc))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	repo := openOn(t, srv.Listener.Addr().String()+"/"+path, srv.Client().Transport, nil)
	wrong := errors.New("wrong digest")
	for name, tt := range map[string]struct {
		wrap func(io.Reader) io.Reader
		want error
	}{
		"right": {func(r io.Reader) io.Reader { return r }, nil},
		"short": {func(r io.Reader) io.Reader { return io.LimitReader(r, size-1) }, io.ErrUnexpectedEOF},
		"wrong": {func(r io.Reader) io.Reader { return io.MultiReader(io.LimitReader(r, size), iotest.ErrReader(wrong)) }, wrong},
	} {
		body, err := repo.Open(t.Context(), desc)
		if err != nil {
			t.Fatal(err)
		}
		if err := repo.Upload(t.Context(), desc, tt.wrap(body)); !errors.Is(err, tt.want) {
			t.Errorf("%s: Upload = %v, want %v", name, err, tt.want)
		}
		if err := body.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
	}
}

// gauge looks at the heap now and then while it is read.
type gauge struct {
	io.Reader

	reads int
	max   uint64
}

func (g *gauge) Read(p []byte) (int, error) {
	if g.reads++; g.reads%256 == 0 {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		g.max = max(g.max, now.HeapInuse)
	}
	return g.Reader.Read(p)
}

// BenchmarkCopy copies a blob from one registry to another over loopback.
func BenchmarkCopy(b *testing.B) {
	const size = 64 << 20
	desc := describeNoise(b, size)
	srv := httptest.NewServer(sieve(desc))
	b.Cleanup(srv.Close)
	repo := connectTo(b, srv)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		body, err := repo.Open(b.Context(), desc)
		if err != nil {
			b.Fatal(err)
		}
		if err := repo.Upload(b.Context(), desc, body); err != nil {
			b.Fatal(err)
		}
		if err := body.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
