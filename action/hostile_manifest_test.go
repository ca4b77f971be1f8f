// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
)

const (
	ociIndex    = string(types.OCIImageIndex)
	ociManifest = string(types.OCIManifestSchema1)
)

// digestOf is the digest of a text.
func digestOf(text string) string {
	h, _, err := v1.SHA256(strings.NewReader(text))
	if err != nil {
		panic(err) // a strings.Reader does not fail
	}
	return h.String()
}

// entryOf describes a manifest, as an index lists it.
func entryOf(mediaType, content string, more ...string) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d%s}`, mediaType, digestOf(content), len(content), strings.Join(more, ""))
}

// indexOf is an index of entries.
func indexOf(entries ...string) string {
	return `{"schemaVersion":2,"mediaType":"` + ociIndex + `","manifests":[` + strings.Join(entries, ",") + `]}`
}

// stores makes a registry that has manifests by tag or digest, and serves all else honestly.
func stores(manifests map[string]string) func(*registrytest.Registry) http.Handler {
	return func(honest *registrytest.Registry) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			raw, ok := manifests[last(req)]
			if !ok || req.Header.Get("Authorization") == "" {
				honest.ServeHTTP(w, req)
				return
			}
			reply(http.StatusOK, raw, "Content-Type: "+mediaTypeOf(raw), "Docker-Content-Digest: "+digestOf(raw))(w, req)
		})
	}
}

// one makes a registry of whose manifests every tag is this one.
func one(raw string) func(*registrytest.Registry) http.Handler {
	return stores(map[string]string{"amd64": raw, digestOf(raw): raw, digestOf(noConfig): noConfig})
}

// imageOf is an image without layers, whose config is {}, with more fields.
func imageOf(more string) string {
	return `{"schemaVersion":2,"mediaType":"` + ociManifest + `","config":` + entryOf(string(types.OCIConfigJSON), noConfig) + `,"layers":[]` + more + `}`
}

// noConfig is the config of such images.
const noConfig = `{"os":"linux","architecture":"amd64"}`

// padded is an image of exactly that many bytes, which is not like any other with another mark.
func padded(size int, mark string) string {
	bare := imageOf(`,"annotations":{"a":"` + mark + `"}`)
	return imageOf(`,"annotations":{"a":"` + mark + strings.Repeat("x", size-len(bare)) + `"}`)
}

// largeImage is as large as an image may be.
func largeImage(mark string) string { return padded(4<<20, mark) }

func hostileManifests() []hostility {
	const (
		get  = "^GET .*/manifests/(amd64|sha256:)"
		mib4 = 4 << 20
	)
	chain := map[string]string{}
	inner := imageOf("")
	for range 6 {
		chain[digestOf(inner)] = inner
		inner = indexOf(entryOf(mediaTypeOf(inner), inner))
	}
	chain["amd64"] = inner
	return []hostility{
		{name: "wrong digest", want: "does not match", source: stores(map[string]string{
			"amd64": indexOf(entryOf(ociManifest, imageOf(""))), digestOf(imageOf("")): imageOf(`,"annotations":{}`),
		})},
		{name: "wrong size", want: "the index says 7", source: stores(map[string]string{
			"amd64":               indexOf(fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":7}`, ociManifest, digestOf(imageOf("")))),
			digestOf(imageOf("")): imageOf(""),
		})},
		{name: "shorter than announced", want: "unexpected EOF", args: short, source: instead(get, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Content-Type", ociManifest)
			_, _ = w.Write([]byte("{"))
		})},
		{name: "slow", want: "timeout", args: short, source: instead(get, drip(ociManifest, `{"schemaVersion":2`))},
		{name: "endless", want: "larger than 4194304 bytes", source: instead(get, endless(ociManifest, `{"a":"`, "a"))},
		{name: "endless, with a length", want: "larger than 4194304 bytes", source: instead(get, func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Length", "1099511627776")
			endless(ociManifest, `{"a":"`, "a")(w, req)
		})},
		{name: "gzip bomb", want: "larger than 4194304 bytes", source: instead(get, zipped(endless(ociManifest, `{"a":"`, "a")))},
		{name: "too large by a byte", want: "larger than 4194304 bytes", source: one(padded(mib4+1, ""))},
		{name: "as large as allowed", published: true, source: one(padded(mib4, ""))},
		{name: "page of HTML", want: "page of HTML", source: instead(get, reply(http.StatusOK, "<html></html>", "Content-Type: text/html"))},
		{name: "page of HTML by another name", want: "no JSON object", source: instead(get, reply(http.StatusOK, "<html></html>", "Content-Type: "+ociManifest))},
		{name: "deep JSON", want: "no JSON object", source: one(imageOf(`,"x":` + strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20)))},
		{name: "huge number", want: "number 1e400", source: one(strings.Replace(imageOf(""), `"size":37`, `"size":1e400`, 1))},
		{name: "negative size", want: "the size -37", source: one(strings.Replace(imageOf(""), `"size":37`, `"size":-37`, 1))},
		{name: "sizes beyond all numbers", want: "size", source: one(strings.Replace(imageOf(""), `"layers":[]`, `"layers":[`+
			sized(string(types.OCILayer), "1", 1<<63-1)+`,`+sized(string(types.OCILayer), "2", 1<<63-1)+`]`, 1))},
		{name: "10,000 images", want: "at most 1000", source: one(indexOf(many(10_000)...))},
		{name: "nested too deep", want: "more than 4 deep", source: stores(chain)},
		{name: "index that contains itself", want: "does not match", source: func(honest *registrytest.Registry) http.Handler {
			index := indexOf(sized(ociIndex, "itself", 300))
			return at(honest, get, reply(http.StatusOK, index, "Content-Type: "+ociIndex, "Docker-Content-Digest: "+digestOf("itself")))
		}},
		{name: "index of itself and an image", want: "it has the fields of an image too", source: one(strings.Replace(imageOf(`,"manifests":[]`), ociManifest, ociIndex, 1))},
		{name: "images of 4 MiB each", want: "larger than 16 MiB", memory: 192 << 20, source: large(largeImage, "")},
		{name: "indexes of 4 MiB each", want: "larger than 16 MiB", memory: 192 << 20, source: large(func(mark string) string { return emptied(4<<20, mark) }, "")},
		{name: "artifacts of 4 MiB each", want: "larger than 16 MiB", memory: 192 << 20, source: large(largeImage, `,"artifactType":"application/vnd.example"`)},
		{name: "config endless", want: "larger than 243 bytes", source: instead("^GET .*/blobs/", endless("application/octet-stream", noConfig, " "))},
		{name: "config too large", want: "larger than 4194304 bytes", source: one(strings.Replace(imageOf(""), `"size":37`, `"size":1099511627776`, 1))},
		{name: "config with a wrong digest", want: "the content has digest", source: instead("^GET .*/blobs/", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat(" ", 243)))
		})},
		{name: "config never comes", want: "timeout", args: short, source: instead("^GET .*/blobs/", never)},
		{name: "too many requests, for ever", want: "429", args: short, source: instead(get, reply(http.StatusTooManyRequests, "", "Retry-After: 0"))},
		{name: "too many requests, for a year", want: "429", args: short, source: instead(get, reply(http.StatusTooManyRequests, "", "Retry-After: 31536000"))},
		{name: "redirects without end", want: "10 redirects", source: instead(get, func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, req.URL.Path, http.StatusFound) })},
		{name: "headers without end", want: "header", args: short, source: instead(get, func(w http.ResponseWriter, _ *http.Request) {
			for i := range 20 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1<<20))
			}
		})},
	}
}

