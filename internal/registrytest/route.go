// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

// route is a path of the distribution API, taken apart.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
type route struct {
	kind kind
	repo string
	ref  string // of a manifest: tag or digest; of a blob or a subject: digest; of an upload: its session, empty before there is one
}

type kind int

const (
	kindNone kind = iota
	kindBase
	kindManifest
	kindBlob
	kindUpload
	kindTags
	kindReferrers
)

var (
	repoPattern = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
)

// parsePath reads from the end, since a repository may have a component called manifests or blobs.
func parsePath(path string) route {
	rest, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return route{}
	}
	if rest == "" {
		return route{kind: kindBase}
	}
	repo, rest := cutLast(rest, "/", 2)
	what, ref, _ := strings.Cut(rest, "/")
	var rt route
	switch {
	case what == "uploads" && strings.HasSuffix(repo, "/blobs"):
		rt = route{kindUpload, strings.TrimSuffix(repo, "/blobs"), ref}
	case what == "manifests":
		rt = route{kindManifest, repo, ref}
	case what == "blobs":
		rt = route{kindBlob, repo, ref}
	case what == "tags" && ref == "list":
		rt = route{kindTags, repo, ""}
	case what == "referrers":
		rt = route{kindReferrers, repo, ref}
	}
	if !repoPattern.MatchString(rt.repo) {
		return route{}
	}
	return rt
}

// cutLast slices s around the nth separator from its end.
func cutLast(s, sep string, n int) (before, after string) {
	i := len(s)
	for ; n > 0 && i >= 0; n-- {
		i = strings.LastIndex(s[:i], sep)
	}
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+len(sep):]
}

func isDigest(ref string) bool { return strings.Contains(ref, ":") }

// refuse answers with an error as the specification lays it out.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
func refuse(w http.ResponseWriter, status int, code, message string) {
	send(w, status, "application/json", errorBody(code, message))
}

// send answers with a body, of which net/http and Net leave the header alone to a HEAD.
func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

func errorBody(code, message string) []byte {
	type item struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	b, err := json.Marshal(map[string][]item{"errors": {{code, message}}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return b
}

func refuseMethod(w http.ResponseWriter) {
	refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "the operation is unsupported")
}
