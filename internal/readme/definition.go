// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// definitionParser takes link reference definitions from the start of paragraphs, and keeps the places of their
// destinations. See https://spec.commonmark.org/0.31.2/#link-reference-definitions
//
// It stands in for goldmark's own, as that leaves a destination in the text, too, if it is on a line of its own and the
// next line starts like a title but is none.
type definitionParser struct{ places map[ast.Node]span }

// Transform implements [parser.ParagraphTransformer].
func (p *definitionParser) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	block := text.NewBlockReader(reader.Source(), lines)
	taken := 0
	for taken < lines.Len() {
		block.SetPosition(taken, lines.At(taken))
		definition, end := p.parse(block)
		if definition == nil {
			break
		}
		definition.Lines().AppendAll(lines.Sliced(taken, end))
		node.Parent().InsertBefore(node.Parent(), node, definition)
		pc.AddReference(parser.NewReference(definition.Label, definition.Destination, definition.Title))
		taken = end
	}

	if taken == lines.Len() {
		node.Parent().RemoveChild(node.Parent(), node)
	} else {
		lines.SetSliced(taken, lines.Len())
	}
}

// parse takes the definition that comes next, which lacks its lines yet. It returns the number of lines read so far.
func (p *definitionParser) parse(block text.Reader) (*ast.LinkReferenceDefinition, int) {
	block.SkipSpaces()
	label, ok := enclosed(block, '[', ']')
	if !ok || util.IsBlank(label) || block.Peek() != ':' {
		return nil, 0
	}
	block.Advance(len(":"))
	block.SkipSpaces()
	destination, place := takeDestination(block)
	if len(destination) == 0 {
		return nil, 0
	}

	end := linesRead(block)
	title, titleEnd := takeTitle(block)
	end = max(end, titleEnd)
	if end == 0 {
		return nil, 0
	}
	definition := ast.NewLinkReferenceDefinition(label, destination, title)
	p.places[definition] = place

	return definition, end
}

// enclosed takes a text between opener and closer, which may be escaped in it.
func enclosed(block text.Reader, opener, closer byte) ([]byte, bool) {
	if block.Peek() != opener {
		return nil, false
	}
	block.Advance(1)
	segments, ok := block.FindClosure(opener, closer, text.FindClosureOptions{Newline: true, Advance: true})
	if !ok {
		return nil, false
	}

	return segments.Value(block.Source()), true
}

// takeDestination takes a destination, and returns it without angle brackets, with its place.
func takeDestination(block text.Reader) ([]byte, span) {
	line, at := block.PeekLine()
	if block.Peek() == '<' {
		i := 1
		for i < len(line) && line[i] != '>' {
			i += escapedLength(line[i:])
		}
		if i >= len(line) {
			return nil, span{}
		}
		block.Advance(i + 1)

		return line[1:i], span{at.Start + 1, at.Start + i}
	}

	i, depth := 0, 0
	for ; i < len(line) && !util.IsSpace(line[i]); i += escapedLength(line[i:]) {
		switch line[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 {
			break
		}
	}
	block.Advance(i)

	return line[:i], span{at.Start, at.Start + i}
}

// escapedLength returns the length of the character that line starts with: two if it is escaped.
func escapedLength(line []byte) int {
	if len(line) > 1 && line[0] == '\\' && util.IsPunct(line[1]) {
		return 2
	}

	return 1
}

// takeTitle takes a title, and returns it with the number of lines read so far. That is zero if there is none, or if
// more follows on its line.
func takeTitle(block text.Reader) ([]byte, int) {
	if _, blanks, _ := block.SkipSpaces(); blanks == 0 {
		return nil, 0
	}
	opener := block.Peek()
	closer := opener
	switch opener {
	case '"', '\'':
	case '(':
		closer = ')'
	default:
		return nil, 0
	}
	title, ok := enclosed(block, opener, closer)
	n := linesRead(block)
	if !ok || n == 0 {
		return nil, 0
	}

	return title, n
}

// linesRead returns the number of lines read so far, or zero if the last one goes on.
func linesRead(block text.Reader) int {
	line, _ := block.Position()
	if rest, _ := block.PeekLine(); !util.IsBlank(rest) {
		return 0
	}

	return line + 1
}
