// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/polytag/polytag/internal/registrytest"
)

// hostileLists are targets whose list of tags means harm: nobody can tell then whether a floating tag would move backwards.
func hostileLists() []hostility {
	const list = "^GET .*/tags/list$"
	page := func(w http.ResponseWriter, next string, tags ...string) {
		w.Header().Set("Content-Type", "application/json")
		if next != "" {
			w.Header().Set("Link", "<"+next+`>; rel="next"`)
		}
		fmt.Fprintf(w, `{"name":%q,"tags":["%s"]}`, repo, strings.Join(tags, `","`))
	}
	to := func(next string) func(*registrytest.Registry) http.Handler {
		return instead(list, func(w http.ResponseWriter, _ *http.Request) { page(w, next, "0.9.0") })
	}
	return []hostility{
		{name: "endless page", want: "larger than 16777216 bytes", target: instead(list, endless("application/json", `{"tags":["`, "a"))},
		{name: "endless pages", want: "more than 5000 pages", requests: 5100, target: func() func(*registrytest.Registry) http.Handler {
			n := 0
			return instead(list, func(w http.ResponseWriter, _ *http.Request) {
				n++
				page(w, fmt.Sprintf("/v2/%s/tags/list?last=%d", repo, n), fmt.Sprintf("0.0.%d", n))
			})
		}()},
		{name: "endless large pages", want: "larger than 33554432 bytes", memory: 192 << 20, target: func() func(*registrytest.Registry) http.Handler {
			n, tags := 0, strings.Repeat(`0.0.1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","`, 40_000)
			return instead(list, func(w http.ResponseWriter, _ *http.Request) {
				n++
				page(w, fmt.Sprintf("/v2/%s/tags/list?last=%d", repo, n), tags)
			})
		}()},
		{name: "page that links to itself", want: "links to itself", target: to("/v2/" + repo + "/tags/list?n=1000")},
		{name: "page on another host", want: "does not match registry host", target: to("https://other.example/v2/" + repo + "/tags/list"), others: strangers("other.example")},
		{name: "page without TLS", want: "pagination URL scheme", target: to("http://" + host + "/v2/" + repo + "/tags/list")},
		{name: "page on this machine", want: "does not match registry host", target: to("https://localhost/v2/" + repo + "/tags/list")},
		{name: "page at no address", want: "invalid URL escape", target: to("https://%zz/")},
		{name: "tags of 100,000 characters", published: true, target: instead(list, func(w http.ResponseWriter, _ *http.Request) {
			page(w, "", strings.Repeat(strings.Repeat("9", 100_000)+`","`, 100)+"1.2."+strings.Repeat("9", 100_000))
		})},
		{name: "tags that are no tags", published: true, target: instead(list, func(w http.ResponseWriter, _ *http.Request) {
			page(w, "", `1.2.99\n::error::x`, `\u001b[31m1.2.99`, `1.2.99\u0000`, `../../1.2.99`, ``)
		})},
		{name: "page that is no list", want: "cannot unmarshal", target: instead(list, reply(http.StatusOK, `{"tags":{"a":1}}`))},
		{name: "page of HTML", want: "page of HTML", target: instead(list, reply(http.StatusOK, "<html>", "Content-Type: text/html"))},
		{name: "page that never comes", want: "timeout", args: short, target: instead(list, never)},
		{name: "page at a byte a second", want: "timeout", args: short, target: instead(list, drip("application/json", `{"tags":[`))},
		{name: "gzip bomb", want: "larger than 16777216 bytes", target: instead(list, zipped(endless("application/json", `{"tags":["`, "a")))},
	}
}

