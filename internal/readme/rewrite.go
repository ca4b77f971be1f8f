// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// edit replaces a part of the source.
type edit struct {
	place span
	text  string
}

// rewriter collects the edits that make the links of a document absolute.
type rewriter struct {
	source []byte
	from   origin
	edits  []edit
	// relative tells that links stay relative because the host is unknown.
	relative bool
	notices  []edit // what to say of the links that lead out of the repository, in the order of the text
}

// rewrite makes the relative links and images in markdown absolute, and tells about those that stay relative.
func rewrite(markdown []byte, from origin) (string, []string) {
	d := newDocument(markdown)
	r := &rewriter{source: markdown, from: from}
	for _, l := range d.links {
		r.markdown(l.place, l.image)
	}
	r.definitions(d)
	for _, t := range d.tags {
		for _, a := range t.attributes {
			r.attribute(t.name, a)
		}
	}

	return r.apply(), r.report()
}

// definitions makes those absolute that count. One that an image uses leads to the bytes of a file, as the image would
// not be seen otherwise.
func (r *rewriter) definitions(d *document) {
	images := map[string]bool{}
	for _, u := range d.uses {
		images[u.label] = images[u.label] || u.image
	}
	for label, definition := range d.definitions { // the edits are sorted later
		r.markdown(definition.place, images[label])
	}
}

// markdown makes the link destination at place absolute.
func (r *rewriter) markdown(place span, image bool) {
	if t, ok := markdownTarget(r.source[place.start:place.stop]); ok {
		r.replace(place, t, image)
	}
}

// attribute makes the addresses in an attribute of an HTML element absolute, if it has any.
func (r *rewriter) attribute(element string, a attribute) {
	switch element + " " + a.name {
	case "a href":
		r.html(a.value, false)
	case "img src", "source src", "video src", "video poster":
		r.html(a.value, true)
	case "img srcset", "source srcset":
		for _, candidate := range srcset(r.source, a.value) {
			r.html(candidate, true)
		}
	}
}

// html makes the address at place in an attribute absolute. Blanks around it stay.
func (r *rewriter) html(place span, image bool) {
	value := bytes.TrimLeft(r.source[place.start:place.stop], blanks)
	place.start = place.stop - len(value)
	value = bytes.TrimRight(value, blanks)
	place.stop = place.start + len(value)
	if t, ok := htmlTarget(value); ok {
		r.replace(place, t, image)
	}
}

// replace puts the absolute address of t at place.
func (r *rewriter) replace(place span, t target, image bool) {
	if r.from.host == Unknown {
		r.relative = true

		return
	}
	if address, ok := r.from.resolve(t, image); ok {
		r.edits = append(r.edits, edit{place, address})
	} else {
		r.notices = append(r.notices, edit{place, fmt.Sprintf("the link %q leads out of the repository and stays as it is",
			r.source[place.start:place.stop])})
	}
}

// apply returns the source with the edits made.
func (r *rewriter) apply() string {
	slices.SortFunc(r.edits, byPlace)
	var b strings.Builder
	at := 0
	for _, e := range r.edits {
		b.Write(r.source[at:e.place.start])
		b.WriteString(e.text)
		at = e.place.stop
	}
	b.Write(r.source[at:])

	return b.String()
}

// report returns each notice once.
func (r *rewriter) report() []string {
	slices.SortFunc(r.notices, byPlace)
	var notices []string
	if r.relative {
		notices = append(notices, "relative links stay as they are: the repository is on no host whose addresses are known, GitHub or GitLab")
	}
	for _, n := range r.notices {
		if !slices.Contains(notices, n.text) {
			notices = append(notices, n.text)
		}
	}

	return notices
}

func byPlace(a, b edit) int {
	return cmp.Compare(a.place.start, b.place.start)
}
