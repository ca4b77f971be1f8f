// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// BLOB, RAW and TREE stand for the addresses in onGitHub.
func TestLinks(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, in, want string }{
		{"link", "[a](docs/a.md)", "[a](BLOB/docs/a.md)"},
		{"link to an image", "[a](docs/a.png)", "[a](BLOB/docs/a.png)"},
		{"image", "![a](docs/a.png)", "![a](RAW/docs/a.png)"},
		{"image without an extension", "![a](docs/a)", "![a](RAW/docs/a)"},
		{"linked image", "[![x](a.png)](b.md)", "[![x](RAW/a.png)](BLOB/b.md)"},
		{"images in one link", "[![x](a.png) and ![y](b.png)](c.md)", "[![x](RAW/a.png) and ![y](RAW/b.png)](BLOB/c.md)"},
		{"link in the text of an image", "![a [b](c.md)](d.png)", "![a [b](BLOB/c.md)](RAW/d.png)"},
		{"link in a link", "[a [b](c.md)](d.md)", "[a [b](BLOB/c.md)](d.md)"},
		{"title", `[a](b.md "c (d)") ![a](b.png 'c') [a](b.md (c))`, `[a](BLOB/b.md "c (d)") ![a](RAW/b.png 'c') [a](BLOB/b.md (c))`},
		{"title that looks like a link", `[a](b.md "[c](d.md)")`, `[a](BLOB/b.md "[c](d.md)")`},
		{"angle brackets", "[a](<b c.md> 'd') ![a](<b.png>)", "[a](<BLOB/b c.md> 'd') ![a](<RAW/b.png>)"},
		{"blanks", "[a](  b.md  )", "[a](  BLOB/b.md  )"},
		{"line breaks", "[a](\nb.md\n'c'\n)", "[a](\nBLOB/b.md\n'c'\n)"},
		{"text over two lines", "[a\nb](c.md)", "[a\nb](BLOB/c.md)"},
		{"in a text", "*See [a](b.md)*, **![c](d.png)** and ~~[e](f.md)~~", "*See [a](BLOB/b.md)*, **![c](RAW/d.png)** and ~~[e](BLOB/f.md)~~"},
		{"in headings", "# [a](b.md)\n\n[c](d.md)\n===\n", "# [a](BLOB/b.md)\n\n[c](BLOB/d.md)\n===\n"},
		{"in a list", "- [a](b.md)\n  1. ![c](d.png)\n\n     [e](f.md)\n", "- [a](BLOB/b.md)\n  1. ![c](RAW/d.png)\n\n     [e](BLOB/f.md)\n"},
		{"in a list with tabs", "-\t[a](b.md)\n\n\t[c](\n\td.md)\n", "-\t[a](BLOB/b.md)\n\n\t[c](\n\tBLOB/d.md)\n"},
		{"in tasks", "- [ ] [a](b.md)\n- [x] [c](d.md)\n", "- [ ] [a](BLOB/b.md)\n- [x] [c](BLOB/d.md)\n"},
		{"in a quote", "> [a](b.md) [c](\n> d.md)\nlazy [e](f.md)\n", "> [a](BLOB/b.md) [c](\n> BLOB/d.md)\nlazy [e](BLOB/f.md)\n"},
		{"in an alert", "> [!NOTE]\n> [a](b.md)\n", "> [!NOTE]\n> [a](BLOB/b.md)\n"},
		{"in a table", "| a | b |\n|---|:-:|\n| [c](d.md) | ![e](f.png) |\n[g](h.md) | x\n", "| a | b |\n|---|:-:|\n| [c](BLOB/d.md) | ![e](RAW/f.png) |\n[g](BLOB/h.md) | x\n"},
		{"pipe in a table", "| a |\n|---|\n| [b](c\\|d.md) |\n", "| a |\n|---|\n| [b](BLOB/c\\|d.md) |\n"},
		{"in a footnote", "a[^1]\n\n[^1]: See [b](c.md)\n\n    and [d](e.md)\n", "a[^1]\n\n[^1]: See [b](BLOB/c.md)\n\n    and [d](BLOB/e.md)\n"},
		{"footnote of one word", "a[^1]\n\n[^1]: docs/b.md\n", "a[^1]\n\n[^1]: docs/b.md\n"},
		{"empty destination", "[a]() [b](<>) ![c]()", "[a]() [b](<>) ![c]()"},
		{"no links", `\[a](b.md) [a] (b.md) [a](b c.md) [a](b.md`, `\[a](b.md) [a] (b.md) [a](b c.md) [a](b.md`},
		{"autolinks", "<https://a.example/b> www.a.example/ [c](d.md) <mail@a.example>", "<https://a.example/b> www.a.example/ [c](BLOB/d.md) <mail@a.example>"},
		{"non-Latin", "[文档](docs/安装.md) и [ещё](файл.md#раздел)", "[文档](BLOB/docs/安装.md) и [ещё](BLOB/файл.md#раздел)"},
	} {
		if got := unexpand(convert(t, test.in, onGitHub).Full); got != test.want {
			t.Errorf("%s: Full (-want +got):\n%s", test.name, cmp.Diff(test.want, got))
		}
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, in, want string }{
		{"full", "[a][b]\n\n[b]: c.md\n", "[a][b]\n\n[b]: BLOB/c.md\n"},
		{"collapsed", "[a][]\n\n[a]: c.md\n", "[a][]\n\n[a]: BLOB/c.md\n"},
		{"shortcut", "[a]\n\n[a]: c.md\n", "[a]\n\n[a]: BLOB/c.md\n"},
		{"case and blanks", "[a][B  c]\n\n[b C]: c.md\n", "[a][B  c]\n\n[b C]: BLOB/c.md\n"},
		{"image", "![a][b] ![c][] ![d]\n\n[b]: b.png\n[c]: c.png\n[d]: d.png\n", "![a][b] ![c][] ![d]\n\n[b]: RAW/b.png\n[c]: RAW/c.png\n[d]: RAW/d.png\n"},
		{"linked image", "[![a][b]][c]\n\n[b]: b.png\n[c]: c.md\n", "[![a][b]][c]\n\n[b]: RAW/b.png\n[c]: BLOB/c.md\n"},
		{"link and image", "[a][b] ![a][b]\n\n[b]: b.png\n", "[a][b] ![a][b]\n\n[b]: RAW/b.png\n"},
		{"not used", "[b]: b.png\n", "[b]: BLOB/b.png\n"},
		{"before its use", "[b]: c.md\n\n[a][b]", "[b]: BLOB/c.md\n\n[a][b]"},
		{"angle brackets and title", "[b]: <c d.md> \"e\"\n", "[b]: <BLOB/c d.md> \"e\"\n"},
		{"over several lines", "[b]:\n   c.md\n   'd\n   e'\n", "[b]:\n   BLOB/c.md\n   'd\n   e'\n"},
		{"indented", "   [b]:   c.md\n", "   [b]:   BLOB/c.md\n"},
		{"one after the other", "[a]: a.md\n[b]: b.md 'x'\n[c]: c.md\ntext\n", "[a]: BLOB/a.md\n[b]: BLOB/b.md 'x'\n[c]: BLOB/c.md\ntext\n"},
		{"label over two lines", "[b\nc]: d.md\n", "[b\nc]: BLOB/d.md\n"},
		{"colon in the label", "[b: c]: d.md\n", "[b: c]: BLOB/d.md\n"},
		{"in a quote", "> [b]: c.md\n> [d]:\n> e.md\n", "> [b]: BLOB/c.md\n> [d]:\n> BLOB/e.md\n"},
		{"in a list", "- [b]: c.md\n\n  [d]: e.md\n", "- [b]: BLOB/c.md\n\n  [d]: BLOB/e.md\n"},
		{"the first one counts", "![a]\n\n[a]: a.png\n[A]: b.png\n", "![a]\n\n[a]: RAW/a.png\n[A]: b.png\n"},
		{"what is no title", "[b]:\nc.md\n'd' [e](f.md)\n", "[b]:\nBLOB/c.md\n'd' [e](BLOB/f.md)\n"},
		{"title without end", "[b]: c.md\n'd [e](f.md)\n", "[b]: BLOB/c.md\n'd [e](BLOB/f.md)\n"},
		{"escaped characters", "[b\\]]: <c\\>d.md> (e\\)f)\n", "[b\\]]: <BLOB/c\\>d.md> (e\\)f)\n"},
		{"no definitions", "[a]: b c\n\n[d]: e.md 'f' g\n\n[h]: <i.md\n\n[j] : k\n\n[]: l\n\n[m]:\n\n[n]: o)p\n", "[a]: b c\n\n[d]: e.md 'f' g\n\n[h]: <i.md\n\n[j] : k\n\n[]: l\n\n[m]:\n\n[n]: o)p\n"},
		{"absolute", "[b]: https://a.example/\n[c]: #d\n", "[b]: https://a.example/\n[c]: #d\n"},
		{"not at a paragraph's start", "text\n[b]: c.md\n", "text\n[b]: c.md\n"},
		{"too far to the right", "    [b]: c.md\n", "    [b]: c.md\n"},
	} {
		if got := unexpand(convert(t, test.in, onGitHub).Full); got != test.want {
			t.Errorf("%s: Full (-want +got):\n%s", test.name, cmp.Diff(test.want, got))
		}
	}
}

