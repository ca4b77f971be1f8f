// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unexpand puts short names for the addresses in onGitHub.
func unexpand(text string) string {
	return strings.NewReplacer(ghBlob, "BLOB/", ghRaw, "RAW/", ghTree, "TREE/").Replace(text)
}

func TestHTML(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ name, in, want string }{
		{"double quotes", `<img src="a.png" alt="a.png">`, `<img src="RAW/a.png" alt="a.png">`},
		{"single quotes", `<img src='a b.png'/>`, `<img src='RAW/a%20b.png'/>`},
		{"no quotes", `<img src=a.png width=20>`, `<img src=RAW/a.png width=20>`},
		{"blanks", "<p>\n<img\n  src = \"\n\ta.png \"\n>\n</p>\n", "<p>\n<img\n  src = \"\n\tRAW/a.png \"\n>\n</p>\n"},
		{"upper case", `<IMG SRC="a.png">`, `<IMG SRC="RAW/a.png">`},
		{"link", `<a href="a.png">a</a>`, `<a href="BLOB/a.png">a</a>`},
		{"linked image", `<a href="b.md"><img src="a.png"></a>`, `<a href="BLOB/b.md"><img src="RAW/a.png"></a>`},
		{"in a text", `Press <a href="a.md">this *[b](c.md)*</a> <img src="d.png">`, `Press <a href="BLOB/a.md">this *[b](BLOB/c.md)*</a> <img src="RAW/d.png">`},
		{"in a table", "| a |\n|---|\n| <img src=\"a.png\"> |\n", "| a |\n|---|\n| <img src=\"RAW/a.png\"> |\n"},
		{"in a list", "- a\n\n  <p>\n  <img src=\"a.png\">\n  </p>\n", "- a\n\n  <p>\n  <img src=\"RAW/a.png\">\n  </p>\n"},
		{"in a quote", "> <p>\n> <img\n> src=\"a.png\">\n> </p>\n", "> <p>\n> <img\n> src=\"RAW/a.png\">\n> </p>\n"},
		{"a value over the lines of a quote", "> <p>\n> <img src=\"a\n> b.png\">\n", "> <p>\n> <img src=\"a\n> b.png\">\n"},
		{"picture", "<picture>\n<source media=\"(x)\" srcset=\"dark.svg\">\n<img src=\"light.svg\">\n</picture>", "<picture>\n<source media=\"(x)\" srcset=\"RAW/dark.svg\">\n<img src=\"RAW/light.svg\">\n</picture>"},
		{"srcset", `<source srcset="a.png 1x, b.png 2x,c.png  100w ,, https://a.example/d.png 3x">`, `<source srcset="RAW/a.png 1x, RAW/b.png 2x,RAW/c.png  100w ,, https://a.example/d.png 3x">`},
		{"srcset without descriptors", `<img srcset="a.png, b.png">`, `<img srcset="RAW/a.png, RAW/b.png">`},
		{"srcset with parentheses", `<img srcset="a.png x(1, b.png), c.png">`, `<img srcset="RAW/a.png x(1, b.png), RAW/c.png">`},
		{"srcset with data", `<img srcset="data:image/png;base64,AA,BB 1x, b.png 2x">`, `<img srcset="data:image/png;base64,AA,BB 1x, RAW/b.png 2x">`},
		{"srcset, comma in the name", `<img srcset="a,b.png 2x">`, `<img srcset="RAW/a,b.png 2x">`},
		{"video", `<video src="a.mp4" poster="a.png"><source src="b.webm"></video>`, `<video src="RAW/a.mp4" poster="RAW/a.png"><source src="RAW/b.webm"></video>`},
		{"query and entities", `<a href="a&amp;b.md?c=1&amp;d&copy=2#e f">`, `<a href="BLOB/a&amp;b.md?c=1&amp;d&copy=2#e%20f">`},
		{"absolute", `<a href="https://a.example"><a href="//a.example"><a href="#a"><a href=""><a href="mailto:a@b.example"><img src="data:x">`, `<a href="https://a.example"><a href="//a.example"><a href="#a"><a href=""><a href="mailto:a@b.example"><img src="data:x">`},
		{"hidden scheme", `<a href="&#104;ttps://a.example">`, `<a href="&#104;ttps://a.example">`},
		{"other attributes", `<a name="a" title="href='b.md'" data-href="c.md" id=src href>`, `<a name="a" title="href='b.md'" data-href="c.md" id=src href>`},
		{"other elements", `<link href="a.css"><iframe src="b.html">`, `<link href="a.css"><iframe src="b.html">`},
		{"equals sign in the value", `<p><img src=a=b.png></p>`, `<p><img src=RAW/a=b.png></p>`},
		{"tag without end", `<div><img src="a.png"`, `<div><img src="a.png"`},
		{"quote without end", `<div><img src="a.png><b>`, `<div><img src="a.png><b>`},
		{"value without end", `<div><img src=`, `<div><img src=`},
		{"no tags", `<div> 1 < 2 </> < img src=a.png> <! src=a.png> </div>`, `<div> 1 < 2 </> < img src=a.png> <! src=a.png> </div>`},
		{"Markdown inside", "<details>\n<summary>a</summary>\n\n[b](c.md)\n\n</details>\n", "<details>\n<summary>a</summary>\n\n[b](BLOB/c.md)\n\n</details>\n"},
		{"Markdown in an HTML block", "<div>\n[b](c.md)\n</div>\n", "<div>\n[b](c.md)\n</div>\n"},
		{"closed on its first line", "<pre>a</pre> <img src=a.png>\n", "<pre>a</pre> <img src=RAW/a.png>\n"},
		{"after the end on the last line", "<pre>\na\n</pre> <img src=a.png>\n", "<pre>\na\n</pre> <img src=RAW/a.png>\n"},
	} {
		if got := unexpand(convert(t, test.in, onGitHub).Full); got != test.want {
			t.Errorf("%s: Full (-want +got):\n%s", test.name, cmp.Diff(test.want, got))
		}
	}
}
