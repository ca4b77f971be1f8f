// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/polytag/polytag/internal/registrytest"
)

// at answers requests of one kind in place of a registry. The pattern is one of method and path: "GET /manifests/".
func at(r http.Handler, pattern string, answer http.HandlerFunc) http.Handler {
	on := regexp.MustCompile(pattern)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if on.MatchString(req.Method + " " + req.URL.Path) {
			answer(w, req)
			return
		}
		r.ServeHTTP(w, req)
	})
}

// instead makes a registry that answers requests of one kind otherwise.
func instead(pattern string, answer http.HandlerFunc) func(*registrytest.Registry) http.Handler {
	return func(honest *registrytest.Registry) http.Handler { return at(honest, pattern, answer) }
}

// reply answers with a body and headers, given as "Name: value".
func reply(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			w.Header().Add(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// endless answers with a text that begins like this, and goes on until the client has gone, or after a gigabyte.
func endless(mediaType, beginning, more string) http.HandlerFunc {
	block := strings.Repeat(more, 1+(64<<10)/len(more))
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		_, err := io.WriteString(w, beginning)
		for n := 0; err == nil && n < 1<<30; n += len(block) {
			_, err = io.WriteString(w, block)
		}
	}
}

// never takes what it is sent, and answers nothing until the client has gone.
func never(_ http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	<-req.Context().Done()
}

// drip answers with a text that begins like this, and goes on at a byte a second.
func drip(mediaType, beginning string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		_, _ = io.WriteString(w, beginning)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			_ = http.NewResponseController(w).Flush() // a client that is gone ends the request
			select {
			case <-ticker.C:
				_, _ = io.WriteString(w, " ")
			case <-req.Context().Done():
				return
			}
		}
	}
}

// zipped packs an answer.
func zipped(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		answer(zipWriter{w, z}, req)
		_ = z.Close()
	}
}

type zipWriter struct {
	http.ResponseWriter

	z *gzip.Writer
}

func (w zipWriter) Write(p []byte) (int, error) { return w.z.Write(p) }
