// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/registrytest"
)

// elsewhere is a registry that lets its uploads go to wherever rewrite says.
func elsewhere(r http.Handler, rewrite func(location string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		out := httptest.NewRecorder()
		r.ServeHTTP(out, req)
		maps.Copy(w.Header(), out.Header())
		if req.Method == http.MethodPost {
			location := rewrite(out.Header().Get("Location"))
			w.Header().Set("Location", location)
			if location == "" {
				w.Header().Del("Location")
			}
		}
		w.WriteHeader(out.Code)
		io.Copy(w, out.Body)
	})
}

// TestUploadLocation goes to all the places on the registry itself that an upload may be at.
func TestUploadLocation(t *testing.T) {
	t.Parallel()
	tests := map[string]func(string) string{
		"absolute":        func(at string) string { return "https://" + host + at },
		"with port":       func(at string) string { return "https://" + host + ":443" + at },
		"other scheme":    func(at string) string { return "http://" + host + at },
		"without scheme":  func(at string) string { return "//" + host + at },
		"relative":        func(at string) string { return at[strings.LastIndex(at, "/")+1:] },
		"with a query":    func(at string) string { return at + "?_state=a%2Fb%3D&x;y" },
		"with a fragment": func(at string) string { return at + "#top" },
	}
	for name, rewrite := range tests {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
		content := []byte("layer")
		network := registrytest.Net{"https://" + host: elsewhere(r, rewrite), "https://" + host + ":443": r}
		if err := openOn(t, image, network, account()).Upload(t.Context(), describe(content), bytes.NewReader(content)); err != nil {
			t.Errorf("%s: Upload: %v", name, err)
		}
		if got, _ := r.Blob(path, describe(content).Digest); !bytes.Equal(got, content) {
			t.Errorf("%s: stored %q, want %q", name, got, content)
		}
	}
}

// bucket is storage that takes what has the right signature.
type bucket struct {
	mu      sync.Mutex
	content []byte
	headers http.Header
	query   string
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.content, _ = io.ReadAll(req.Body)
	b.headers, b.query = req.Header.Clone(), req.URL.RawQuery
	w.WriteHeader(http.StatusCreated)
}

// TestUploadToStorage uploads to another host, which gets the signature as the registry made it, and no credentials.
func TestUploadToStorage(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"storage.example", "10.1.2.3:9000"} {
		r := registrytest.New(registrytest.Options{Users: withUser(), Bearer: true})
		front := elsewhere(r, func(string) string { return "https://" + where + "/b?z=1&signature=a%2fb+c&a=2" })
		back := &bucket{}
		content := []byte("layer")
		desc := describe(content)
		if err := openOn(t, image, registrytest.Net{host: front, where: back}, account()).Upload(t.Context(), desc, bytes.NewReader(content)); err != nil {
			t.Errorf("%s: Upload: %v", where, err)
		}
		if !bytes.Equal(back.content, content) || back.headers.Get("Authorization") != "" {
			t.Errorf("%s: got %q with %v, want the content without credentials", where, back.content, back.headers)
		}
		if want := "z=1&signature=a%2fb+c&a=2&digest=sha256%3A" + desc.Digest.Hex; back.query != want {
			t.Errorf("%s: the query is %q, want %q", where, back.query, want)
		}
	}
}

// TestUploadAstray proves that nothing is sent where a registry has no business to send it.
func TestUploadAstray(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"http://storage.example/b?signature=secret":  "refusing plain HTTP to storage.example",
		"https://localhost:2375/b?signature=secret":  "refusing to be sent from " + host,
		"http://127.0.0.1:2375/b?signature=secret":   "refusing to be sent from " + host,
		"http://127.1:2375/b?signature=secret":       "refusing to be sent from " + host,
		"http://2130706433/b?signature=secret":       "refusing to be sent from " + host,
		"http://[::ffff:127.0.0.1]/b":                "refusing to be sent from " + host,
		"https://169.254.169.254/b?signature=secret": "refusing to be sent from " + host,
		"https://0.0.0.0/b?signature=secret":         "refusing to be sent from " + host,
		"ftp://storage.example/b?signature=secret":   "unsupported protocol scheme",
	}
	for location, want := range tests {
		for _, redirect := range []bool{false, true} {
			r := registrytest.New(registrytest.Options{})
			front := elsewhere(r, func(string) string { return location })
			if redirect {
				front = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					if req.URL.Path != "/v2/" {
						w.Header().Set("Location", location)
						w.WriteHeader(http.StatusTemporaryRedirect)
					}
				})
			}
			back := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { t.Errorf("sent %s %s", req.Method, req.Host) })
			network := registrytest.Net{host: front}
			for _, where := range []string{"storage.example", "localhost:2375", "127.0.0.1:2375", "127.1:2375", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"} {
				network[where] = back
			}
			content := []byte("layer")
			err := openOn(t, image, network, nil).Upload(t.Context(), describe(content), bytes.NewReader(content))
			if err == nil || !redirect && !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("Upload sent to %q, by a redirect: %t: %v, want %q and no secret", location, redirect, err, want)
			}
		}
	}
}

// TestUploadNowhere has no place to upload to.
func TestUploadNowhere(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "https://storage.example:port/b?signature=secret", "%"} {
		r := registrytest.New(registrytest.Options{})
		content := []byte("layer")
		err := open(t, image, elsewhere(r, func(string) string { return location }), nil).Upload(t.Context(), describe(content), bytes.NewReader(content))
		if err == nil || !strings.Contains(err.Error(), "does not say where to upload to") || strings.Contains(err.Error(), "secret") {
			t.Errorf("Upload to %q: %v, want an error without the secret", location, err)
		}
	}
}

// TestUploadOwnMachine proves that a registry on this machine may have its storage there.
func TestUploadOwnMachine(t *testing.T) {
	t.Parallel()
	r := registrytest.New(registrytest.Options{})
	back := &bucket{}
	network := registrytest.Net{"http://localhost:5000": elsewhere(r, func(string) string { return "http://127.0.0.1:9000/b" }), "127.0.0.1:9000": back}
	content := []byte("layer")
	repo := openOn(t, "localhost:5000/acme/app", network, &registry.Keychain{})
	if err := repo.Upload(t.Context(), describe(content), bytes.NewReader(content)); err != nil || !bytes.Equal(back.content, content) {
		t.Errorf("Upload: %v, stored %q", err, back.content)
	}
}
