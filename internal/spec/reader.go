// SPDX-License-Identifier: Apache-2.0

package spec

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/internal/pattern"
)

const (
	// maxValues bounds the values that a file stands for once its aliases are resolved. A file of 1000 images has about 9000.
	maxValues = 50_000
	// maxFaults bounds the faults that are reported together.
	maxFaults = 20
)

// tagGrammar is that of the distribution specification:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
var tagGrammar = pattern.Lazy(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// reader turns nodes into values. It goes on after a fault, with a zero value in its place.
type reader struct {
	faults   []error
	warnings []string
	left     int // how many more values may be read
}

func (r *reader) fault(n *yaml.Node, format string, args ...any) {
	switch {
	case len(r.faults) < maxFaults:
		r.faults = append(r.faults, errors.New(r.at(n, format, args...)))
	case len(r.faults) == maxFaults:
		r.faults = append(r.faults, errors.New(r.at(n, "there are more faults from here on")))
	}
}

func (r *reader) warn(n *yaml.Node, format string, args ...any) {
	r.warnings = append(r.warnings, r.at(n, format, args...))
}

func (*reader) at(n *yaml.Node, format string, args ...any) string {
	return fmt.Sprintf("line %d: ", max(n.Line, 1)) + fmt.Sprintf(format, args...)
}

func (r *reader) unknown(f field, known ...string) {
	r.fault(f.name, "unknown key %q: want %s", f.key, strings.Join(known, ", "))
}

// spend counts n values, and reports whether there may be as many.
func (r *reader) spend(at *yaml.Node, n int) bool {
	if r.left < 0 {
		return false
	}
	if r.left -= n; r.left < 0 {
		r.fault(at, "too many values: with its aliases the file stands for more than %d", maxValues)
	}
	return r.left >= 0
}

// text reads a scalar as it is written, so that the tag 1.10 is no number. Null is the empty text.
func (r *reader) text(n *yaml.Node) string {
	text, _ := r.scalar(n)
	return text
}

// scalar is text that also reports whether n can be one at all.
func (r *reader) scalar(n *yaml.Node) (text string, ok bool) {
	if n.Kind == yaml.ScalarNode {
		switch n.ShortTag() {
		case "!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!merge":
			return n.Value, true
		case "!!null":
			return "", true
		}
	}
	r.fault(n, "want a text, got %s", kind(n))
	return "", false
}

// reference reads the value of an image key.
func (r *reader) reference(n *yaml.Node) string {
	text, ok := r.scalar(n)
	if ok && text == "" {
		r.fault(n, "image is empty: want a reference")
	}
	return text
}

// list gives the elements of a sequence, none of them an alias, and whether n is one at all. Null is the empty one.
func (r *reader) list(n *yaml.Node) (items []*yaml.Node, ok bool) {
	switch {
	case isNull(n):
		return nil, true
	case n.Kind != yaml.SequenceNode:
		r.fault(n, "want a list, got %s", kind(n))
		return nil, false
	case !r.spend(n, len(n.Content)):
		return nil, false
	}
	items = make([]*yaml.Node, 0, len(n.Content))
	for _, item := range n.Content {
		items = append(items, resolve(item))
	}
	return items, true
}

// features reads a list of texts, none of them empty.
func (r *reader) features(n *yaml.Node) []string {
	var out []string
	items, _ := r.list(n)
	for _, item := range items {
		text, ok := r.scalar(item)
		if ok && text == "" {
			r.fault(item, "a feature is empty")
		}
		out = append(out, text)
	}
	return out
}

func (r *reader) tags(n *yaml.Node) []string {
	var out []string
	items, _ := r.list(n)
	for _, item := range items {
		tag, ok := r.scalar(item)
		if ok && !tagGrammar().MatchString(tag) {
			r.fault(item, "%.140q is no tag: want letters, digits, _ . and -, at most 128, and no . or - first", tag)
		}
		out = append(out, tag)
	}
	return out
}

func (r *reader) annotations(n *yaml.Node) map[string]string {
	fields, _ := r.fields(n)
	if len(fields) == 0 {
		return nil
	}
	out := make(map[string]string, len(fields))
	for _, f := range fields {
		if f.key == "" {
			r.fault(f.name, "the key of an annotation is empty")
		}
		out[f.key] = r.text(f.value)
	}
	return out
}

// kind says what a node is, in words.
func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "nothing"
	default:
		return "a value of type " + n.ShortTag()
	}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
