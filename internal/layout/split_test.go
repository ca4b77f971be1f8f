// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/layout"
)

const hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var splits = map[string][2]string{
	"":                              {"", ""},
	"out":                           {"out", ""},
	"build/out.tar":                 {"build/out.tar", ""},
	"/tmp/out:1.2.3":                {"/tmp/out", "1.2.3"},
	"../out:latest":                 {"../out", "latest"},
	"out@sha256:" + hex64:           {"out", "sha256:" + hex64},
	"out:1.2@sha256:" + hex64:       {"out", "sha256:" + hex64},
	"out@sha256:beef":               {"out", "sha256:beef"},
	"out@sha512:" + hex64:           {"out", "sha512:" + hex64},
	"out@2":                         {"out@2", ""},
	"out@2:1.2":                     {"out@2", "1.2"},
	"out:ghcr.io/acme/app:1.2":      {"out", "ghcr.io/acme/app:1.2"},
	"out:localhost:5000/acme/app:1": {"out", "localhost:5000/acme/app:1"},
	"out:":                          {"out:", ""},
	":1.2":                          {"", "1.2"},
	"out.tar=1:2":                   {"out.tar=1", "2"},
	`C:\build\out`:                  {`C:\build\out`, ""},
	`C:\build\out.tar:1.2`:          {`C:\build\out.tar`, "1.2"},
	"c:/build/out:1.2":              {"c:/build/out", "1.2"},
	`C:\out@sha256:` + hex64:        {`C:\out`, "sha256:" + hex64},
	`C:\`:                           {`C:\`, ""},
	"C:out":                         {"C", "out"},
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for text, want := range splits {
		if path, ref := layout.Split(text); path != want[0] || ref != want[1] {
			t.Errorf("Split(%q) = %q, %q, want %q, %q", text, path, ref, want[0], want[1])
		}
	}
}

// The path begins the text and the reference ends it; nothing but a name that a digest decides over is left out between them.
func FuzzSplit(f *testing.F) {
	for text := range splits {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, ref := layout.Split(text)
		rest, begins := strings.CutPrefix(text, path)
		between, ends := strings.CutSuffix(rest, ref)
		switch {
		case !begins || !ends:
		case ref == "" && rest == "":
			return
		case ref != "" && between == ":":
			return
		case strings.HasPrefix(ref, "sha") && (between == "@" || strings.HasPrefix(between, ":") && strings.HasSuffix(between, "@")):
			return
		}
		t.Errorf("Split(%q) = %q, %q, which do not make it up", text, path, ref)
	})
}
