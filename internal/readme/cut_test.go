// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/readme"
)

const closing = "*[…] Read the [full text](https://github.com/acme/app/blob/v1.2.3/README.md).*\n"

// cutTo returns the README of text within limit bytes.
func cutTo(tb testing.TB, text string, limit int) string {
	tb.Helper()
	page, err := readme.Convert([]byte(text), "", onGitHub, readme.Limits{Full: limit})
	if err != nil {
		tb.Fatal(err)
	}
	if len(page.Full) > limit {
		tb.Errorf("with a limit of %d, Full has %d bytes", limit, len(page.Full))
	}
	if page.Truncated != (len(text) > limit) {
		tb.Errorf("with a limit of %d, Truncated = %v of %d bytes", limit, page.Truncated, len(text))
	}

	return page.Full
}

// Each text is cut to every length. A bar is where that may cut it, and so what some limit must keep.
func TestCutPlaces(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, text string }{
		{"paragraphs", "a\nb\n\n¦c\n\n\n¦d\n\n¦"},
		{"headings", "# a\n¦## b\n¦c\n\n¦d\ne\n===\n¦"},
		{"break", "a\n\n¦---\n¦b\n\n¦"},
		{"fence", "a\n\n¦```\nb\n\n# c\n\n- d\n```\n\n¦"},
		{"fence after a paragraph", "a\n¦~~~\nb\n~~~\n¦"},
		{"fence that looks like two", "a\n\n¦````\n```\n\nb\n\n```\n````\n¦"},
		{"indented code", "a\n\n¦    b\n\n\n    c\n\n¦"},
		{"table", "a\n\n¦|b|c|\n|-|-|\n|d|e|\n|f|g|\n\n¦"},
		{"table after a paragraph", "a\n\n¦b\nc|d\n-|-\ne|f\n\n¦"},
		{"quote first", "> a\n>\n¦> b\n\n¦"},
		{"quote", "a\n\n¦> b\n>\n> c\n\n¦"},
		{"list", "a\n\n¦- b\n  e\n¦- c\n\n  f\n¦- d\n\n¦"},
		{"loose list", "a\n\n¦1. b\n\n¦2. c\n\n   ```\n   d\n   ```\n\n¦3. e\n\n¦"},
		{"list first", "- a\n\n¦  b\n\n¦  ```\n  c\n\n  d\n  ```\n¦  - e\n¦  - f\n¦- g\n\n¦"},
		{"list in a list", "a\n\n¦- b\n  - c\n  - d\n¦- e\n\n¦"},
		{"HTML block", "a\n\n¦<div>\nb\n</div>\n\n¦"},
		{"HTML blocks", "a\n\n¦<div>\n\n¦b\n\n¦</div>\n\n¦"},
		{"comment", "a\n\n¦<!-- b\n\nc\n\n- d\n-->\n¦"},
		{"pre", "a\n\n¦<pre>\nb\n\n\nc\n</pre>\n¦"},
		{"details", "a\n\n¦<details>\n<summary>b</summary>\n\nc\n\n- d\n\n</details>\n\n¦"},
		{"details first", "<details>\n<summary>a</summary>\n\n¦b\n\n¦</details>\n\n¦"},
		{"details without end", "a\n\n¦<details>\n\n¦b\n\n¦"},
		{"details in details", "a\n\n¦<details>\n\n<details>\n\nb\n\n</details>\n\nc\n\n</details>\n\n¦"},
		{"HTML table", "a\n\n¦<table>\n<tr><td>\n\nb\n\n```\nc\n```\n\n</td></tr>\n</table>\n\n¦"},
		{"HTML table first", "<table>\n<tr><td>\n\nb\n\n</td></tr>\n</table>\n\n¦"},
		{"footnotes", "a[^1] b[^2]\n\n¦[^1]: c\n\n    d\n\n¦[^2]: e\n\n¦"},
		{"definitions", "a\n\n¦[b]: https://c.example\n¦[d]:\nhttps://e.example\n\n¦"},
		{"characters", "ä\n\n¦ö ü 文\n\n¦"},
		{"blank lines first", "\n\na\n\n¦"},
	} {
		parts := strings.Split(test.text, "¦")
		text := strings.Join(parts, "") + strings.Repeat("x", 2*len(closing)) + "\n"
		var want []string
		for i := 1; i < len(parts); i++ {
			want = append(want, strings.TrimRight(strings.Join(parts[:i], ""), "\n")+"\n\n")
		}

		var got []string
		for limit := 1; limit < len(text); limit++ {
			kept, ok := strings.CutSuffix(cutTo(t, text, limit), closing)
			if ok && kept != "" && !slices.Contains(got, kept) {
				got = append(got, kept)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: kept (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestCutKeepsDefinitions(t *testing.T) {
	t.Parallel()

	const (
		kept = "[a] [b][] ![c][D] [e][e] [f] <code>[i]</code>\n\n[e]: https://e.example\n\n"
		rest = "[g][h] LONG\n\n" +
			"> [d]: d.png\n>\n> [B]: <b.md>\n> 'B\n> C'\n\n" +
			"[h]: h.md\n[i]: i.md\n[a]: a.md \"A\"\n[a]: second.md\n[e]: second.md\n"
		definitions = "[d]: " + ghRaw + "d.png\n" +
			"[B]: <" + ghBlob + "b.md>\n'B\nC'\n" +
			"[i]: " + ghBlob + "i.md\n" +
			"[a]: " + ghBlob + "a.md \"A\"\n\n"
		want = kept + definitions + closing
	)
	text := kept + strings.ReplaceAll(rest, "LONG", strings.Repeat("x", 1000))

	if diff := cmp.Diff(want, cutTo(t, text, len(want))); diff != "" {
		t.Errorf("Full (-want +got):\n%s", diff)
	}
	// The definition of e need not stand in a block of its own.
	if diff := cmp.Diff(closing, cutTo(t, text, len(want)-2)); diff != "" {
		t.Errorf("Full with two bytes less (-want +got):\n%s", diff)
	}
}

func TestCutLimits(t *testing.T) {
	t.Parallel()

	text := "a\n\n" + strings.Repeat("b", 200) + "\n"
	for _, test := range []struct {
		limit int
		want  string
	}{
		{len(text), text},
		{len(text) - 1, "a\n\n" + closing},
		{len("a\n\n" + closing), "a\n\n" + closing},
		{len("a\n\n"+closing) - 1, closing},
		{len(closing), closing},
		{len(closing) - 1, ""},
		{1, ""},
	} {
		if diff := cmp.Diff(test.want, cutTo(t, text, test.limit)); diff != "" {
			t.Errorf("Full with a limit of %d (-want +got):\n%s", test.limit, diff)
		}
	}
}

func TestCutNotice(t *testing.T) {
	t.Parallel()

	text := "a\n\n[b](../c) " + strings.Repeat("b", 1000)
	page, err := readme.Convert([]byte(text), "One two three", onGitHub, readme.Limits{Full: 100, Short: 10})
	if err != nil {
		t.Fatal(err)
	}
	want := readme.Page{
		Full:      "a\n\n" + closing,
		Short:     "One two…",
		Truncated: true,
		Notices: []string{
			`the link "../c" leads out of the repository and stays as it is`,
			"the text of 1013 bytes is cut to 84, as the registry takes 100 at most",
			"the short description of 13 bytes is cut to 10, as the registry takes 10 at most",
		},
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("Convert (-want +got):\n%s", diff)
	}
}

func TestClosing(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		source readme.Source
		want   string
	}{
		{onGitHub, closing},
		{onGitLab, "*[…] Read the [full text](https://git.example.com/a/b/app/-/blob/v1.2.3/docs/image.md).*\n"},
		{readme.Source{Repository: "https://codeberg.org/acme/app"}, "*[…] Read the full text in [the repository](https://codeberg.org/acme/app).*\n"},
		{readme.Source{}, "*[…]*\n"},
	} {
		page, err := readme.Convert([]byte(strings.Repeat("x", 1000)), "", test.source, readme.Limits{Full: 500})
		if err != nil {
			t.Fatal(err)
		}
		if page.Full != test.want {
			t.Errorf("Full = %q, want %q", page.Full, test.want)
		}
	}
}
