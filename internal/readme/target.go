// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/util"
)

// target is where a relative link points.
type target struct {
	path   string // may be percent-encoded; "" is the README itself
	suffix string // query and fragment, ready to be written where they came from
}

var (
	schemeRE = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	entityRE = regexp.MustCompile(`&(#?[0-9A-Za-z]+;)`)
)

// markdownTarget reads a link destination as it stands in Markdown, without angle brackets. It is false if the
// destination is not relative.
func markdownTarget(destination []byte) (target, bool) {
	decoded := util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(destination)))
	address := strings.TrimSpace(string(decoded))
	if !isRelative(address) {
		return target{}, false
	}

	i := suffixStart(address)
	suffix := escapeExcept(address[i:], plainInQuery)

	return target{path: address[:i], suffix: entityRE.ReplaceAllString(suffix, "&amp;$1")}, true
}

// htmlTarget reads the value of an attribute as it stands in HTML, without quotes. It is false if the address is not
// relative.
func htmlTarget(value string) (target, bool) {
	if !isRelative(strings.TrimSpace(html.UnescapeString(value))) {
		return target{}, false
	}

	i := suffixStart(value)

	return target{path: html.UnescapeString(value[:i]), suffix: strings.ReplaceAll(value[i:], " ", "%20")}, true
}

// isRelative reports whether address is relative to the README, and is not just a place in it.
func isRelative(address string) bool {
	return address != "" && address[0] != '#' && !strings.HasPrefix(address, "//") && !schemeRE.MatchString(address)
}

// suffixStart returns where the query or the fragment of address starts: at its first question mark or number sign,
// which is not that of a numeric character reference.
func suffixStart(address string) int {
	for i := range len(address) {
		if address[i] == '?' || (address[i] == '#' && (i == 0 || address[i-1] != '&')) {
			return i
		}
	}

	return len(address)
}
