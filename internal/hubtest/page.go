// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// tag is a tag on the wire. Its images are left out: what is behind a Hub tells their digests only.
type tag struct {
	Creator             int        `json:"creator"`
	ID                  int        `json:"id"`
	Images              []struct{} `json:"images"`
	LastUpdated         timestamp  `json:"last_updated"`
	LastUpdater         int        `json:"last_updater"`
	LastUpdaterUsername string     `json:"last_updater_username"`
	Name                string     `json:"name"`
	Repository          int        `json:"repository"`
	FullSize            int        `json:"full_size"`
	V2                  bool       `json:"v2"`
	TagStatus           string     `json:"tag_status"`
	TagLastPulled       *timestamp `json:"tag_last_pulled"`
	TagLastPushed       timestamp  `json:"tag_last_pushed"`
	MediaType           string     `json:"media_type"`
	ContentType         string     `json:"content_type"`
	Digest              string     `json:"digest,omitempty"` // old tags have none
}

func (h *Hub) wire(rt route, s shown) tag {
	if s.updated.IsZero() {
		s.updated = h.born
	}
	namespace, _, _ := strings.Cut(rt.repo, "/")
	return tag{
		Creator: 1, ID: 1, Images: []struct{}{},
		LastUpdated: timestamp(s.updated), LastUpdater: 1, LastUpdaterUsername: namespace,
		Name: s.name, Repository: 1, V2: true, TagStatus: "active", TagLastPushed: timestamp(s.updated),
		MediaType: "application/vnd.oci.image.index.v1+json", ContentType: "image", Digest: s.digest,
	}
}

func (h *Hub) getTag(w http.ResponseWriter, rt route) {
	s, ok := h.find(rt.repo, rt.tag)
	if !ok {
		h.refuseTag(w, rt)
		return
	}
	sendValue(w, http.StatusOK, h.wire(rt, s))
}

// deleteTag answers as soon as the request is understood. With what a tag that cannot be deleted is refused is not known.
func (h *Hub) deleteTag(w http.ResponseWriter, rt route) {
	switch _, ok := h.find(rt.repo, rt.tag); {
	case !ok:
		h.refuseTag(w, rt)
	case h.Frozen(rt.repo, rt.tag):
		refuse(w, http.StatusForbidden, "tag is immutable")
	default:
		h.remove(rt.repo, rt.tag)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *Hub) refuseTag(w http.ResponseWriter, rt route) {
	namespace, name, _ := strings.Cut(rt.repo, "/")
	sendValue(w, http.StatusNotFound, map[string]any{
		"message": "httperror 404: tag '" + rt.tag + "' not found",
		"errinfo": map[string]string{"namespace": namespace, "repository": name, "tag": rt.tag},
	})
}

// listTags answers with a page of tags, the latest first. What "ordering" asks for is the other way round than its minus says.
// https://github.com/docker/hub-tool/pull/12
func (h *Hub) listTags(w http.ResponseWriter, req *http.Request, rt route) {
	list := h.list(rt.repo)
	ordering := req.URL.Query().Get("ordering")
	if strings.HasSuffix(ordering, "name") {
		slices.SortFunc(list, func(a, b shown) int { return strings.Compare(b.name, a.name) })
	}
	if strings.HasPrefix(ordering, "-") {
		slices.Reverse(list)
	}
	page, size := number(req.URL.Query(), "page", 1), min(number(req.URL.Query(), "page_size", 10), 100)
	from := min((page-1)*size, len(list))
	if page > 1 && from == len(list) {
		send(w, http.StatusNotFound, `{"message":"httperror 404: object not found","errinfo":{}}`)
		return
	}
	to := min(from+size, len(list))
	var answer struct {
		Count    int     `json:"count"`
		Next     *string `json:"next"`
		Previous *string `json:"previous"`
		Results  []tag   `json:"results"`
	}
	at := func(page int) *string {
		query := req.URL.Query()
		query.Set("page", strconv.Itoa(page))
		query.Set("page_size", strconv.Itoa(size))
		u := url.URL{Scheme: "https", Host: req.Host, Path: req.URL.Path, RawQuery: query.Encode()}
		text := u.String()
		return &text
	}
	answer.Count, answer.Results = len(list), []tag{}
	for _, s := range list[from:to] {
		answer.Results = append(answer.Results, h.wire(rt, s))
	}
	if to < len(list) {
		answer.Next = at(page + 1)
	}
	if page > 1 {
		answer.Previous = at(page - 1)
	}
	sendValue(w, http.StatusOK, answer)
}

// number reads a number of the query; what is none, or not positive, counts as not given.
func number(query url.Values, key string, otherwise int) int {
	if n, err := strconv.Atoi(query.Get(key)); err == nil && n > 0 {
		return n
	}
	return otherwise
}
