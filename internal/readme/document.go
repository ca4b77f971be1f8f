// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// document is a Markdown text with what this package wants to know about it. All places count from the start of source.
type document struct {
	source      []byte
	root        ast.Node
	links       []link                // of inline links and images, as far as they are not in code
	tags        []tag                 // of HTML, as far as they are not in code
	uses        []use                 // of definitions, also in code of HTML
	definitions map[string]definition // by normalised label; the first one of a label counts
}

// link is the destination of a link or an image.
type link struct {
	place span
	image bool
}

// use is where a link or an image names a definition.
type use struct {
	label string
	at    int
	image bool
}

// definition is a link reference definition.
type definition struct {
	text  string // as it stands in the source, without the prefixes of containers
	at    int
	place span // of the destination
}

// newDocument parses source.
func newDocument(source []byte) *document {
	root, places := parse(source)
	d := &document{source: source, root: root, definitions: map[string]definition{}}

	var opaque string // the element of inline HTML that the walk is in, if that is code
	_ = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if node.Type() == ast.TypeBlock {
			opaque = "" // no inline element reaches beyond its block
		}
		switch n := node.(type) {
		case *ast.HTMLBlock:
			d.addTags(linesOf(n), "")
		case *ast.RawHTML:
			opaque = d.addTags(all(n.Segments), opaque)
		case *ast.LinkReferenceDefinition:
			d.addDefinition(n, places)
		case *ast.Link, *ast.Image:
			d.addLink(n, places, opaque != "")
		}

		return ast.WalkContinue, nil
	})

	return d
}

// linesOf returns the lines of an HTML block, with the last one that goldmark keeps apart.
func linesOf(n *ast.HTMLBlock) []text.Segment {
	lines := slices.Clip(all(n.Lines()))
	if n.HasClosure() {
		lines = append(lines, n.ClosureLine)
	}

	return lines
}

func all(segments *text.Segments) []text.Segment {
	return segments.Sliced(0, segments.Len())
}

func (d *document) addLink(node ast.Node, places map[ast.Node]span, code bool) {
	_, image := node.(*ast.Image)
	if _, reference := linkOf(node); reference != nil {
		d.uses = append(d.uses, use{label: util.ToLinkReference(reference.Value), at: node.Pos(), image: image})
	} else if place, ok := places[node]; ok && !code {
		d.links = append(d.links, link{place: place, image: image})
	}
}

func (d *document) addDefinition(n *ast.LinkReferenceDefinition, places map[ast.Node]span) {
	label := util.ToLinkReference(n.Label)
	// Footnotes come in the tree before what stands between them.
	if first, ok := d.definitions[label]; ok && first.at < n.Pos() {
		return
	}

	var b strings.Builder
	for _, line := range all(n.Lines()) {
		b.Write(d.source[line.Start:line.Stop])
	}
	d.definitions[label] = definition{text: strings.TrimSpace(b.String()), at: n.Pos(), place: places[n]}
}

// addTags adds the tags in a piece of HTML, which starts within opaque, if not empty. It returns the element that the
// piece ends in, if the content of that is not to be looked at. A tag whose parts are on lines with a prefix between
// them, as in a quote, keeps those attributes that are on one line.
func (d *document) addTags(lines []text.Segment, opaque string) string {
	html := newExcerpt(d.source, lines)
	scanner := tagScanner{text: html.text, opaque: opaque}
	for {
		t, ok := scanner.next()
		if !ok {
			return scanner.opaque
		}
		placed := tag{name: t.name, end: t.end, at: html.place(t.at)}
		for _, a := range t.attributes {
			value := span{html.place(a.value.start), html.place(a.value.stop)}
			if value.stop-value.start == a.value.stop-a.value.start {
				placed.attributes = append(placed.attributes, attribute{name: a.name, value: value})
			}
		}
		d.tags = append(d.tags, placed)
	}
}

// excerpt is some lines of a source.
type excerpt struct {
	text   []byte
	lines  []text.Segment
	starts []int // where each line starts in text
}

func newExcerpt(source []byte, lines []text.Segment) excerpt {
	e := excerpt{lines: lines}
	for _, line := range lines {
		e.starts = append(e.starts, len(e.text))
		e.text = append(e.text, source[line.Start:line.Stop]...)
	}

	return e
}

// place returns where the byte at i stands in the source.
func (e excerpt) place(i int) int {
	line, found := slices.BinarySearch(e.starts, i)
	if !found {
		line--
	}

	return e.lines[line].Start + i - e.starts[line]
}
