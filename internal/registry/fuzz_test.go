// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
)

// world is a network in which every host answers, and the registry alone as one. It keeps what was sent elsewhere.
type world struct {
	registry http.Handler
	sent     []*http.Request
	requests int
}

func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	w.requests++
	handler := w.registry
	if req.URL.Hostname() != host {
		w.sent = append(w.sent, req)
		handler = http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusCreated) })
	}
	return registrytest.Net{req.URL.Host: handler}.RoundTrip(req)
}

// check fails if something was sent to this machine, with credentials, or in plain text.
func (w *world) check(t *testing.T) {
	t.Helper()
	for _, req := range w.sent {
		addr, err := netip.ParseAddr(req.URL.Hostname())
		if err == nil && (addr.Unmap().IsLoopback() || addr.Unmap().IsUnspecified()) || strings.EqualFold(req.URL.Hostname(), "localhost") {
			t.Errorf("sent to %s", req.URL)
		}
		if req.Header.Get("Authorization") != "" || req.URL.Scheme != "https" {
			t.Errorf("sent to %s with %v", req.URL, req.Header)
		}
	}
}

// FuzzLocation lets a registry say where to upload to.
func FuzzLocation(f *testing.F) {
	for _, location := range []string{
		"/v2/acme/app/blobs/uploads/1", "1", "?state=1", "https://" + host + ":443/1", "https://storage.example/1?signature=2", "//storage.example",
		"http://storage.example/1", "https://127.0.0.1/1", "https://[::1]:443/", "https://0x7f.1", "https://LOCALHOST./", "https://user:secret@storage.example/1", "", "%", ":",
	} {
		f.Add(location)
	}
	f.Fuzz(func(t *testing.T, location string) {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
		w := &world{registry: elsewhere(r, func(string) string { return location })}
		content := []byte("layer")
		desc := describe(content)
		err := openOn(t, image, w, account()).Upload(t.Context(), desc, bytes.NewReader(content))
		w.check(t)
		if _, ok := r.Blob(path, desc.Digest); err == nil && !ok && len(w.sent) == 0 {
			t.Errorf("Upload to %q = nil, and the blob is nowhere", location)
		}
	})
}

// FuzzLink lets a registry say where the next referrers are.
func FuzzLink(f *testing.F) {
	for _, link := range []string{
		`</v2/acme/app/referrers/x?page=2>; rel="next"`, `<?page=2>;rel=next`, `<a>; rel="prev", <b>; rel="next"`,
		`<https://other.example/>; rel="next"`, `<//127.0.0.1>; rel="next"`, `<:>; rel="next"`, `<>; rel="next"`, `rel="next"`, "",
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		w := &world{registry: http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", string(types.OCIImageIndex))
			out.Header().Set("Link", link)
			io.WriteString(out, `{"schemaVersion": 2, "manifests": [{"mediaType": "a/b", "size": 1, "digest": "`+describe(nil).Digest.String()+`"}]}`)
		})}
		got, err := openOn(t, image, w, nil).Referrers(t.Context(), describe(nil).Digest, nil)
		w.check(t)
		if len(w.sent) > 0 {
			t.Errorf("Link: %q leads to %s", link, w.sent[0].URL)
		}
		if w.requests > 102 || err == nil && len(got) == 0 {
			t.Errorf("Link: %q gives %d referrers, %v, after %d requests", link, len(got), err, w.requests)
		}
	})
}

// FuzzContentRange lets a registry say what it sends in the place of the rest of a blob.
func FuzzContentRange(f *testing.F) {
	for _, text := range []string{"bytes 2-4/5", "bytes 2-4/*", "bytes 0-4/5", "bytes 2-4/6", "bytes */5", "items 2-4/5", "bytes 2-", ""} {
		f.Add(text, "yer")
	}
	content := blobs()["large"][:1<<20+7] // more than is read at once
	f.Fuzz(func(t *testing.T, text, rest string) {
		desc := describe(content)
		h := http.HandlerFunc(func(out http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Range") != "" {
				out.Header().Set("Content-Range", text)
				out.WriteHeader(http.StatusPartialContent)
				io.WriteString(out, rest)
				return
			}
			storage{content: content, cut: len(content) - 3}.ServeHTTP(out, req)
		})
		synctest.Test(t, func(t *testing.T) { // for the pauses
			body, err := open(t, image, h, nil).Open(t.Context(), desc)
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			if got, err := io.ReadAll(body); err == nil && !bytes.Equal(got, content) {
				t.Errorf("read other content than was asked for, after Content-Range: %q", text)
			}
		})
	})
}
