// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitArguments(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		``:                     nil,
		`  a  b	c `:            {"a", "b", "c"},
		`-v "/a b":"/c"`:       {"-v", "/a b:/c"},
		`"" a`:                 {"", "a"},
		`'a b'`:                {"'a", "b'"},
		`a\b \`:                {`a\b`, `\`},
		`"a \"b\" c"`:          {`a "b" c`},
		`"a\\" b`:              {`a\`, "b"},
		`"ends with \" "next"`: {`ends with " next`}, // a value that ends in a backslash swallows the next
		`"two "" quotes"`:      {`two " quotes`},
	}
	for line, want := range tests {
		if diff := cmp.Diff(want, splitArguments(line)); diff != "" {
			t.Errorf("splitArguments(%s) (-want +got):\n%s", line, diff)
		}
	}
}

func TestParsePairs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want map[string]string
		err  bool
	}{
		"nothing":                {"", map[string]string{}, false},
		"plain":                  {"a=1\n\nb=x=y\na=2", map[string]string{"a": "2", "b": "x=y"}, false},
		"delimited":              {"a<<E\n1\n\n2\nE\nb<<E\nE\n", map[string]string{"a": "1\n\n2", "b": ""}, false},
		"a delimiter in a value": {"a=b<<E\n", map[string]string{"a": "b<<E"}, false},
		"no end":                 {"a<<E\n1\n", map[string]string{}, true},
		"no name":                {"<<E\n1\nE\n", map[string]string{}, true},
		"no delimiter":           {"a<<\n1\n\n", map[string]string{}, true},
		"neither":                {"a\n", map[string]string{}, true},
	}
	for name, tt := range tests {
		got, err := parsePairs(tt.text)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.err {
			t.Errorf("%s: parsePairs(%q), error %v (-want +got):\n%s", name, tt.text, err, diff)
		}
	}
}
