// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tags is the registry behind a Hub.
type Tags interface {
	// Tags returns the tags of a repository with their digests.
	Tags(repo string) map[string]string
	// DeleteTag removes a tag, and leaves its manifest.
	DeleteTag(repo, tag string)
}

// Push sets a tag of a Hub that has no registry behind it.
func (h *Hub) Push(repo, tag, digest string) {
	if h.memory == nil {
		panic("hubtest: Push to a Hub with a registry behind it")
	}
	h.memory.set(repo, tag, digest)
	h.Pushed(repo, tag)
}

// Pushed says that a tag has just been pushed to the registry behind: it is on top of the list from now on. A tag of which this was never
// said is as old as the Hub.
func (h *Hub) Pushed(repo, tag string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if !now.After(h.last) {
		now = h.last.Add(time.Microsecond) // what the API's times can tell apart
	}
	h.last = now
	h.pushed[repo+":"+tag] = now
	delete(h.leaving, repo+":"+tag)
	delete(h.deletes, repo+":"+tag)
}

// Observe stands in front of the handler of the registry behind, and sees which tags are pushed and in which order; one whose answer got lost
// too.
func (h *Hub) Observe(registry http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		repo, tag, ok := pushes(req)
		if !ok {
			registry.ServeHTTP(w, req)
			return
		}
		before := h.tags.Tags(repo)[tag]
		sw := &statusWriter{ResponseWriter: w}
		defer func() { // also if the handler aborts
			if now := h.tags.Tags(repo)[tag]; now != before || now != "" && sw.status/100 == 2 {
				h.Pushed(repo, tag)
			}
		}()
		registry.ServeHTTP(sw, req)
	})
}

// pushes reports whether a request to a registry pushes a tag, and which.
func pushes(req *http.Request) (repo, tag string, ok bool) {
	rest, ok := strings.CutPrefix(req.URL.Path, "/v2/")
	at := strings.LastIndex(rest, "/manifests/")
	if !ok || at < 0 || req.Method != http.MethodPut {
		return "", "", false
	}
	tag = rest[at+len("/manifests/"):]
	return rest[:at], tag, !strings.Contains(tag, ":")
}

// TagNames returns the tags of a repository as its page shows them, the one that was pushed last on top.
func (h *Hub) TagNames(repo string) []string {
	var names []string
	for _, t := range h.list(repo) {
		names = append(names, t.name)
	}
	return names
}

// shown is a tag as the page shows it.
type shown struct {
	name, digest string
	updated      time.Time
}

// list returns the tags of a repository, the latest first.
func (h *Hub) list(repo string) []shown {
	for _, tag := range h.due(repo) {
		h.tags.DeleteTag(repo, tag)
	}
	all := h.tags.Tags(repo)
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]shown, 0, len(all))
	for name, digest := range all {
		list = append(list, shown{name, digest, h.pushed[repo+":"+name]})
	}
	slices.SortFunc(list, func(a, b shown) int { return cmp.Or(b.updated.Compare(a.updated), strings.Compare(a.name, b.name)) })
	return list
}

// find returns a tag.
func (h *Hub) find(repo, tag string) (shown, bool) {
	list := h.list(repo)
	i := slices.IndexFunc(list, func(t shown) bool { return t.name == tag })
	if i < 0 {
		return shown{}, false
	}
	return list[i], true
}

// due returns the tags that have been deleted and have shown for long enough.
func (h *Hub) due(repo string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var tags []string
	for key, until := range h.leaving {
		if tag, ok := strings.CutPrefix(key, repo+":"); ok && !time.Now().Before(until) {
			tags = append(tags, tag)
			delete(h.leaving, key)
		}
	}
	return tags
}

// remove deletes a tag, now or later, or only says so.
func (h *Hub) remove(repo, tag string) {
	key := repo + ":" + tag
	h.mu.Lock()
	_, leaving := h.leaving[key]
	ignored := h.deletes[key] < h.options.IgnoredDeletes
	switch {
	case leaving:
	case ignored:
		h.deletes[key]++
	case h.options.DeleteDelay > 0:
		h.leaving[key] = time.Now().Add(h.options.DeleteDelay)
		leaving = true
	}
	h.mu.Unlock()
	if !leaving && !ignored {
		h.tags.DeleteTag(repo, tag)
	}
}

// memory are tags without a registry.
type memory struct {
	mu    sync.Mutex
	repos map[string]map[string]string
}

// Tags implements [Tags].
func (m *memory) Tags(repo string) map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.repos[repo])
}

// DeleteTag implements [Tags].
func (m *memory) DeleteTag(repo, tag string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.repos[repo], tag)
}

func (m *memory) set(repo, tag, digest string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.repos[repo] == nil {
		m.repos[repo] = map[string]string{}
	}
	m.repos[repo][tag] = digest
}
