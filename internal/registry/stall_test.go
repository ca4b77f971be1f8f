// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/release"
)

// silent is a network on which the body of a blob stops in the middle, so many times, without an end.
type silent struct {
	http.RoundTripper

	times int
}

func (s *silent) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(req)
	if err == nil && s.times > 0 && strings.Contains(req.URL.Path, "/blobs/") {
		s.times--
		resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, resp.ContentLength/2), until(req.Context().Done())))
	}
	return resp, err
}

// until blocks a read until a connection is closed.
type until <-chan struct{}

func (u until) Read([]byte) (int, error) {
	<-u
	return 0, errors.New("use of closed network connection")
}

// TestOpenSilence proves that a server that stops to send is given up after a while, and the rest read by another request.
func TestOpenSilence(t *testing.T) {
	t.Parallel()
	content := blobs()["large"]
	for times, ok := range map[int]bool{1: true, 3: true, 100: false} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			body, err := openOn(t, image, &silent{registrytest.Net{host: storage{content: content}}, times}, nil).Open(t.Context(), describe(content))
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			got, err := io.ReadAll(body)
			if ok != (err == nil) || ok && !bytes.Equal(got, content) {
				t.Errorf("silent %d times: read %d bytes, %v", times, len(got), err)
			}
			if err != nil && !strings.Contains(err.Error(), "nothing was transferred for 1m0s") {
				t.Errorf("silent %d times: %v, want what happened", times, err)
			}
			if took := time.Since(start); took > 20*time.Minute {
				t.Errorf("silent %d times: took %v", times, took)
			}
		})
	}
}

// ending is a network on which the body of a blob stops in the middle until the context ends, as package http says it then.
type ending struct{ http.RoundTripper }

func (e ending) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := e.RoundTripper.RoundTrip(req)
	if err == nil && strings.Contains(req.URL.Path, "/blobs/") {
		resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, resp.ContentLength/2), ended(func() error {
			<-req.Context().Done()
			return context.Cause(req.Context())
		})))
	}
	return resp, err
}

// ended is why a read ends.
type ended func() error

func (e ended) Read([]byte) (int, error) { return 0, e() }

// TestOpenInTime ends the context while a blob is on its way, which is told once.
func TestOpenInTime(t *testing.T) {
	t.Parallel()
	content := blobs()["large"]
	synctest.Test(t, func(t *testing.T) {
		errTime := errors.New("the time is over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errTime)
		defer cancel()
		body, err := openOn(t, image, ending{registrytest.Net{host: storage{content: content}}}, nil).Open(ctx, describe(content))
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		_, err = io.Copy(io.Discard, body)
		if !errors.Is(err, errTime) || strings.Count(err.Error(), errTime.Error()) != 1 {
			t.Errorf("a read whose context has ended: %v, want %v, once", err, errTime)
		}
	})
}

// TestOpenSlowReader proves that it is the server alone who must not be slow.
func TestOpenSlowReader(t *testing.T) {
	t.Parallel()
	content := blobs()["large"]
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.Record(storage{content: content})
		body, err := open(t, image, r, nil).Open(t.Context(), describe(content))
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		buf := make([]byte, 1<<20)
		for {
			_, err := body.Read(buf)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if n := len(r.Requests()); n != 2 {
			t.Errorf("%d requests, want the ping and one more", n)
		}
	})
}

// TestUploadStill uploads to a registry that stops to take content, that takes it and does not answer, and that takes its time.
func TestUploadStill(t *testing.T) {
	t.Parallel()
	content := blobs()["large"]
	tests := map[string]struct {
		take   int64
		answer time.Duration // 0: never
		want   string        // empty: success
	}{
		"stops":  {1000, 0, "has stopped taking the content"},
		"silent": {int64(len(content)), 0, "does not answer"},
		"slow":   {int64(len(content)), 119 * time.Second, ""},
	}
	for name, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				switch req.Method {
				case http.MethodPost:
					w.Header().Set("Location", "/session")
					w.WriteHeader(http.StatusAccepted)
				case http.MethodPut:
					io.CopyN(io.Discard, req.Body, tt.take)
					var answer <-chan time.Time
					if tt.answer > 0 {
						answer = time.After(tt.answer)
					}
					select {
					case <-req.Context().Done():
						panic(http.ErrAbortHandler)
					case <-answer:
						w.WriteHeader(http.StatusCreated)
					}
				}
			})
			err := openOn(t, image, registrytest.Net{host: h}, nil).Upload(t.Context(), describe(content), readOnly(content))
			if (tt.want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), tt.want) || errors.Is(err, release.ErrRefused)) {
				t.Errorf("%s: Upload = %v, want %q", name, err, tt.want)
			}
		})
	}
}

// TestUploadSlowSource proves that it is the registry alone who must not be slow.
func TestUploadSlowSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := registrytest.New(registrytest.Options{})
		content := []byte("layer")
		if err := open(t, image, r, nil).Upload(t.Context(), describe(content), &slow{content}); err != nil {
			t.Errorf("Upload: %v", err)
		}
	})
}

// slow gives a byte an hour.
type slow struct{ content []byte }

func (s *slow) Read(p []byte) (int, error) {
	if len(s.content) == 0 {
		return 0, io.EOF
	}
	time.Sleep(time.Hour)
	n := copy(p[:1], s.content)
	s.content = s.content[n:]
	return n, nil
}
