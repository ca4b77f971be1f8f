// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// upload is a blob on its way in.
type upload struct {
	repo    string
	content []byte
}

func (r *Registry) serveBlob(w http.ResponseWriter, req *http.Request, rt route) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		refuseMethod(w)
		return
	}
	content, ok := r.blob(rt.repo, rt.ref)
	if !ok {
		refuse(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Docker-Content-Digest", rt.ref)
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(content))
}

// serveUpload takes blobs whole, in chunks, or from another repository.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
func (r *Registry) serveUpload(w http.ResponseWriter, req *http.Request, rt route) {
	switch req.Method {
	case http.MethodPost:
		r.beginUpload(w, req, rt)
	case http.MethodPatch:
		r.appendUpload(w, req, rt)
	case http.MethodPut:
		r.finishUpload(w, req, rt)
	default:
		refuseMethod(w)
	}
}

func (r *Registry) beginUpload(w http.ResponseWriter, req *http.Request, rt route) {
	query := req.URL.Query()
	if digest := query.Get("mount"); digest != "" && r.mayMount(req, query.Get("from")) {
		if content, ok := r.blob(query.Get("from"), digest); ok {
			r.putBlob(rt.repo, digest, content)
			blobCreated(w, rt.repo, digest)
			return
		}
	}
	if digest := query.Get("digest"); digest != "" {
		content, ok := readBody(w, req)
		if ok {
			r.commit(w, rt.repo, digest, content)
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened++
	rt.ref = strconv.Itoa(r.opened)
	r.uploads[rt.ref] = &upload{repo: rt.repo}
	uploadAccepted(w, rt, 0)
}

func (r *Registry) appendUpload(w http.ResponseWriter, req *http.Request, rt route) {
	content, ok := readBody(w, req)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	up := r.uploads[rt.ref]
	if up == nil || up.repo != rt.repo {
		refuseUpload(w)
		return
	}
	if chunk := req.Header.Get("Content-Range"); chunk != "" {
		var from, to int
		if _, err := fmt.Sscanf(chunk, "%d-%d", &from, &to); err != nil || from != len(up.content) || to-from+1 != len(content) {
			refuse(w, http.StatusRequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID", "the chunk does not follow what is there")
			return
		}
	}
	up.content = append(up.content, content...)
	uploadAccepted(w, rt, len(up.content))
}

func (r *Registry) finishUpload(w http.ResponseWriter, req *http.Request, rt route) {
	content, ok := readBody(w, req)
	if !ok {
		return
	}
	r.mu.Lock()
	up := r.uploads[rt.ref]
	delete(r.uploads, rt.ref)
	r.mu.Unlock()
	if up == nil || up.repo != rt.repo {
		refuseUpload(w)
		return
	}
	r.commit(w, rt.repo, req.URL.Query().Get("digest"), append(up.content, content...))
}

func (r *Registry) commit(w http.ResponseWriter, repo, digest string, content []byte) {
	if got := digestOf(content); got != digest {
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "the content has digest "+got)
		return
	}
	r.putBlob(repo, digest, content)
	blobCreated(w, repo, digest)
}

func readBody(w http.ResponseWriter, req *http.Request) (content []byte, ok bool) {
	content, err := io.ReadAll(req.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "BLOB_UPLOAD_INVALID", err.Error())
		return nil, false
	}
	return content, true
}

func blobCreated(w http.ResponseWriter, repo, digest string) {
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Location", "/v2/"+repo+"/blobs/"+digest)
	w.WriteHeader(http.StatusCreated)
}

func uploadAccepted(w http.ResponseWriter, rt route, size int) {
	w.Header().Set("Location", "/v2/"+rt.repo+"/blobs/uploads/"+rt.ref)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(size-1, 0)))
	w.WriteHeader(http.StatusAccepted)
}

func refuseUpload(w http.ResponseWriter) {
	refuse(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
}
