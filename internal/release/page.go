// SPDX-License-Identifier: Apache-2.0

package release

// PagePlan is what happens to a registry's page.
type PagePlan struct {
	// Kept is why the page stays as it is; empty: it is synced.
	Kept string
}

// pageDepends reports whether the tags of a target decide about its page: an
// older version leaves the page of a newer one alone.
func (r Request) pageDepends() bool { return r.Page && r.Version.Stable() }

// planPage decides whether this release may write the page.
func planPage(req Request, state TargetState) *PagePlan {
	switch {
	case !req.Page:
		return nil
	case !req.Version.IsZero() && !req.Version.Stable():
		return &PagePlan{Kept: "a pre-release leaves the page alone"}
	case req.pageDepends():
		if by := above(req.Version, highest(recognize(req.Scheme, state.Tags))); by != "" {
			return &PagePlan{Kept: by + " is higher"}
		}
	}
	return &PagePlan{}
}
