// SPDX-License-Identifier: Apache-2.0

// Package readme turns the Markdown of a repository's README into what the page of a registry can show: nothing that
// only the repository's own pages understand, and no more bytes than the registry takes.
//
// A page elsewhere does not know where the README came from, so links and images that are relative to it become
// absolute, at the released tag. They are found with a Markdown parser, and replaced in the text itself, at the places
// that the parser tells: nothing is rendered anew, and every other byte stays what it was. What is code stays as it is,
// also in HTML: in fenced and indented code, code spans, comments, and the elements pre and code.
//
// The package is pure, and converting what is converted already changes nothing.
package readme

import (
	"cmp"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Source says where a README comes from. Its zero value is enough where nothing is known: links then stay as they are.
type Source struct {
	// Repository is the address of the repository's page: https://github.com/acme/app, https://git.example.com/a/b/c.
	// User info in it is left out, and so are a query and a ".git".
	Repository string
	// Ref is the git tag or commit that links shall point at, best the released tag. Empty: HEAD.
	Ref string
	// Path is the place of the README in the repository, with slashes: links are relative to its folder.
	// Empty: README.md.
	Path string
	// Host says how the addresses of files look. Unknown, its zero value: links stay as they are.
	Host Host
}

// Limits are the most that a registry takes, in bytes of UTF-8. Zero means no limit. Docker Hub takes 25,000 and 100.
type Limits struct{ Full, Short int }

// Page is what a registry can show.
type Page struct {
	Full      string   // the README, in Markdown
	Short     string   // one line of plain text
	Truncated bool     // whether Full was cut
	Notices   []string // what the reader of a log should know, in the order of the text: links that stay, what was cut
}

// Convert makes the page of a README and of a short description, both of which may be empty. It leaves out a byte order
// mark and front matter, ends lines with LF, makes links and images absolute and cuts what is longer than its limit:
// the README between two blocks, with a last line that links to the full text, the short description between two words.
// Line breaks in the short description become spaces.
//
// It is an error if a text is not UTF-8, or if s cannot be where a README comes from.
func Convert(markdown []byte, short string, s Source, l Limits) (Page, error) {
	from, err := newOrigin(s)
	if err != nil {
		return Page{}, err
	}
	if err := errors.Join(
		checkUTF8(cmp.Or(s.Path, defaultPath), markdown),
		checkUTF8("the short description", []byte(short)),
	); err != nil {
		return Page{}, err
	}

	text, notices := rewrite(tidy(markdown), from)
	full, truncated := cut(text, l.Full, from.closing())
	if truncated {
		notices = append(notices, fmt.Sprintf("the text of %d bytes is cut to %d, as the registry takes %d at most", len(text), len(full), l.Full))
	}
	line := oneLine(short)
	shortened := shorten(line, l.Short)
	if shortened != line {
		notices = append(notices, fmt.Sprintf("the short description of %d bytes is cut to %d, as the registry takes %d at most",
			len(line), len(shortened), l.Short))
	}

	return Page{Full: full, Short: shortened, Truncated: truncated, Notices: notices}, nil
}

// checkUTF8 returns an error that tells the first byte of text that is not UTF-8.
func checkUTF8(name string, text []byte) error {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return fmt.Errorf("reading %s: byte %d is not UTF-8", name, i)
		}
		i += size
	}

	return nil
}
