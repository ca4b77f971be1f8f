// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/spec"
)

const valid = "image: a:1\nmanifests:\n- image: b:1\n"

var faults = map[string]struct {
	text string
	want []string
}{
	"nothing":                {"", []string{"line 1: the file is empty"}},
	"comments alone":         {"# nothing\n", []string{"line 1: the file is empty"}},
	"a null document":        {"---\n", []string{"line 2: image is missing: want the reference to publish", "line 2: manifests is missing: want the images to join"}},
	"a text":                 {"acme/app", []string{"line 1: want a mapping, got a value of type !!str"}},
	"a list":                 {"- image: a", []string{"line 1: want a mapping, got a list"}},
	"no image":               {"\nmanifests:\n- image: b:1", []string{"line 2: image is missing: want the reference to publish"}},
	"an empty image":         {"image:\nmanifests:\n- image: ''", []string{"line 1: image is empty: want a reference", "line 3: image is empty: want a reference"}},
	"no manifests":           {"image: a:1", []string{"line 1: manifests is missing: want the images to join"}},
	"empty manifests":        {"image: a:1\nmanifests: []", []string{"line 2: manifests is empty: want at least one image"}},
	"null manifests":         {"image: a:1\nmanifests:\n", []string{"line 2: manifests is empty: want at least one image"}},
	"a manifest of no image": {valid + "- platform: {os: linux, architecture: arm64}\n- \n", []string{"line 4: image is missing: want the reference to read", "line 5: image is missing: want the reference to read"}},
	"unknown keys": {
		"image: a:1\nTags: [b]\nmanifests:\n- image: b:1\n  plattform: {}\n- image: c:1\n  platform:\n    arch: arm64\n",
		[]string{
			`line 2: unknown key "Tags": want image, tags, annotations, manifests`,
			`line 5: unknown key "plattform": want image, platform`,
			`line 8: unknown key "arch": want os, architecture, variant, osversion, os.version, osfeatures, os.features, features`,
		},
	},
	"wrong types": {
		"image: [a:1]\ntags: latest\nannotations: x\nmanifests:\n- b:1\n- image: {}\n  platform: linux/amd64\n",
		[]string{
			"line 1: want a text, got a list", "line 2: want a list, got a value of type !!str", "line 3: want a mapping, got a value of type !!str",
			"line 5: want a mapping, got a value of type !!str", "line 6: want a text, got a mapping", "line 7: want a mapping, got a value of type !!str",
		},
	},
	"manifests that are a mapping": {"image: a:1\nmanifests:\n  image: b:1", []string{"line 3: want a list, got a mapping"}},
	"types of its own":             {"image: !ref a:1\nmanifests:\n- image: !!binary YTox\n", []string{"line 1: want a text, got a value of type !ref", "line 3: want a text, got a value of type !!binary"}},
	"duplicate keys": {
		"image: a:1\nimage: a:2\nmanifests:\n- image: b:1\n  platform: {os: linux, os: windows, architecture: arm64}\n",
		[]string{`line 2: key "image" is given twice, first in line 1`, `line 5: key "os" is given twice, first in line 5`},
	},
	"two spellings of a key": {
		valid + "  platform: {osversion: 10.0.1, os.version: 10.0.2, osfeatures: [a], os.features: [b]}\n",
		[]string{`line 4: key "os.version" means the same as "osversion": give one of them`, `line 4: key "os.features" means the same as "osfeatures": give one of them`},
	},
	"a key that is a list": {"? [a]\n: b\n" + valid, []string{"line 1: want a text, got a list"}},
	"tags that are none": {
		"image: a:1\ntags:\n- -1\n- \n- a:b\n- [c]\n- " + strings.Repeat("x", 129) + "\nmanifests: [{image: b:1}]",
		[]string{
			`line 3: "-1" is no tag: want letters, digits, _ . and -, at most 128, and no . or - first`,
			`line 4: "" is no tag: want letters, digits, _ . and -, at most 128, and no . or - first`,
			`line 5: "a:b" is no tag: want letters, digits, _ . and -, at most 128, and no . or - first`,
			`line 6: want a text, got a list`,
			`line 7: "` + strings.Repeat("x", 129) + `" is no tag: want letters, digits, _ . and -, at most 128, and no . or - first`,
		},
	},
	"annotations that are none": {"annotations: {a: [b], '': c}\n" + valid, []string{"line 1: want a text, got a list", "line 1: the key of an annotation is empty"}},
	"an empty feature":          {valid + "  platform: {osfeatures: [win32k, '']}\n", []string{"line 4: a feature is empty"}},
	"platforms that are none": {
		valid + "  platform: {os: linux}\n- image: c:1\n  platform: {architecture: arm64, variant: v8}\n- image: d:1\n  platform: {os: linux, architecture: i386x}\n" +
			"- image: e:1\n  platform: {os: linux/arm, architecture: v7}\n- image: f:1\n  platform: {variant: 'v 8'}\n- image: g:1\n  platform: {os: unknown, architecture: unknown}\n",
		[]string{
			"line 4: architecture is missing: give os and architecture, or neither",
			"line 6: os is missing: give os and architecture, or neither",
			`line 8: unknown architecture "i386x": write it as in GOARCH (amd64, arm64, arm, 386, ppc64le, riscv64, s390x)`,
			`line 10: "linux/arm" has a separator in it: give os, architecture, variant and os.version apart`,
			`line 12: "v 8" is no variant: it may have letters, digits, '.' and '_', such as v7`,
			"line 14: unknown/unknown marks an attestation and is no platform: leave it out",
		},
	},
	"several documents":     {valid + "---\n" + valid, []string{"line 4: a second document begins here: want one"}},
	"a template":            {"image: a:{{tag}}\nmanifests:\n{{#each}}\n- image: b:1\n", []string{"line 3: could not find expected ':'"}},
	"a tab":                 {"image: a:1\nmanifests:\n\t- image: b:1\n", []string{"line 3: found character that cannot start any token"}},
	"a fault in line 1":     {"image: 'a:1", []string{"line 1: found unexpected end of stream"}},
	"no UTF-8":              {valid + "# \xff\n", []string{"line 4: invalid leading UTF-8 octet"}},
	"a control character":   {valid + "#\n# \x01\n", []string{"line 5: control characters are not allowed"}},
	"an unknown anchor":     {valid + "  platform: *arm\n" + "tags: [x]\n", []string{"line 4: unknown anchor 'arm' referenced"}},
	"an alias of itself":    {"image: a:1\nmanifests: &m\n- *m\n", []string{"line 2: want a mapping, got a list"}},
	"a merge of itself":     {"image: a:1\nmanifests:\n- &m\n  image: b:1\n  <<: *m\n", []string{"line 3: too many values: with its aliases the file stands for more than 50000"}},
	"a merge of a text":     {valid + "  <<: x\n", []string{"line 4: want a mapping, got a value of type !!str"}},
	"too many manifests":    {"image: a:1\nmanifests:" + strings.Repeat("\n- image: b:1", 1001), []string{"line 3: 1001 manifests are too many: want at most 1000"}},
	"a file that is larger": {valid + strings.Repeat("#", 1<<20), []string{fmt.Sprintf("line 1: the file has %d bytes, more than the %d that are read", len(valid)+1<<20, 1<<20)}},
	"a bomb of aliases": {
		"image: a:1\ntags: &t [" + strings.Repeat("x,", 30_000) + "x]\nmanifests:\n" + strings.Repeat("- {image: b:1, platform: {osfeatures: *t}}\n", 3),
		[]string{"line 2: too many values: with its aliases the file stands for more than 50000"},
	},
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	for name, test := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := spec.Parse([]byte(test.text))
			if err == nil {
				t.Fatalf("Parse(%.200q) = %+v, want %q", test.text, got, test.want)
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("Parse(%.200q) (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

func TestParseManyFaults(t *testing.T) {
	t.Parallel()
	_, err := spec.Parse([]byte(valid + strings.Repeat("- {}\n", 500)))
	if err == nil {
		t.Fatal("500 manifests without an image are accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	if got, want := lines[len(lines)-1], "line 24: there are more faults from here on"; len(lines) != 21 || got != want {
		t.Errorf("%d lines, the last %q, want 21 and %q", len(lines), got, want)
	}
}
