// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// parse parses GitHub's Markdown. It returns with the tree where the destinations of its inline links, images and
// definitions stand in source, without angle brackets.
func parse(source []byte) (ast.Node, map[ast.Node]span) {
	places := map[ast.Node]span{}
	inline := parser.DefaultInlineParsers()
	for i, p := range inline {
		if p.Value == parser.NewLinkParser() {
			inline[i].Value = &linkParser{parser.NewLinkParser(), places}
		}
	}
	// A footnote's definition looks like that of a link, and its text is indented like code. The rest of the footnote
	// extension rearranges the tree, for rendering.
	blocks := append(parser.DefaultBlockParsers(), util.Prioritized(extension.NewFootnoteBlockParser(), 999))
	markdown := goldmark.New(
		goldmark.WithParser(parser.NewParser(
			parser.WithBlockParsers(blocks...),
			parser.WithInlineParsers(inline...),
			parser.WithParagraphTransformers(util.Prioritized(&definitionParser{places}, 100)),
		)),
		goldmark.WithExtensions(extension.GFM),
	)

	return markdown.Parser().Parse(text.NewReader(source)), places
}

// linkParser is goldmark's parser of links, which also keeps the places that goldmark drops.
type linkParser struct {
	parser.InlineParser
	places map[ast.Node]span
}

// CloseBlock implements [parser.CloseBlocker].
func (p *linkParser) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if closer, ok := p.InlineParser.(parser.CloseBlocker); ok {
		closer.CloseBlock(parent, block, pc)
	}
}

// Parse implements [parser.InlineParser].
func (p *linkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, at := block.Position()
	node := p.InlineParser.Parse(parent, block, pc)
	destination, reference := linkOf(node)
	if len(destination) == 0 || reference != nil {
		return node
	}

	// The link has ended here, with "](" at its closing bracket, blanks, and the destination.
	endLine, end := block.Position()
	block.SetPosition(line, at)
	block.Advance(len("]("))
	block.SkipSpaces()
	_, p.places[node] = takeDestination(block)
	block.SetPosition(endLine, end)

	return node
}

// linkOf returns the destination of a link or image as it stands in the source, and its reference if it has one.
func linkOf(node ast.Node) ([]byte, *ast.ReferenceLink) {
	switch n := node.(type) {
	case *ast.Link:
		return n.Destination, n.Reference
	case *ast.Image:
		return n.Destination, n.Reference
	default:
		return nil, nil
	}
}
