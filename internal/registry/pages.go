// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	// maxPages bounds a list of tags, a thousand a page.
	maxPages = 5000
	// maxTags is how many bytes the list may have, pages or not.
	maxTags = 32 << 20
	// maxTag is the length of the longest tag.
	// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
	maxTag = 128
)

// collect reads all pages of a list of tags, and leaves out what can be none.
func collect(ctx context.Context, lister *remote.Lister) ([]string, error) {
	var tags []string
	left, before := maxTags, ""
	for pages := 0; lister.HasNext(); pages++ {
		if pages == maxPages {
			return nil, fmt.Errorf("the list has more than %d pages", maxPages)
		}
		page, err := lister.Next(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // it is to be classified
		}
		if len(page.Tags) == 0 {
			break // Gitea links to a next page for ever
		}
		if page.Next != "" && page.Next == before {
			return nil, errors.New("the list does not end: one of its pages links to itself")
		}
		before = page.Next
		for _, tag := range page.Tags {
			if left -= len(tag); left < 0 {
				return nil, fmt.Errorf("the list is larger than %d bytes", maxTags)
			}
			if len(tag) <= maxTag {
				tags = append(tags, tag)
			}
		}
	}
	return tags, nil
}
