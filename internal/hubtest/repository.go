// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Repository is the page of a repository, and its settings.
type Repository struct {
	Full, Short string
	Private     bool
	Immutable   Immutable
}

// Immutable says which tags can neither be moved nor deleted.
type Immutable struct {
	Enabled bool
	Rules   []string // regular expressions; nil: ".*", as was seen where nobody ever set any
}

// freezes reports whether it holds for the tag.
func (i Immutable) freezes(tag string) bool {
	return i.Enabled && slices.ContainsFunc(i.rules(), func(rule string) bool { return regexp.MustCompile(rule).MatchString(tag) })
}

func (i Immutable) rules() []string {
	if i.Rules == nil {
		return []string{".*"}
	}
	return i.Rules
}

// The texts can have so many characters, or bytes: that is not known.
const (
	maxFull  = 25000
	maxShort = 100
)

// Create makes a repository, or replaces its page and settings. A repository that has tags need not be made: it is public.
func (h *Hub) Create(repo string, r Repository) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.repos[repo] = &r
}

// Repository returns the page and the settings of a repository.
func (h *Hub) Repository(repo string) Repository {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.repos[repo]; r != nil {
		return *r
	}
	return Repository{}
}

// Frozen reports whether a tag of a repository can neither be moved nor deleted, for the registry that has to refuse it.
func (h *Hub) Frozen(repo, tag string) bool { return h.Repository(repo).Immutable.freezes(tag) }

// visible reports whether a repository exists for somebody.
func (h *Hub) visible(repo string, who session) bool {
	h.mu.Lock()
	r := h.repos[repo]
	h.mu.Unlock()
	if r == nil {
		return len(h.tags.Tags(repo)) > 0
	}
	return !r.Private || who.account.role(repo) >= Read
}

// permits tells whether somebody may delete a tag or change a page, and answers if not.
func (h *Hub) permits(w http.ResponseWriter, rt route, who session) bool {
	switch {
	case who.account.Name == "":
		send(w, http.StatusUnauthorized, `{"message":"unauthorized","errinfo":null}`)
	case who.level < Admin && rt.kind == kindTag:
		refuse(w, http.StatusForbidden, "access denied: insufficient scope")
	case who.level < Admin:
		refuse(w, http.StatusForbidden, "insufficient scope")
	case who.account.role(rt.repo) < Admin:
		send(w, http.StatusForbidden, `{"message":"permission denied"}`)
	default:
		return true
	}
	return false
}

// patchRepository sets the texts that are sent. The body with which too long a text is refused is not known.
func (h *Hub) patchRepository(w http.ResponseWriter, got *Request, rt route, who session) {
	var in struct {
		Full  *string `json:"full_description"`
		Short *string `json:"description"`
	}
	if err := json.Unmarshal([]byte(got.Body), &in); err != nil ||
		in.Full != nil && len(*in.Full) > maxFull || in.Short != nil && len(*in.Short) > maxShort {
		refuse(w, http.StatusBadRequest, "httperror 400: validation error")
		return
	}
	h.mu.Lock()
	r := h.repos[rt.repo]
	if r == nil {
		r = &Repository{}
		h.repos[rt.repo] = r
	}
	if in.Full != nil {
		r.Full = *in.Full
	}
	if in.Short != nil {
		r.Short = *in.Short
	}
	h.mu.Unlock()
	h.getRepository(w, rt, who)
}

func (h *Hub) getRepository(w http.ResponseWriter, rt route, who session) {
	type permissions struct {
		Read  bool `json:"read"`
		Write bool `json:"write"`
		Admin bool `json:"admin"`
	}
	type settings struct {
		Enabled bool     `json:"enabled"`
		Rules   []string `json:"rules"`
	}
	type repository struct {
		User              string      `json:"user"`
		Name              string      `json:"name"`
		Namespace         string      `json:"namespace"`
		RepositoryType    string      `json:"repository_type"`
		Status            int         `json:"status"`
		StatusDescription string      `json:"status_description"`
		Description       string      `json:"description"`
		IsPrivate         bool        `json:"is_private"`
		IsAutomated       bool        `json:"is_automated"`
		StarCount         int         `json:"star_count"`
		PullCount         int         `json:"pull_count"`
		LastUpdated       *timestamp  `json:"last_updated"`
		CollaboratorCount int         `json:"collaborator_count"`
		Affiliation       *string     `json:"affiliation"`
		HubUser           string      `json:"hub_user"`
		HasStarred        bool        `json:"has_starred"`
		FullDescription   string      `json:"full_description"`
		Permissions       permissions `json:"permissions"`
		MediaTypes        []string    `json:"media_types"`
		ContentTypes      []string    `json:"content_types"`
		Categories        []string    `json:"categories"`
		Immutable         settings    `json:"immutable_tags_settings"`
		StorageSize       int         `json:"storage_size"`
		Source            *string     `json:"source"`
	}
	r, role := h.Repository(rt.repo), who.account.role(rt.repo)
	namespace, name, _ := strings.Cut(rt.repo, "/")
	answer := repository{
		User: namespace, Name: name, Namespace: namespace, HubUser: namespace,
		RepositoryType: "image", Status: 1, StatusDescription: "active",
		Description: r.Short, FullDescription: r.Full, IsPrivate: r.Private,
		Permissions: permissions{Read: true, Write: role >= Write, Admin: role >= Admin},
		MediaTypes:  []string{}, ContentTypes: []string{"image"}, Categories: []string{},
		Immutable: settings{Enabled: r.Immutable.Enabled, Rules: r.Immutable.rules()},
	}
	if tags := h.list(rt.repo); len(tags) > 0 {
		updated := timestamp(tags[0].updated)
		answer.LastUpdated = &updated
	}
	sendValue(w, http.StatusOK, answer)
}