// hostileReferrers are sources whose images are said to have referrers.
func hostileReferrers() []hostility {
	const refs, list = "^GET .*/referrers/", "^GET .*/tags/list"
	page := func(w http.ResponseWriter, next string, entries ...string) {
		w.Header().Set("Content-Type", ociIndex)
		if next != "" {
			w.Header().Set("Link", "<"+next+`>; rel="next"`)
		}
		fmt.Fprint(w, indexOf(entries...))
	}
	n := 0
	// cosign answers for a tag made of the image's digest, and lists it.
	cosign := func(honest *registrytest.Registry, suffix string, answer http.HandlerFunc) http.Handler {
		tag := "sha256-" + strings.TrimPrefix(honest.Tags(repo)["amd64"], "sha256:") + suffix
		listed := at(honest, list, reply(http.StatusOK, `{"name":"`+repo+`","tags":["amd64","`+tag+`"]}`, "Content-Type: application/json"))
		return at(listed, "^GET .*/manifests/"+tag+"$", answer)
	}
	return []hostility{
		{name: "endless page", want: "larger than 4194304 bytes", source: instead(refs, endless(ociIndex, `{"schemaVersion":2,"manifests":[{"mediaType":"`, "a"))},
		{name: "endless pages", want: "more than", source: instead(refs, func(w http.ResponseWriter, req *http.Request) {
			n++
			page(w, req.URL.Path+fmt.Sprintf("?last=%d", n), many(10)...)
		})},
		{name: "page that links to itself", want: "more than", source: instead(refs, func(w http.ResponseWriter, req *http.Request) {
			page(w, req.URL.Path, sized(ociManifest, "1", 500))
		})},
		{name: "page on another host", want: "on another host", others: strangers("other.example"), source: instead(refs, func(w http.ResponseWriter, _ *http.Request) {
			page(w, "https://other.example/x", sized(ociManifest, "1", 500))
		})},
		{name: "100,000", want: "more than 1000", source: instead(refs, func(w http.ResponseWriter, _ *http.Request) { page(w, "", many(100_000)[:20_000]...) })},
		{name: "that refer to each other", want: "does not match", source: func(honest *registrytest.Registry) http.Handler {
			a := `{"schemaVersion":2,"mediaType":"` + ociManifest + `","config":` + sized("application/x", "{}", 2) + `,"layers":[],"subject":` + sized(ociManifest, "b", 500) + `}`
			return at(at(honest, refs, func(w http.ResponseWriter, _ *http.Request) { page(w, "", sized(ociManifest, "b", int64(len(a)))) }),
				"^GET .*/manifests/"+digestOf("b"), reply(http.StatusOK, a, "Content-Type: "+ociManifest))
		}},
		{name: "one below the other", want: "more than 4 deep", hint: "referrers: skip", source: chained},
		{name: "of which each is 4 MiB", want: "larger than 16 MiB", memory: 192 << 20, source: largeReferrers},
		{name: "with a negative size", want: "size", source: func(honest *registrytest.Registry) http.Handler {
			return at(honest, refs, func(w http.ResponseWriter, _ *http.Request) { page(w, "", sized(ociManifest, "b", -1)) })
		}, published: true}, // it is not there
		{name: "fallback tag of 4 MiB", want: "more than 1000", source: func(honest *registrytest.Registry) http.Handler {
			return cosign(honest, "", reply(http.StatusOK, indexOf(many(20_000)...), "Content-Type: "+ociIndex))
		}},
		{name: "fallback tag that is an image", published: true, source: func(honest *registrytest.Registry) http.Handler {
			return cosign(honest, "", reply(http.StatusOK, imageOf(""), "Content-Type: "+ociManifest))
		}},
		{name: "signature that is an index", published: true, source: func(honest *registrytest.Registry) http.Handler {
			return cosign(honest, ".sig", reply(http.StatusOK, indexOf(), "Content-Type: "+ociIndex))
		}},
		{name: "signature without end", want: "larger than 4194304 bytes", source: func(honest *registrytest.Registry) http.Handler {
			return cosign(honest, ".sig", endless(ociManifest, `{"a":"`, "a"))
		}},
		{name: "signature with a layer that is not there", want: "BLOB_UNKNOWN", written: true, source: func(honest *registrytest.Registry) http.Handler {
			return cosign(honest, ".sig", reply(http.StatusOK,
				strings.Replace(imageOf(""), `"layers":[]`, `"layers":[`+sized("application/x", "nowhere", 7)+`]`, 1), "Content-Type: "+ociManifest))
		}},
		{name: "that never come", want: "timeout", args: short, source: instead(refs, never)},
		{name: "list of tags that never comes", published: true, source: instead(list, never)},
		{name: "list of tags without end", published: true, source: instead(list, endless("application/json", `{"tags":["`, "a"))},
	}
}

// chained makes every digest have a referrer, which is really there.
func chained(honest *registrytest.Registry) http.Handler {
	made := map[string]string{}
	return at(at(honest, "^GET .*/referrers/", func(w http.ResponseWriter, req *http.Request) {
		m := `{"schemaVersion":2,"mediaType":"` + ociManifest + `","config":` + entryOf("application/vnd.oci.empty.v1+json", noConfig) +
			`,"layers":[],"subject":{"mediaType":"` + ociManifest + `","digest":"` + last(req) + `","size":1}}`
		made[digestOf(m)] = m
		reply(http.StatusOK, indexOf(entryOf(ociManifest, m)), "Content-Type: "+ociIndex)(w, req)
	}), "^GET .*/manifests/sha256:", func(w http.ResponseWriter, req *http.Request) {
		if m, ok := made[last(req)]; ok {
			reply(http.StatusOK, m, "Content-Type: "+ociManifest)(w, req)
			return
		}
		honest.ServeHTTP(w, req)
	})
}

// largeReferrers makes an image have twenty referrers of 4 MiB.
func largeReferrers(honest *registrytest.Registry) http.Handler {
	marks, entries := map[string]string{}, []string{}
	for i := range 20 {
		raw := largeImage(strconv.Itoa(i))
		marks[digestOf(raw)] = strconv.Itoa(i)
		entries = append(entries, entryOf(ociManifest, raw))
	}
	return at(at(honest, "^GET .*/referrers/", reply(http.StatusOK, indexOf(entries...), "Content-Type: "+ociIndex)),
		"^GET .*/manifests/sha256:", func(w http.ResponseWriter, req *http.Request) {
			if mark, ok := marks[last(req)]; ok {
				reply(http.StatusOK, largeImage(mark), "Content-Type: "+ociManifest)(w, req)
				return
			}
			honest.ServeHTTP(w, req)
		})
}

// strangers are hosts that nobody is to ask for anything.
func strangers(names ...string) map[string]func(*registrytest.Registry) http.Handler {
	out := map[string]func(*registrytest.Registry) http.Handler{}
	for _, name := range names {
		out[name] = func(*registrytest.Registry) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
		}
	}
	return out
}
