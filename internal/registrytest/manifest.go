// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func (r *Registry) serveManifest(w http.ResponseWriter, req *http.Request, rt route) {
	switch req.Method {
	case http.MethodGet, http.MethodHead:
		r.getManifest(w, rt)
	case http.MethodPut:
		r.putManifest(w, req, rt)
	case http.MethodDelete:
		r.deleteManifest(w, rt)
	default:
		refuseMethod(w)
	}
}

func (r *Registry) getManifest(w http.ResponseWriter, rt route) {
	m, digest, ok := r.lookup(rt.repo, rt.ref)
	if !ok {
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	if isDigest(rt.ref) || !r.options.NoDigestHeader {
		w.Header().Set("Docker-Content-Digest", digest)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(m.body)))
	send(w, http.StatusOK, m.mediaType, m.body)
}

func (r *Registry) putManifest(w http.ResponseWriter, req *http.Request, rt route) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", err.Error())
		return
	}
	digest := digestOf(body)
	if isDigest(rt.ref) {
		if rt.ref != digest {
			refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "the manifest has digest "+digest)
			return
		}
	} else if !tagPattern.MatchString(rt.ref) {
		refuse(w, http.StatusBadRequest, "TAG_INVALID", "the tag has characters that a tag cannot have, or too many")
		return
	}
	m := manifest{mediaType: req.Header.Get("Content-Type"), body: body}
	var parts parts
	if err := json.Unmarshal(body, &parts); err != nil {
		refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", err.Error())
		return
	}
	if m.mediaType == "" || parts.MediaType != "" && parts.MediaType != m.mediaType {
		refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", "the Content-Type and the mediaType differ")
		return
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.open(rt.repo)
	if missing, ok := parts.missing(repo); ok {
		refuse(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "unknown to the repository: "+missing)
		return
	}
	if !isDigest(rt.ref) {
		if at := repo.tags[rt.ref]; at != "" && at != digest && r.immutable(rt) {
			refuseImmutable(w)
			return
		}
		repo.tag(rt.ref, digest)
	}
	repo.manifests[digest] = m
	if parts.Subject != nil && r.options.Referrers == ReferrersAPI {
		w.Header().Set("OCI-Subject", parts.Subject.Digest.String())
	}
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Location", "/v2/"+rt.repo+"/manifests/"+digest)
	w.WriteHeader(http.StatusCreated)
}

// deleteManifest takes a tag's name off, or a manifest away with all its tags; an index that lists it stays, and is then broken.
func (r *Registry) deleteManifest(w http.ResponseWriter, rt route) {
	switch {
	case r.options.Delete == DeleteNothing:
		refuseMethod(w)
		return
	case r.options.Delete == DeleteManifests && !isDigest(rt.ref):
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
		return
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.repos[rt.repo]
	_, digest, ok := repo.find(rt.ref)
	if !ok {
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	if !isDigest(rt.ref) && r.immutable(rt) {
		refuseImmutable(w)
		return
	}
	if isDigest(rt.ref) {
		delete(repo.manifests, digest)
		for name, to := range repo.tags {
			if to == digest {
				repo.untag(name)
			}
		}
	} else {
		repo.untag(rt.ref)
	}
	w.WriteHeader(http.StatusAccepted)
}

func (r *Registry) immutable(rt route) bool {
	return r.options.ImmutableTags != nil && r.options.ImmutableTags(rt.repo, rt.ref)
}

func refuseImmutable(w http.ResponseWriter) {
	refuse(w, http.StatusConflict, "TAG_IMMUTABLE", "the tag is immutable")
}

// parts is what a manifest of any kind refers to.
type parts struct {
	MediaType string          `json:"mediaType"`
	Manifests []v1.Descriptor `json:"manifests"`
	Config    *v1.Descriptor  `json:"config"`
	Layers    []v1.Descriptor `json:"layers"`
	Subject   *v1.Descriptor  `json:"subject"`
}

// missing returns the first part that is not in the repository.
func (p parts) missing(repo *repository) (digest string, ok bool) {
	for _, d := range p.Manifests {
		if _, have := repo.manifests[d.Digest.String()]; !have {
			return d.Digest.String(), true
		}
	}
	blobs := p.Layers
	if p.Config != nil {
		blobs = append(blobs, *p.Config)
	}
	for _, d := range blobs {
		if _, have := repo.blobs[d.Digest.String()]; !have && d.MediaType.IsDistributable() {
			return d.Digest.String(), true
		}
	}
	return "", false
}
