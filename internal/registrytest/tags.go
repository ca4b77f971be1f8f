// SPDX-License-Identifier: Apache-2.0

package registrytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// serveTags lists tags in lexical order, in pages.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
func (r *Registry) serveTags(w http.ResponseWriter, req *http.Request, rt route) {
	if req.Method != http.MethodGet {
		refuseMethod(w)
		return
	}
	size, err := r.pageSize(req.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, "PAGINATION_NUMBER_INVALID", err.Error())
		return
	}
	tags, ok := r.tagsAfter(rt.repo, req.URL.Query().Get("last"))
	if !ok {
		refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	if size >= 0 && size < len(tags) {
		tags = tags[:size]
		if size > 0 {
			next := url.Values{"n": {strconv.Itoa(size)}, "last": {tags[size-1]}}
			w.Header().Set("Link", fmt.Sprintf(`<%s?%s>; rel="next"`, req.URL.Path, next.Encode()))
		}
	}
	body, err := json.Marshal(map[string]any{"name": rt.repo, "tags": tags})
	if err != nil {
		panic(err) // strings always marshal
	}
	send(w, http.StatusOK, "application/json", body)
}

// pageSize is the smaller of what the client asks for and what the registry gives; -1 means all.
func (r *Registry) pageSize(query url.Values) (int, error) {
	size := -1
	if r.options.PageSize > 0 {
		size = r.options.PageSize
	}
	if !query.Has("n") {
		return size, nil
	}
	n, err := strconv.Atoi(query.Get("n"))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("parsing n %q: not a whole number", query.Get("n"))
	}
	if size >= 0 && n > size {
		return size, nil
	}
	return n, nil
}

// tagsAfter returns a copy of the names that come after last, which itself need not exist.
func (r *Registry) tagsAfter(repo, last string) (tags []string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.repos[repo]
	if got == nil {
		return nil, false
	}
	tags = got.tagNames()
	from, found := slices.BinarySearch(tags, last)
	if found {
		from++
	}
	return append([]string{}, tags[from:]...), true
}
