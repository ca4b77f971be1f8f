// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"net/url"
	"strings"
)

// repositoryURL returns the address of the page of the repository that s is cloned from, or "" if s has none. It keeps
// no user info, which may be a token, and no ".git". The scheme becomes https, but for http on a port of its own, which
// does not speak TLS.
func repositoryURL(s string) string {
	if !strings.Contains(s, "://") { // as ssh takes it: git@host:path
		host, path, ok := strings.Cut(s, ":")
		if !ok {
			return ""
		}
		s = "ssh://" + host + "/" + strings.TrimLeft(path, "/")
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	page := url.URL{Scheme: "https", Host: u.Host}
	switch u.Scheme {
	case "https":
	case "http":
		if u.Port() != "" {
			page.Scheme = "http"
		}
	case "ssh", "git", "git+ssh":
		page.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	default:
		return ""
	}
	page.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), ".git")
	if page.Host == "" || strings.Trim(page.Path, "/") == "" {
		return ""
	}
	address := page.String()
	if _, err := url.Parse(address); err != nil { // ssh takes hosts and ports that https does not
		return ""
	}
	return address
}
