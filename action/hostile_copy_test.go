// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/registrytest"
)

// hostileCopies are sources and targets that mean harm while images are copied.
func hostileCopies() []hostility {
	const (
		layer  = "^GET .*/blobs/"
		upload = "^POST .*/blobs/uploads/$"
		send   = "^PUT .*/blobs/uploads/"
		put    = "^PUT .*/manifests/"
	)
	// layers makes a source whose images are honest but for the layer.
	layers := func(answer http.HandlerFunc) func(*registrytest.Registry) http.Handler {
		return func(honest *registrytest.Registry) http.Handler {
			config := configOf(honest)
			return at(honest, layer, func(w http.ResponseWriter, req *http.Request) {
				if last(req) == config {
					honest.ServeHTTP(w, req)
					return
				}
				answer(w, req)
			})
		}
	}
	redirect := func(url string) func(*registrytest.Registry) http.Handler {
		return layers(func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, url+req.URL.Path+"?X-Signature=s1gn", http.StatusTemporaryRedirect)
		})
	}
	location := func(url string) func(*registrytest.Registry) http.Handler {
		return instead(upload, reply(http.StatusAccepted, "", "Location: "+url))
	}
	storage := map[string]func(*registrytest.Registry) http.Handler{"storage.example": func(honest *registrytest.Registry) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodPut {
				_, _ = io.Copy(io.Discard, req.Body)
				w.WriteHeader(http.StatusCreated)
				return
			}
			body, _ := honest.Blob(repo, v1.Hash{Algorithm: "sha256", Hex: strings.TrimPrefix(last(req), "sha256:")})
			_, _ = w.Write(body)
		})
	}}
	beside := []string{host + "/acme/staging:amd64"}
	return []hostility{
		{name: "endless layer", want: "larger than", uploads: true, source: layers(endless("application/octet-stream", "", "a"))},
		{name: "layer with a wrong digest", want: "the content has digest", uploads: true, source: layers(reply(http.StatusOK, strings.Repeat("a", 2076)))},
		{name: "layer of another length", want: "the blob has 7 bytes", uploads: true, source: layers(reply(http.StatusOK, "content"))},
		{name: "layer that breaks off", want: "unexpected EOF", uploads: true, source: layers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2076")
			_, _ = io.WriteString(w, "a")
		}), args: short},
		{name: "layer that never comes", want: "timeout", uploads: true, args: short, source: layers(never)},
		{name: "layer at a byte a second", want: "timeout", uploads: true, args: short, source: layers(drip("application/octet-stream", "a"))},
		{name: "layer elsewhere", published: true, source: redirect("https://storage.example"), others: storage},
		{name: "layer without TLS", want: "refusing plain HTTP", hint: "plain_http", uploads: true, source: redirect("http://storage.example"), others: storage},
		{name: "layer on this machine", want: "refusing to be sent", uploads: true, source: redirect("https://localhost")},
		{name: "layer in the cloud's metadata", want: "refusing to be sent", uploads: true, source: redirect("https://169.254.169.254")},
		{name: "layer in circles", want: "10 redirects", uploads: true, source: layers(func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, req.URL.Path, http.StatusFound) })},
		{name: "upload elsewhere", want: "BLOB_UNKNOWN", written: true, target: location("https://storage.example/b?signature=s1gn"), others: storage},
		{name: "upload without TLS", want: "refusing plain HTTP", written: true, target: location("http://storage.example/b"), others: storage},
		{name: "upload to this machine", want: "refusing to be sent", written: true, target: location("https://localhost/b")},
		{name: "upload that is answered before it is read", want: "BLOB_UNKNOWN", written: true, target: instead(send, reply(http.StatusCreated, ""))},
		{name: "upload that is never answered", want: "timeout", written: true, args: short, target: instead(send, never)},
		{name: "upload that never begins", want: "timeout", written: true, args: short, target: instead(upload, never)},
		{name: "upload for ever refused", want: "500", written: true, args: []string{"--timeout", "4s"}, target: instead(send, reply(http.StatusInternalServerError, ""))},
		{name: "blob that is not there", want: "BLOB_UNKNOWN", written: true, target: instead("^HEAD .*/blobs/", reply(http.StatusOK, ""))},
		{name: "manifest answered by HTML", want: "page of HTML", written: true, target: instead(put, reply(http.StatusCreated, "<html>", "Content-Type: text/html"))},
		{name: "mounts that are none", published: true, sources: beside, target: lyingMounts},
		{name: "mounts that are none, and uploads lost", want: "MANIFEST_BLOB_UNKNOWN", written: true, sources: beside, target: func(honest *registrytest.Registry) http.Handler {
			return at(lyingMounts(honest), send, reply(http.StatusCreated, ""))
		}},
		{name: "digest of HEAD that is none", want: "hash", target: instead("^HEAD .*/manifests/", reply(http.StatusOK, "", "Content-Type: "+ociManifest, "Content-Length: 0", "Docker-Content-Digest: sha256:\u202e::error::"))},
		{name: "digest of HEAD that is another", want: "does not match", target: instead("^HEAD .*/manifests/sha256:", reply(http.StatusOK, "", "Content-Type: "+ociManifest, "Content-Length: 0", "Docker-Content-Digest: "+digestOf("another")))},
	}
}

// lyingMounts says that it took a blob over, and did not.
func lyingMounts(honest *registrytest.Registry) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Query().Has("mount") {
			w.WriteHeader(http.StatusCreated)
			return
		}
		honest.ServeHTTP(w, req)
	})
}

// configOf is the digest of the source's config.
func configOf(r *registrytest.Registry) string {
	raw, _, _ := r.Manifest(repo, "amd64")
	m, err := v1.ParseManifest(bytes.NewReader(raw))
	if err != nil {
		panic(err) // it was made by the test
	}
	return m.Config.Digest.String()
}
