// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/polytag/polytag/internal/readme"
)

// tree is what a Markdown parser sees in a text.
type tree struct {
	nodes       []string // kinds and texts, in document order
	code        []string // the content of code
	links       []string // the destinations of links and images
	definitions []string // the destinations of definitions
}

// newTree parses source by goldmark as it comes, with GitHub's extensions.
func newTree(tb testing.TB, source string) tree {
	tb.Helper()
	markdown := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithBlockParsers(util.Prioritized(extension.NewFootnoteBlockParser(), 999))),
	)
	var t tree
	root := markdown.Parser().Parse(text.NewReader([]byte(source)))
	err := ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			t.nodes = append(t.nodes, "end")

			return ast.WalkContinue, nil
		}
		line := node.Kind().String()
		switch n := node.(type) {
		case *ast.Text:
			line += " " + string(n.Value([]byte(source)))
		case *ast.CodeSpan:
			var code strings.Builder
			for child := n.FirstChild(); child != nil; child = child.NextSibling() {
				code.Write(child.(*ast.Text).Value([]byte(source)))
			}
			t.code = append(t.code, code.String())
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			t.code = append(t.code, string(n.Lines().Value([]byte(source))))
		case *ast.Link:
			t.links = append(t.links, string(n.Destination))
		case *ast.Image:
			t.links = append(t.links, string(n.Destination))
		case *ast.LinkReferenceDefinition:
			t.definitions = append(t.definitions, string(n.Destination))
		}
		t.nodes = append(t.nodes, line)

		return ast.WalkContinue, nil
	})
	if err != nil {
		tb.Fatal(err)
	}

	return t
}

func FuzzConvert(f *testing.F) {
	files, err := filepath.Glob("testdata/corpus/*/README.md")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		markdown, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(markdown) < 2000 { // the long ones would be all that it is busy with
			f.Add(markdown, "A short description", "v1.2.3", "docs/README.md", false, 800, 10)
		}
	}
	for _, markdown := range []string{
		"[a](b.md) ![c](<d e.png> 'f') [![g](h.png)][i] `[j](k)`\n\n[i]: l.md (m)\n",
		"---\na: b\n---\r\n\r\n> - [a](\n>   ../../b)\n\n```\n[c](d)\n```\n",
		"<p align=center><a href='a'><img src=b srcset=\"c 1x,d 2x\"></a><pre><a href=e></pre>\n\n<code>[f](g)</code>\n",
		"|a|\n|-|\n|[b](c\\|d)|\n\n[^e]: [f](g)\n\n    [h](i)\n\n<details>\n\nj\n\n</details>\n",
		"-\t[a](b)\n\n\t- [c]: d\n\t  'e\n\t  f'\n",
	} {
		f.Add([]byte(markdown), "A short\ndescription", "app/v1#2", "a/é f.md", true, 120, 12)
	}

	f.Fuzz(func(t *testing.T, markdown []byte, short, ref, path string, gitLab bool, full, least int) {
		source := readme.Source{Repository: "https://example.com/acme/app", Ref: ref, Path: path, Host: readme.GitHub}
		if gitLab {
			source.Host = readme.GitLab
		}
		limits := readme.Limits{Full: full, Short: least}
		page, err := readme.Convert(markdown, short, source, limits)
		if valid := utf8.Valid(markdown) && utf8.ValidString(short); err != nil || !valid {
			if err == nil || (valid && !strings.Contains(err.Error(), "no file of the repository")) {
				t.Fatalf("Convert = %v, and UTF-8: %v", err, valid)
			}

			return
		}
		checkPage(t, page, limits)
		again, err := readme.Convert([]byte(page.Full), page.Short, source, limits)
		if err != nil {
			t.Fatal(err)
		}
		if again.Full != page.Full || again.Short != page.Short || again.Truncated {
			t.Errorf("converting again changes it (-once +twice):\n%s", cmp.Diff(page, again))
		}

		whole := convert(t, string(markdown), source)
		checkLinks(t, convert(t, string(markdown), readme.Source{}).Full, whole)
		if page.Truncated {
			checkCut(t, page.Full, whole.Full)
		} else if page.Full != whole.Full {
			t.Errorf("Full differs without being cut (-want +got):\n%s", cmp.Diff(whole.Full, page.Full))
		}
	})
}