func TestCodeStays(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, in string }{
		{"span", "`[a](b.md)` ``[a](b.md) ` ``"},
		{"span over two lines", "`[a](b.md)\n![c](d.png)`"},
		{"span in a link's text", "[`[a](b.md)`](https://a.example/)"},
		{"span that ends a link", "[a`](b.md)`"},
		{"span in a table", "| a |\n|---|\n| `[b](c\\|d.md)` |\n"},
		{"fence", "```md\n[a](b.md)\n\n<img src=c.png>\n```\n"},
		{"tilde fence", "~~~~\n[a](b.md)\n~~~\n![c](d.png)\n~~~~\n"},
		{"fence without end", "```\n[a](b.md)\n\n[c]: d.md\n"},
		{"fence in a list", "- a\n\n  ```\n  [a](b.md)\n  ```\n"},
		{"fence in a quote", "> ```\n> [a](b.md)\n> ```\n"},
		{"indented", "    [a](b.md)\n\n    [c]: d.md\n"},
		{"indented by a tab", "\t[a](b.md)\n"},
		{"indented in a list", "- a\n\n      [a](b.md)\n"},
		{"comment", "<!-- [a](b.md)\n\n<img src=c.png> -->\n"},
		{"comment in a text", "text <!-- [a](b.md) <img src=c.png> --> text\n"},
		{"comment in an HTML block", "<div>\n<!-- <img src=c.png> -->\n</div>\n"},
		{"comment without end", "<div>\n<!-- <img src=c.png>\n</div>\n"},
		{"pre", "<pre>\n[a](b.md)\n\n<img src=c.png>\n</pre>\n"},
		{"pre in an HTML block", "<div><PRE class=x><a href=\"b.md\">a</a></PRE></div>\n"},
		{"code in an HTML block", "<p><code><a href=\"b.md\">a</a></code></p>\n"},
		{"code in a text", "text <code>[a](b.md) <img src=c.png></code> text\n"},
		{"code without end", "text <code>[a](b.md)\n"},
		{"script", "<script>\nif (a<b) x = '<img src=c.png>';\n</script>\n"},
		{"CDATA", "<![CDATA[\n<img src=c.png>\n]]>\n"},
	} {
		if got := convert(t, test.in, onGitHub).Full; got != test.in {
			t.Errorf("%s: Full (-want +got):\n%s", test.name, cmp.Diff(test.in, got))
		}
	}
}

