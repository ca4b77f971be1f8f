// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// texts are those of a page that have to change. What is empty stays as it is.
type texts struct {
	Full  string `json:"full_description,omitempty"`
	Short string `json:"description,omitempty"`
}

// Describe sets the page of a repository, in Markdown, and the line below its name, of which Docker Hub takes 25,000 and 100 bytes, and
// reports whether anything had to change. An empty text leaves what is there: no page is ever blanked. Only a text that differs is sent, and
// afterwards it is looked at whether Docker Hub has it. Differences in white space at the ends and in line breaks do not count.
func (c *Client) Describe(ctx context.Context, repo name.Repository, full, short string) (changed bool, err error) {
	before, err := c.Repository(ctx, repo)
	if err != nil {
		return false, err
	}
	todo := before.lacks(texts{Full: full, Short: short})
	if todo == (texts{}) {
		return false, nil
	}
	after, err := c.patch(ctx, repo, todo)
	if err != nil {
		return false, fmt.Errorf("describing %s: %w", repo, err)
	}
	if after.lacks(todo) == (texts{}) {
		return true, nil
	}
	// That the answer has the texts is seen, and documented nowhere.
	if after, err = c.Repository(ctx, repo); err != nil {
		return false, err
	}
	if after.lacks(todo) != (texts{}) {
		return false, fmt.Errorf("describing %s: Docker Hub took the text and has another: page of %d bytes (sent %d), short description of %d (sent %d)",
			repo, len(after.Full), len(todo.Full), len(after.Short), len(todo.Short))
	}
	return true, nil
}

// patch sends texts. Docker Hub has shown the repository already, so that a 404 speaks of the route.
func (c *Client) patch(ctx context.Context, repo name.Repository, t texts) (Repository, error) {
	at, err := routesOf(repo)
	if err != nil {
		return Repository{}, err
	}
	var after Repository
	err = c.do(ctx, http.MethodPatch, at.namespace, t, &after)
	if e, ok := errors.AsType[*Error](err); ok && e.noRoute() {
		after = Repository{}
		err = c.do(ctx, http.MethodPatch, at.legacy+"/", t, &after)
	}
	return after, err
}

// lacks returns those of the texts that the repository does not have.
func (r Repository) lacks(t texts) texts {
	if t.Full != "" && normalize(t.Full) == normalize(r.Full) {
		t.Full = ""
	}
	if t.Short != "" && normalize(t.Short) == normalize(r.Short) {
		t.Short = ""
	}
	return t
}

// normalize takes away what no reader of the page can see, and a server may.
func normalize(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}
