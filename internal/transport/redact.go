// SPDX-License-Identifier: Apache-2.0

package transport

import "net/url"

// redact renders u without user info and without the values of its query: redirects to storage carry a signature
// there, which is as good as a password while it lasts.
func redact(u *url.URL) string {
	query := u.Query()
	for name := range query {
		query[name] = []string{"REDACTED"}
	}
	shown := *u
	shown.User = nil
	shown.RawQuery = query.Encode()
	return shown.String()
}
