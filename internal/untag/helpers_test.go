// SPDX-License-Identifier: Apache-2.0

package untag_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/release"
)

// readBody reads the body of a request and leaves it as it was.
func readBody(req *http.Request) string {
	raw, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(raw))
	return string(raw)
}

// refuse answers like a registry.
func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, `{"errors":[{"code":"`+code+`","message":"`+message+`"}]}`)
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// isTag reports whether a request is for a tag of the repository, and for which.
func (w *world) isTag(req *http.Request, method string) (tag string, ok bool) {
	tag, ok = strings.CutPrefix(req.URL.Path, "/v2/"+w.path()+"/manifests/")
	return tag, ok && req.Method == method && !strings.Contains(tag, ":")
}

// isDigest is isTag for a digest.
func (w *world) isDigest(req *http.Request, method string) (digest string, ok bool) {
	digest, ok = strings.CutPrefix(req.URL.Path, "/v2/"+w.path()+"/manifests/")
	return digest, ok && req.Method == method && strings.Contains(digest, ":")
}

func mustBeMoved(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*release.MovedError](err); !ok {
		t.Errorf("error = %v, want a *MovedError", err)
	}
}

func mustBeUnsupported(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, release.ErrUnsupported) {
		t.Errorf("error = %v, want %v", err, release.ErrUnsupported)
	}
}

// mustBeForbidden wants a *PermissionError that says all of words.
func mustBeForbidden(t *testing.T, err error, words ...string) {
	t.Helper()
	if _, ok := errors.AsType[*hosting.PermissionError](err); !ok {
		t.Errorf("error = %v, want a *PermissionError", err)
	}
	mustSay(t, err, words...)
}

func mustSay(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("error = %v, want %q in it", err, word)
		}
	}
}
