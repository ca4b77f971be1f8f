// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Output is one value that a later step of the pipeline can use.
type Output struct {
	Name, Value string
}

// Outputs gives the outputs of a run, always all of them and in this order: digest, image, version, tags, tag_names, platforms,
// status, result. Tags and tag_names have one item a line. A dry run gives what the release would give. Of a failed run digest,
// image and platforms are empty unless a tag points at the digest, and only such tags are named.
func Outputs(r Report) []Output {
	d := r.document()
	var refs, names []string
	for i, target := range d.Targets {
		for _, t := range target.Tags {
			if !d.resolves(t) {
				continue
			}
			refs = append(refs, target.Repository+":"+t.Tag)
			if i == 0 {
				names = append(names, t.Tag)
			}
		}
	}
	published, platforms := d.Digest, strings.Join(d.Platforms, ",")
	if len(refs) == 0 {
		published, platforms = "", ""
	}
	result, _ := encode(d, "") // strings, numbers and booleans always encode
	return []Output{
		{"digest", published},
		{"image", d.Image},
		{"version", d.Version},
		{"tags", strings.Join(refs, "\n")},
		{"tag_names", strings.Join(names, "\n")},
		{"platforms", platforms},
		{"status", string(d.Status)},
		{"result", string(result)},
	}
}

// JSON gives the [Document] of a run, indented, without a newline at its end.
func JSON(r Report) ([]byte, error) {
	return encode(r.document(), "  ")
}

// encode writes JSON whose strings are as they were: [json.Marshal] would escape the < and & of a message.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
