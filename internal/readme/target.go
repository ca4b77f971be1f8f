// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"html"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/util"

	"github.com/polytag/polytag/internal/pattern"
)

// target is where a relative link points, as it is written: what is valid in a text stays so, and says the same, if it is
// put there again.
type target struct {
	path   string // "" is the README itself
	suffix string // query and fragment
	decode func(string) string
}

var schemeRE = pattern.Lazy(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// newTarget reads a destination or the value of an attribute, without brackets and quotes. It is false if that is not
// relative to the README, is just a place in it, or has control characters, which have no place in an address. What
// decode does with character references and escapes only serves to understand it.
func newTarget(written string, decode func(string) string) (target, bool) {
	address := strings.TrimSpace(decode(written))
	if address == "" || address[0] == '#' || strings.HasPrefix(address, "//") || schemeRE().MatchString(address) ||
		strings.ContainsFunc(address, unicode.IsControl) {
		return target{}, false
	}
	i := suffixStart(written)

	return target{path: written[:i], suffix: written[i:], decode: decode}, true
}

// markdownTarget reads a link destination.
func markdownTarget(written []byte) (target, bool) {
	t, ok := newTarget(string(written), func(s string) string {
		return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations([]byte(s)))))
	})
	if strings.Contains(t.path, "..") {
		// Parentheses come in pairs, and one of a pair may be in the name of a folder that is left out.
		parentheses := strings.NewReplacer("(", "%28", ")", "%29")
		t.path, t.suffix = parentheses.Replace(t.path), parentheses.Replace(t.suffix)
	}

	return t, ok
}

// htmlTarget reads an address in an attribute.
func htmlTarget(written []byte) (target, bool) {
	t, ok := newTarget(string(written), html.UnescapeString)
	t.path = strings.ReplaceAll(t.path, " ", "%20")
	t.suffix = strings.ReplaceAll(t.suffix, " ", "%20")

	return t, ok
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
