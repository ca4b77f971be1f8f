// SPDX-License-Identifier: Apache-2.0

package spec

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// field is one key of a mapping with its value.
type field struct {
	key   string
	name  *yaml.Node // of the key
	value *yaml.Node // never an alias
}

// fields gives the keys of a mapping with their values, in the order of the file, and whether n is a mapping at all. Null is the
// empty one. What a merge key (https://yaml.org/type/merge.html) brings in comes last, and gives way to a key of the mapping's
// own.
func (r *reader) fields(n *yaml.Node) (out []field, ok bool) {
	switch {
	case isNull(n):
		return nil, true
	case n.Kind != yaml.MappingNode:
		r.fault(n, "want a mapping, got %s", kind(n))
		return nil, false
	case !r.spend(n, 1+len(n.Content)/2):
		return nil, false
	}
	var merged []*yaml.Node
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		if name.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		key, ok := r.scalar(name)
		if !ok {
			continue
		}
		if first, ok := lines[key]; ok {
			r.fault(n.Content[i], "key %q is given twice, first in line %d", key, first)
			continue
		}
		lines[key] = n.Content[i].Line
		out = append(out, field{key: key, name: n.Content[i], value: value})
	}
	for _, source := range merged {
		for _, f := range r.merge(source) {
			if _, ok := lines[f.key]; !ok {
				lines[f.key] = f.name.Line
				out = append(out, f)
			}
		}
	}
	return out, true
}

// merge reads the value of a merge key: a mapping or a list of mappings, of which the first that has a key wins.
func (r *reader) merge(n *yaml.Node) []field {
	sources := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		sources, _ = r.list(n)
	}
	var out []field
	for _, source := range sources {
		fields, _ := r.fields(source)
		out = append(out, fields...)
	}
	return out
}

func has(fields []field, key string) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.key == key })
}
