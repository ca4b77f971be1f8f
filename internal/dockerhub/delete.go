// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// maxDeletes is how often a tag is deleted that does not go away.
const maxDeletes = 5

// DeleteTag removes a tag, and nothing but the tag, and returns when Docker Hub shows it no more: that the request was taken is no proof of
// that. So the tag is looked up afterwards and deleted again, five times at most, with pauses of 1 to 5 s. A tag that is not there is
// success. One that somebody pushed meanwhile is left, with [*release.MovedError]; that it had not moved before is for the caller to see
// to, right before the call.
func (c *Client) DeleteTag(ctx context.Context, repo name.Repository, tag string) error {
	if err := c.deleteTag(ctx, repo, tag); err != nil {
		return fmt.Errorf("deleting %s:%s at Docker Hub: %w", repo, tag, err)
	}
	return nil
}

func (c *Client) deleteTag(ctx context.Context, repo name.Repository, tag string) error {
	taken, err := c.requestDelete(ctx, repo, tag)
	if err != nil {
		return err
	}
	before, there, err := c.TagDigest(ctx, repo, tag)
	switch {
	case err != nil:
		return err
	case there:
		return c.deleteAgain(ctx, repo, tag, before)
	case !taken:
		// The tag does not exist, or the repository does not show: both are a 404.
		_, err = c.Repository(ctx, repo)
		return err
	}
	return nil
}

// deleteAgain deletes a tag that is still there, until it is gone. Every time it looks whether it is still the same tag.
func (c *Client) deleteAgain(ctx context.Context, repo name.Repository, tag string, before v1.Hash) error {
	for n := 1; ; n++ {
		if err := release.Pause(ctx, time.Duration(n)*time.Second); err != nil {
			return fmt.Errorf("waiting for the tag to go: %w", err)
		}
		now, there, err := c.TagDigest(ctx, repo, tag)
		switch {
		case err != nil || !there:
			return err
		case now != before:
			return &release.MovedError{Now: now}
		case n == maxDeletes:
			return fmt.Errorf("the request was taken %d times, and the tag is still there", n)
		}
		if _, err := c.requestDelete(ctx, repo, tag); err != nil {
			return err
		}
	}
}

// requestDelete asks once for a tag to be deleted, and reports whether the request was taken. It is no error that the tag does not exist.
func (c *Client) requestDelete(ctx context.Context, repo name.Repository, tag string) (taken bool, err error) {
	at, err := routesOf(repo)
	if err != nil {
		return false, err
	}
	err = c.do(ctx, http.MethodDelete, at.namespace+"/tags/"+url.PathEscape(tag), nil, nil)
	e, refused := errors.AsType[*Error](err)
	if !refused || !e.noRoute() {
		return err == nil, err
	}
	if e.NotFound() {
		if _, there, err := c.TagDigest(ctx, repo, tag); err != nil || !there {
			return false, err
		}
	}
	err = c.do(ctx, http.MethodDelete, at.legacy+"/tags/"+url.PathEscape(tag)+"/", nil, nil)
	if e, refused := errors.AsType[*Error](err); refused && e.NotFound() {
		return false, nil
	}
	return err == nil, err
}
