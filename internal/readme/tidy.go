// SPDX-License-Identifier: Apache-2.0

package readme

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"
)

// tidy ends every line of markdown with LF, and leaves out what stands before the text: a byte order mark and front
// matter. It does so until there is none left, so that doing it once more changes nothing.
func tidy(markdown []byte) []byte {
	// A lone CR ends a line too: https://spec.commonmark.org/0.31.2/#line-ending
	text := bytes.ReplaceAll(bytes.ReplaceAll(markdown, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	for {
		rest := dropFrontMatter(bytes.TrimPrefix(text, []byte("\ufeff")))
		if len(rest) == len(text) {
			return text
		}
		text = rest
	}
}

// dropFrontMatter returns text without the YAML or TOML at its very top, and without the blank lines that follow it.
func dropFrontMatter(text []byte) []byte {
	first, body, _ := cutLine(text)
	switch string(first) {
	case "---":
		// Without YAML in between these are two thematic breaks.
		if matter, rest, ok := cutFrontMatter(body, "---", "..."); ok && isMapping(matter) {
			return rest
		}
	case "+++":
		if _, rest, ok := cutFrontMatter(body, "+++"); ok {
			return rest
		}
	}

	return text
}

// cutFrontMatter cuts text around the first line that is one of closers, and the blank lines after that.
func cutFrontMatter(text []byte, closers ...string) (matter, rest []byte, ok bool) {
	for rest = text; len(rest) > 0; {
		start := len(text) - len(rest)
		var line []byte
		line, rest, _ = cutLine(rest)
		if slices.Contains(closers, string(line)) {
			return text[:start], trimBlankLines(rest), true
		}
	}

	return nil, nil, false
}

// isMapping reports whether text is a YAML mapping or blank. Comments alone are none, as headings look like them.
func isMapping(text []byte) bool {
	if len(bytes.TrimSpace(text)) == 0 {
		return true
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return false
	}

	return len(document.Content) > 0 && document.Content[0].Kind == yaml.MappingNode
}

// trimBlankLines returns text from its first line on that is not blank.
func trimBlankLines(text []byte) []byte {
	for len(text) > 0 {
		line, rest, ended := cutLine(text)
		if !ended || len(bytes.TrimSpace(line)) > 0 {
			break
		}
		text = rest
	}

	return text
}

// cutLine returns the first line of text, without the blanks at its end, and what follows it. The line has ended if a
// line feed followed.
func cutLine(text []byte) (line, rest []byte, ended bool) {
	line, rest, ended = bytes.Cut(text, []byte("\n"))

	return bytes.TrimRight(line, " \t"), rest, ended
}