// mediaTypeOf tells an index from an image.
func mediaTypeOf(raw string) string {
	if strings.Contains(raw, `"manifests":[`) {
		return ociIndex
	}
	return ociManifest
}

// sized describes a manifest or blob, with whatever size.
func sized(mediaType, content string, size int64) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, mediaType, digestOf(content), size)
}

// many are entries of images that are nowhere.
func many(n int) []string {
	var out []string
	for i := range n {
		out = append(out, sized(ociManifest, strconv.Itoa(i), 500))
	}
	return out
}

// large makes a registry of an index with twenty manifests of 4 MiB each.
func large(each func(mark string) string, more string) func(*registrytest.Registry) http.Handler {
	marks := map[string]string{}
	var entries []string
	for i := range 20 {
		raw := each(strconv.Itoa(i))
		marks[digestOf(raw)] = strconv.Itoa(i)
		entries = append(entries, entryOf(mediaTypeOf(raw), raw, more))
	}
	return func(honest *registrytest.Registry) http.Handler {
		whole := stores(map[string]string{"amd64": indexOf(append(entries, entryOf(ociManifest, imageOf("")))...), digestOf(imageOf("")): imageOf(""), digestOf(noConfig): noConfig})(honest)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			mark, ok := marks[last(req)]
			if !ok {
				whole.ServeHTTP(w, req)
				return
			}
			raw := each(mark)
			reply(http.StatusOK, raw, "Content-Type: "+mediaTypeOf(raw))(w, req)
		})
	}
}

// last is the last element of a path: a tag or a digest.
func last(req *http.Request) string {
	return req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:]
}

// emptied is an index of exactly that many bytes, which lists nothing.
func emptied(size int, mark string) string {
	bare := strings.Replace(indexOf(), "{", `{"x":"`+mark+`",`, 1)
	return bare + strings.Repeat(" ", size-len(bare))
}
