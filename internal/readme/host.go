// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"net/url"
	"strings"
)

// Host is the software that shows a repository, and so says what the addresses of its files look like.
type Host int

const (
	// Unknown is any other host: the addresses of its files are not known.
	Unknown Host = iota
	// GitHub has files at /blob/REF/PATH and their bytes at /raw/REF/PATH. GitHub Enterprise is GitHub too.
	GitHub
	// GitLab has files at /-/blob/REF/PATH and their bytes at /-/raw/REF/PATH, whoever runs it.
	GitLab
)

// HostOf tells the host of the repository at address. Where its name does not say, ci does: the name of the CI that
// runs, "github" or "gitlab". A self-managed GitLab is known by its CI. GitHub's variables are set by Gitea and Forgejo
// too, whose addresses differ, so that a GitHub Enterprise server must also have "github" in its name.
func HostOf(address, ci string) Host {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return Unknown
	}

	name := strings.ToLower(u.Hostname())
	switch {
	case name == "":
		return Unknown
	case name == "github.com", strings.HasSuffix(name, ".ghe.com"), ci == "github" && strings.Contains(name, "github"):
		return GitHub
	case name == "gitlab.com", ci == "gitlab":
		return GitLab
	default:
		return Unknown
	}
}
