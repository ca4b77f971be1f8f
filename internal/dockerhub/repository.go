// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/google/go-containerregistry/pkg/name"
)

// Repository is what Docker Hub knows of a repository.
type Repository struct {
	// Short is the line below the name, Full the page, in Markdown.
	Short       string      `json:"description"`
	Full        string      `json:"full_description"`
	Private     bool        `json:"is_private"`
	Permissions Permissions `json:"permissions"`
	// Immutability are the rules about tags. The zero value, where Docker Hub says nothing of them, freezes none.
	Immutability Immutability `json:"immutable_tags_settings"`
}

// Permissions are what the account, or whoever has none, may do with the repository, whatever its token may.
type Permissions struct {
	Read  bool `json:"read"`
	Write bool `json:"write"`
	Admin bool `json:"admin"`
}

// Immutability says which tags, once pushed, can neither be moved nor deleted.
// https://docs.docker.com/docker-hub/repos/manage/hub-images/immutable-tags/
type Immutability struct {
	// Enabled is the switch. Where it is off, there may be rules all the same.
	Enabled bool `json:"enabled"`
	// Rules are regular expressions in RE2's syntax. All tags are ".*".
	Rules []string `json:"rules"`
}

// Freezes reports whether the rules hold for a tag. Switched on without any rule, they hold for all. A rule matches anywhere in the tag, as
// Go's regexp does, which Docker Hub says it follows; one that is no regular expression, as Docker Hub lets nobody store, matches nothing.
func (i Immutability) Freezes(tag string) bool {
	if !i.Enabled {
		return false
	}
	for _, rule := range i.Rules {
		if re, err := regexp.Compile(rule); err == nil && re.MatchString(tag) {
			return true
		}
	}
	return len(i.Rules) == 0
}

// Repository reads what there is to know about a repository. A private one does not exist for whoever may not see it.
func (c *Client) Repository(ctx context.Context, repo name.Repository) (Repository, error) {
	var got Repository
	at, err := routesOf(repo)
	if err == nil {
		err = c.do(ctx, http.MethodGet, at.namespace, nil, &got)
	}
	if err != nil {
		return Repository{}, fmt.Errorf("reading %s: %w", repo, err)
	}
	return got, nil
}
