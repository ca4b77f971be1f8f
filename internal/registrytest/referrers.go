// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// serveReferrers lists the manifests whose subject is a digest, in pages. There need not be such a subject.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
func (r *Registry) serveReferrers(w http.ResponseWriter, req *http.Request, rt route) {
	switch {
	case r.options.Referrers == ReferrersNone:
		http.NotFound(w, req)
		return
	case req.Method != http.MethodGet:
		refuseMethod(w)
		return
	case !isDigest(rt.ref):
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "no digest")
		return
	}
	all, ok := r.referrers(rt)
	if !ok {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	last := req.URL.Query().Get("last")
	all = slices.DeleteFunc(all, func(d v1.Descriptor) bool { return d.Digest.Hex <= last })
	if size := r.options.PageSize; size > 0 && size < len(all) {
		all = all[:size]
		next := url.Values{"last": {all[size-1].Digest.Hex}}
		w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, req.URL.Path, next.Encode()))
	}
	body, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: all})
	if err != nil {
		panic(err) // descriptors always marshal
	}
	send(w, http.StatusOK, string(types.OCIImageIndex), body)
}

// referrers returns what has the subject, ordered by digest.
func (r *Registry) referrers(rt route) (all []v1.Descriptor, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.repos[rt.repo]
	if repo == nil {
		return nil, false
	}
	all = []v1.Descriptor{}
	for digest, m := range repo.manifests {
		var it v1.Manifest // an index has the fields that matter here, too
		if json.Unmarshal(m.body, &it) != nil || it.Subject == nil || it.Subject.Digest.String() != rt.ref {
			continue
		}
		hash, err := v1.NewHash(digest)
		if err != nil {
			panic(err) // we have made it
		}
		all = append(all, v1.Descriptor{
			MediaType: types.MediaType(m.mediaType), Size: int64(len(m.body)), Digest: hash,
			ArtifactType: cmp.Or(it.ArtifactType, string(it.Config.MediaType)), Annotations: it.Annotations,
		})
	}
	slices.SortFunc(all, func(a, b v1.Descriptor) int { return cmp.Compare(a.Digest.Hex, b.Digest.Hex) })
	return all, true
}
