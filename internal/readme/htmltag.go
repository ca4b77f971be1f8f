// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"bytes"
	"strings"
)

// blanks are what separates the parts of a tag.
const blanks = " \t\n\f"

// tag is a start or end tag of HTML. Its places count from the start of what was scanned.
type tag struct {
	name       string // in lower case
	end        bool
	attributes []attribute
	at         int // of the "<"
}

// attribute is an attribute that has a value.
type attribute struct {
	name  string // in lower case
	value span   // without quotes
}

// span is a part of a text, from start up to and without stop.
type span struct{ start, stop int }

// opaqueElements are those whose content is code, or no HTML.
var opaqueElements = map[string]bool{"pre": true, "code": true, "script": true, "style": true, "textarea": true}

// tagScanner finds the tags in a piece of HTML as a browser does, see https://html.spec.whatwg.org/#tokenization,
// leaving out comments and the content of opaque elements.
type tagScanner struct {
	text []byte
	pos  int
	// opaque is the element that the scanner is in, or "". It may outlive a piece of text.
	opaque string
}

// next returns the next tag, or false at the end of the text.
func (s *tagScanner) next() (tag, bool) {
	for s.pos < len(s.text) {
		i := bytes.IndexByte(s.text[s.pos:], '<')
		if i < 0 {
			break
		}
		s.pos += i
		if t, ok := s.take(); ok {
			return t, true
		}
	}
	s.pos = len(s.text)

	return tag{}, false
}

// take takes what starts with the "<" at s.pos, and moves on. It is false if that is no tag, or one to leave out.
func (s *tagScanner) take() (tag, bool) {
	t := tag{at: s.pos}
	s.pos++
	switch rest := s.text[s.pos:]; {
	case s.opaque == "" && bytes.HasPrefix(rest, []byte("!--")):
		s.skipPast("-->")

		return tag{}, false
	case s.opaque == "" && bytes.HasPrefix(rest, []byte("![CDATA[")):
		s.skipPast("]]>")

		return tag{}, false
	case bytes.HasPrefix(rest, []byte("/")):
		t.end = true
		s.pos++
	}

	t.name = s.name()
	if t.name == "" || (s.opaque != "" && (!t.end || t.name != s.opaque)) || !s.attributes(&t) {
		return tag{}, false
	}
	if t.end {
		s.opaque = ""
	} else if opaqueElements[t.name] {
		s.opaque = t.name
	}

	return t, true
}

// skipPast moves behind the next end, or to the end of the text.
func (s *tagScanner) skipPast(end string) {
	if i := bytes.Index(s.text[s.pos:], []byte(end)); i >= 0 {
		s.pos += i + len(end)
	} else {
		s.pos = len(s.text)
	}
}

// name takes the name of a tag, which starts with a letter. It is empty if there is none.
func (s *tagScanner) name() string {
	if s.pos == len(s.text) || !isLetter(s.text[s.pos]) {
		return ""
	}

	start := s.pos
	s.until(blanks + "/>")

	return string(bytes.ToLower(s.text[start:s.pos]))
}

// attributes takes the attributes of t and its ">". It is false if the text ends before.
func (s *tagScanner) attributes(t *tag) bool {
	for {
		s.skip(blanks + "/")
		if s.pos == len(s.text) {
			return false
		}
		if s.text[s.pos] == '>' {
			s.pos++

			return true
		}
		if a, ok := s.attribute(); ok {
			t.attributes = append(t.attributes, a)
		}
	}
}

// attribute takes one attribute. It is false if that has no value.
func (s *tagScanner) attribute() (attribute, bool) {
	start := s.pos
	s.pos++ // an equals sign here is part of the name
	s.until(blanks + "/>=")
	name := string(bytes.ToLower(s.text[start:s.pos]))

	s.skip(blanks)
	if s.pos == len(s.text) || s.text[s.pos] != '=' {
		return attribute{}, false
	}
	s.pos++
	s.skip(blanks)
	if s.pos == len(s.text) {
		return attribute{}, false
	}

	ends := blanks + ">"
	quote := s.text[s.pos]
	quoted := quote == '"' || quote == '\''
	if quoted {
		ends = string(quote)
		s.pos++
	}
	value := span{start: s.pos}
	s.until(ends)
	value.stop = s.pos
	if quoted && s.pos < len(s.text) {
		s.pos++
	}

	return attribute{name: name, value: value}, true
}

// skip moves on over any of the characters.
func (s *tagScanner) skip(chars string) {
	for s.pos < len(s.text) && strings.IndexByte(chars, s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// until moves on to the next of the characters, or to the end of the text.
func (s *tagScanner) until(chars string) {
	if i := bytes.IndexAny(s.text[s.pos:], chars); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.text)
	}
}
