// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"bytes"
	"slices"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// boundaries returns the starts of the lines at which the text may be cut: those where whole blocks and items of lists
// start, and as second best those where any block starts, in a list or quote too. What comes before such a place is
// complete: no block is open that its line continues. Both are in the order of the text, and leave out what an HTML table
// holds; only the second best leave a details element open, which would hide whatever follows.
func (d *document) boundaries() (whole, nested []int) {
	var tops []ast.Node
	for _, top := range children(d.root) {
		tops = append(tops, top)
		switch top.(type) {
		case *ast.List, *east.FootnoteList:
			tops = append(tops, children(top)...)
		}
	}
	tables, details := d.elements("table"), d.elements("details")
	for _, top := range tops {
		if at := d.lineStart(top.Pos()); !within(tables, at) && !within(details, at) {
			whole = append(whole, at)
		}
	}

	_ = ast.Walk(d.root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if node.Type() == ast.TypeInline {
			return ast.WalkSkipChildren, nil
		}
		if at := d.lineStart(node.Pos()); entering && !within(tables, at) {
			nested = append(nested, at)
		}
		if _, table := node.(*east.Table); table {
			return ast.WalkSkipChildren, nil
		}

		return ast.WalkContinue, nil
	})

	return sorted(whole), sorted(nested)
}

// elements returns where the elements of HTML with the given name stand, from the start tag up to the end tag. Those
// that lack an end tag are left out.
func (d *document) elements(name string) []span {
	var elements []span
	var open []int
	for _, t := range d.tags {
		switch {
		case t.name != name:
		case !t.end:
			open = append(open, t.at)
		case len(open) > 0:
			elements = append(elements, span{open[len(open)-1], t.at})
			open = open[:len(open)-1]
		}
	}

	return elements
}

// within reports whether a cut at i leaves one of elements open.
func within(elements []span, i int) bool {
	return slices.ContainsFunc(elements, func(e span) bool { return e.start < i && i <= e.stop })
}

// lineStart returns where the line of the place i starts. Nodes without a place have -1.
func (d *document) lineStart(i int) int {
	if i < 0 {
		return i
	}

	return bytes.LastIndexByte(d.source[:i], '\n') + 1
}

// sorted returns the places after the start of the text, in order, each once.
func sorted(places []int) []int {
	slices.Sort(places)
	places = slices.Compact(places)
	first, _ := slices.BinarySearch(places, 1)

	return places[first:]
}

func children(node ast.Node) []ast.Node {
	var nodes []ast.Node
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		nodes = append(nodes, child)
	}

	return nodes
}