func checkPage(t *testing.T, page readme.Page, limits readme.Limits) {
	t.Helper()
	if !utf8.ValidString(page.Full) || !utf8.ValidString(page.Short) {
		t.Errorf("the page is not UTF-8: %q and %q", page.Full, page.Short)
	}
	if limits.Full > 0 && len(page.Full) > limits.Full || limits.Short > 0 && len(page.Short) > limits.Short {
		t.Errorf("the page has %d and %d bytes, want %v at most", len(page.Full), len(page.Short), limits)
	}
	if strings.ContainsAny(page.Short, "\n\r") {
		t.Errorf("Short = %q, want one line", page.Short)
	}
}

// checkLinks checks that a parser sees the same in the text before and after, but that links are absolute.
func checkLinks(t *testing.T, before string, page readme.Page) {
	t.Helper()
	if brokenDefinitionRE.MatchString(before) {
		return
	}
	want, got := newTree(t, before), newTree(t, page.Full)
	if diff := cmp.Diff(want.nodes, got.nodes); diff != "" {
		t.Errorf("the text changes (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(want.code, got.code); diff != "" {
		t.Errorf("code changes (-before +after):\n%s", diff)
	}
	if len(want.links) != len(got.links) || len(want.definitions) != len(got.definitions) {
		t.Fatalf("%d links and %d definitions become %d and %d", len(want.links), len(want.definitions), len(got.links), len(got.definitions))
	}
	for i, link := range slices.Concat(got.links, got.definitions) {
		if was := slices.Concat(want.links, want.definitions)[i]; link != was && !strings.HasPrefix(link, "https://example.com/") {
			t.Errorf("the link %q becomes %q", was, link)
		}
	}
	if len(page.Notices) > 0 || strings.Contains(before, "<") {
		return // links may stay, as they lead out of the repository or are in code of HTML
	}
	for _, link := range got.links {
		if !absoluteRE.Match(bytes.TrimSpace(decode(link))) {
			t.Errorf("the link %q stays relative", link)
		}
	}
}

// brokenDefinitionRE matches the definitions that goldmark takes for text as well: those with the destination on a line of
// its own, followed by what starts like a title, but is none.
var brokenDefinitionRE = regexp.MustCompile(`\]:\s*\n.*\n[ \t>]*["'(]`)

var absoluteRE = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*:|//|#|$)|\pC`)

func decode(destination string) []byte {
	return util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations([]byte(destination))))
}

// checkCut checks that nothing is taken from the code that was kept, and that the links that were kept lead where they
// did.
func checkCut(t *testing.T, kept, whole string) {
	t.Helper()
	got, want := newTree(t, kept), newTree(t, whole)
	if n := len(got.links); n > 0 {
		got.links = got.links[:n-1] // that to the full text
	}
	for _, code := range got.code {
		// A fence without an end, in a list's item, takes the blank line after it.
		same := func(s string) bool { return strings.TrimRight(s, "\n") == strings.TrimRight(code, "\n") }
		if !slices.ContainsFunc(want.code, same) {
			t.Errorf("the cut makes the code %q, want one of %q", code, want.code)
		}
	}
	for _, link := range got.links {
		if !slices.Contains(want.links, link) {
			t.Errorf("the cut makes the link %q, want one of %q", link, want.links)
		}
	}
	if len(got.links) > len(want.links) || len(got.code) > len(want.code) {
		t.Errorf("the cut makes %d links and %d pieces of code of %d and %d", len(got.links), len(got.code), len(want.links), len(want.code))
	}
}
