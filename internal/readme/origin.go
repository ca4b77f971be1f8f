// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
)

// defaultPath is where a README is if nothing else is said.
const defaultPath = "README.md"

// origin is a [Source] that is sound, with everything in the form that addresses are made of.
type origin struct {
	host Host
	page string // the address of the repository's page, or "" if it is not known
	ref  string
	file []string // the README's path, escaped
}

// newOrigin checks s. Only where the host is known must there be an address.
func newOrigin(s Source) (origin, error) {
	file := path.Clean(strings.TrimLeft(cmp.Or(s.Path, defaultPath), "/"))
	if file == "." || file == ".." || strings.HasPrefix(file, "../") {
		return origin{}, fmt.Errorf("locating the README at %q: no file of the repository", s.Path)
	}
	page, err := pageAddress(s.Repository)
	if err != nil && s.Host != Unknown {
		return origin{}, fmt.Errorf("locating the README's repository: %w", err)
	}

	return origin{
		host: s.Host,
		page: page,
		ref:  escapeName(cmp.Or(s.Ref, "HEAD")),
		file: strings.Split(escapeName(file), "/"),
	}, nil
}

// pageAddress returns the repository's address in the form that a path can be appended to. Its errors do not show it, as
// it may hold a token.
func pageAddress(repository string) (string, error) {
	u, err := url.Parse(repository)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", errors.New("it has no address that starts with https://")
	}
	name := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), ".git")
	if name == "" {
		return "", fmt.Errorf("its address on %s lacks a path", u.Host)
	}

	return u.Scheme + "://" + u.Host + escapeName(name), nil
}

// view is a way in which a host shows what a path names: blob, raw, tree.
type view string

const (
	blob view = "blob" // a page around the file
	raw  view = "raw"  // the bytes of the file
	tree view = "tree" // a page around a folder
)

// address returns where v of the file or folder at segments is.
func (o origin) address(v view, segments []string) string {
	prefix := o.page + "/"
	if o.host == GitLab {
		prefix += "-/"
	}

	return strings.Join(append([]string{prefix + string(v), o.ref}, segments...), "/")
}

// resolve returns the address that a target in the README stands for, written as the target is. It is false if the
// target is outside of the repository, where nothing is known.
func (o origin) resolve(t target, image bool) (string, bool) {
	segments, above, folder := o.walk(t)
	if above > 0 {
		address, ok := o.beside(segments, above)

		return closeFolder(address, folder && len(segments) > 0) + t.suffix, ok
	}

	v := blob
	switch {
	case folder:
		v = tree
	case image:
		v = raw
	}

	return closeFolder(o.address(v, segments), folder && len(segments) > 0) + t.suffix, true
}

// closeFolder returns address, with a slash at its end if it is that of a folder.
func closeFolder(address string, folder bool) string {
	if folder {
		return address + "/"
	}

	return address
}

// walk returns the path to a target from the repository's root on, how many folders above the root that starts, and
// whether it can only be a folder. A path that starts with a slash is relative to the root.
func (o origin) walk(t target) (segments []string, above int, folder bool) {
	if t.path == "" {
		return o.file, 0, false
	}
	if !strings.HasPrefix(t.path, "/") {
		segments = slices.Clone(o.file[:len(o.file)-1])
	}
	for segment := range strings.SplitSeq(t.path, "/") {
		name := t.decode(segment)
		folder = name == "" || name == "." || name == ".."
		switch {
		case !folder:
			segments = append(segments, segment)
		case name != "..":
		case len(segments) > 0:
			segments = segments[:len(segments)-1]
		default:
			above++
		}
	}

	return segments, above, folder
}

// beside resolves what lies above the root. GitHub lets the browser do it, from the page at /acme/app/blob/REF/README.md:
// ../../issues is /acme/app/issues, ../../../tool is /acme/tool, and ../x is /acme/app/blob/x, which is nothing. The ref
// counts as one segment, as a branch mostly is, for which such links are written.
// See https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-readmes
// GitLab looks for the file in the repository alone.
func (o origin) beside(segments []string, above int) (string, bool) {
	if o.host != GitHub || above < 2 {
		return "", false
	}
	scheme, rest, _ := strings.Cut(o.page, "://")
	base := strings.Split(rest, "/") // the host, the owner, the name
	keep := len(base) - (above - 2)
	if keep < 1 || keep+len(segments) < 2 {
		return "", false
	}

	return scheme + "://" + strings.Join(append(base[:keep], segments...), "/"), true
}

// closing returns the last line of a text that was cut: where to read on.
func (o origin) closing() string {
	switch {
	case o.page == "":
		return "*[…]*"
	case o.host == Unknown:
		return "*[…] Read the full text in [the repository](" + o.page + ").*"
	default:
		return "*[…] Read the [full text](" + o.address(blob, o.file) + ").*"
	}
}
