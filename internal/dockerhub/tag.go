// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxPages is how many pages of 100 tags are read before something must be wrong.
const maxPages = 1000

// Tag is a tag as Docker Hub lists it.
type Tag struct {
	Name string
	// Digest is that of the index, or of the image if there is only one. Zero: old tags have none here.
	Digest v1.Hash
	// LastUpdated is when the tag was last pushed; the page has the latest on top. Zero: it is not said.
	LastUpdated time.Time
}

// UnmarshalJSON implements [json.Unmarshaler]. A tag without a name, or with a digest that is none, is an error.
func (t *Tag) UnmarshalJSON(raw []byte) error {
	var wire struct {
		Name        string    `json:"name"`
		Digest      string    `json:"digest"`
		LastUpdated time.Time `json:"last_updated"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return fmt.Errorf("parsing a tag: %w", err)
	}
	if wire.Name == "" {
		return errors.New("parsing a tag: it has no name")
	}
	*t = Tag{Name: wire.Name, LastUpdated: wire.LastUpdated}
	if wire.Digest == "" {
		return nil
	}
	digest, err := v1.NewHash(wire.Digest)
	if err != nil {
		return fmt.Errorf("parsing tag %q: %w", wire.Name, err)
	}
	t.Digest = digest
	return nil
}

// page is one page of a list of tags.
type page struct {
	Next string `json:"next"`
	Tags []Tag  `json:"results"`
}

// after returns the path of the page that follows this one, with its query; empty if it is the last. The answer names it by a full URL,
// which has to stay on Docker Hub, since the token goes with it.
func (p page) after() (string, error) {
	if p.Next == "" {
		return "", nil
	}
	next, err := url.Parse(p.Next)
	if err != nil {
		return "", errors.New("parsing the address of the next page: it is no URL")
	}
	if next.Scheme+"://"+next.Host != base || !strings.HasPrefix(next.Path, "/v2/") {
		return "", fmt.Errorf("refusing the next page at %s://%s", next.Scheme, next.Host)
	}
	return next.RequestURI(), nil
}

// Tags lists the tags of a repository, all of them, in the order in which Docker Hub has them, which is not promised. A tag that moved to
// another page meanwhile is there once.
func (c *Client) Tags(ctx context.Context, repo name.Repository) ([]Tag, error) {
	tags, err := c.tags(ctx, repo)
	if err != nil {
		return nil, fmt.Errorf("listing the tags of %s: %w", repo, err)
	}
	return tags, nil
}

func (c *Client) tags(ctx context.Context, repo name.Repository) ([]Tag, error) {
	at, err := routesOf(repo)
	if err != nil {
		return nil, err
	}
	var tags []Tag
	seen := map[string]bool{}
	path := at.namespace + "/tags?page=1&page_size=100"
	for n := 1; path != ""; n++ {
		if n > maxPages {
			return nil, fmt.Errorf("there are more than %d pages", maxPages)
		}
		var p page
		err := c.do(ctx, http.MethodGet, path, nil, &p)
		if e, ok := errors.AsType[*Error](err); ok && e.absent() && n > 1 {
			break // the list became shorter while it was read, and a page past its end is a 404
		}
		if err != nil {
			return nil, err
		}
		for _, t := range p.Tags {
			if !seen[t.Name] {
				seen[t.Name] = true
				tags = append(tags, t)
			}
		}
		if path, err = p.after(); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// TagDigest looks a tag up and reports whether it is there. The digest may be zero, as in [Tag]. A repository that the account may not see
// has no tags.
func (c *Client) TagDigest(ctx context.Context, repo name.Repository, tag string) (v1.Hash, bool, error) {
	at, err := routesOf(repo)
	var got Tag
	if err == nil {
		err = c.do(ctx, http.MethodGet, at.namespace+"/tags/"+url.PathEscape(tag), nil, &got)
	}
	if e, ok := errors.AsType[*Error](err); ok && e.absent() {
		return v1.Hash{}, false, nil
	}
	if err != nil {
		return v1.Hash{}, false, fmt.Errorf("looking up %s:%s: %w", repo, tag, err)
	}
	return got.Digest, true, nil
}