// What follows code is not code.
func TestCodeEnds(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, in, want string }{
		{"span", "`a` [b](c.md) `d`", "`a` [b](BLOB/c.md) `d`"},
		{"span without end", "` [b](c.md)", "` [b](BLOB/c.md)"},
		{"code", "<code>a</code> [b](c.md)", "<code>a</code> [b](BLOB/c.md)"},
		{"code without end", "<code>a\n\n[b](c.md)", "<code>a\n\n[b](BLOB/c.md)"},
		{"pre", "<pre>a</pre>\n\n[b](c.md)", "<pre>a</pre>\n\n[b](BLOB/c.md)"},
		{"pre and image on one line", "<p><pre>a</pre><img src=c.png></p>", "<p><pre>a</pre><img src=RAW/c.png></p>"},
		{"another end tag", "<p><pre></code></preview><img src=b.png></pre ><img src=c.png></p>", "<p><pre></code></preview><img src=b.png></pre ><img src=RAW/c.png></p>"},
		{"comment", "<!-- a --><img src=c.png>\n", "<!-- a --><img src=RAW/c.png>\n"},
		{"fence", "```\na\n```\n[b](c.md)", "```\na\n```\n[b](BLOB/c.md)"},
	} {
		if got := unexpand(convert(t, test.in, onGitHub).Full); got != test.want {
			t.Errorf("%s: Full (-want +got):\n%s", test.name, cmp.Diff(test.want, got))
		}
	}
}
