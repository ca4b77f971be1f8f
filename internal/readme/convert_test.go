// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/readme"
)

var (
	onGitHub = readme.Source{Repository: "https://github.com/acme/app", Ref: "v1.2.3", Path: "README.md", Host: readme.GitHub}
	onGitLab = readme.Source{Repository: "https://git.example.com/a/b/app", Ref: "v1.2.3", Path: "docs/image.md", Host: readme.GitLab}
)

// Addresses in onGitHub.
const (
	ghBlob = "https://github.com/acme/app/blob/v1.2.3/"
	ghRaw  = "https://github.com/acme/app/raw/v1.2.3/"
	ghTree = "https://github.com/acme/app/tree/v1.2.3/"
)

// convert returns the page of markdown, without limits.
func convert(tb testing.TB, markdown string, s readme.Source) readme.Page {
	tb.Helper()
	page, err := readme.Convert([]byte(markdown), "", s, readme.Limits{})
	if err != nil {
		tb.Fatalf("Convert(%q) = %v, want no error", markdown, err)
	}

	return page
}

func TestConvertEmpty(t *testing.T) {
	t.Parallel()

	page, err := readme.Convert(nil, "", readme.Source{}, readme.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(readme.Page{}, page); diff != "" {
		t.Errorf("Convert of nothing (-want +got):\n%s", diff)
	}
}

func TestConvertErrors(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		name, markdown, short string
		source                readme.Source
		want                  string
	}{
		{"Latin-1", "# Caf\xe9", "", onGitHub, "reading README.md: byte 5 is not UTF-8"},
		{"cut in a character", "# Café"[:6], "", onGitLab, "reading docs/image.md: byte 5 is not UTF-8"},
		{"short description", "", "Caf\xe9", onGitHub, "reading the short description: byte 3 is not UTF-8"},
		{"no address", "", "", readme.Source{Host: readme.GitHub}, "no address that starts with https://"},
		{"no web address", "", "", readme.Source{Repository: "git@github.com:acme/app.git", Host: readme.GitHub}, "no address that starts with https://"},
		{"another scheme", "", "", readme.Source{Repository: "ssh://git@github.com/acme/app", Host: readme.GitHub}, "no address that starts with https://"},
		{"no path", "", "", readme.Source{Repository: "https://gitlab.com/", Host: readme.GitLab}, "on gitlab.com lacks a path"},
		{"file outside", "", "", readme.Source{Path: "../README.md"}, `at "../README.md"`},
		{"file outside, hidden", "", "", readme.Source{Path: "docs/../../README.md"}, "no file of the repository"},
		{"folder", "", "", readme.Source{Path: "docs/.."}, "no file of the repository"},
	} {
		_, err := readme.Convert([]byte(test.markdown), test.short, test.source, readme.Limits{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Convert = %v, want an error with %q", test.name, err, test.want)
		}
	}
}

// A clone address may carry a token, and the page is public.
func TestConvertKeepsNoSecret(t *testing.T) {
	t.Parallel()

	const token = "glcbt-64_secret"
	s := readme.Source{Repository: "https://ci-token:" + token + "@gitlab.com/acme/app.git?x=" + token, Host: readme.GitLab}
	page := convert(t, "[a](b.md)", s)
	if want := "[a](https://gitlab.com/acme/app/-/blob/HEAD/b.md)"; page.Full != want {
		t.Errorf("Full = %q, want %q", page.Full, want)
	}

	s.Repository = "https://ci-token:" + token + "@gitlab.com"
	if _, err := readme.Convert(nil, "", s, readme.Limits{}); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("Convert = %v, want an error without the token", err)
	}
}

func TestConvertTidies(t *testing.T) {
	t.Parallel()

	const bom = "\ufeff"
	for _, test := range []struct{ name, in, want string }{
		{"line ends", "a\r\nb\rc\n\r\nd", "a\nb\nc\n\nd"},
		{"byte order mark", bom + "# T\n", "# T\n"},
		{"YAML", "---\ntitle: T\ntags: [a, b]\n---\n\n# T\n", "# T\n"},
		{"YAML with CRLF and a mark", bom + "---\r\ntitle: T\r\n---\r\n# T\r\n", "# T\n"},
		{"YAML that ends with dots", "---\ntitle: T\n...\n# T\n", "# T\n"},
		{"YAML, blanks after the lines", "--- \ntitle: T\n---\t\n# T\n", "# T\n"},
		{"empty YAML", "---\n---\n# T\n", "# T\n"},
		{"only YAML", "---\ntitle: T\n---", ""},
		{"twice", "---\na: 1\n---\n\n---\nb: 1\n---\nT", "T"},
		{"TOML", "+++\ntitle = 'T'\n+++\n# T\n", "# T\n"},
		{"indented code stays", "---\na: 1\n---\n\n    code\n", "    code\n"},
		{"thematic breaks", "---\n\n# T\n\n---\n", "---\n\n# T\n\n---\n"},
		{"headings between breaks", "---\n# T\n---\n", "---\n# T\n---\n"},
		{"prose between breaks", "---\nOne line.\n\n---\n", "---\nOne line.\n\n---\n"},
		{"a list between breaks", "---\n- a\n---\n", "---\n- a\n---\n"},
		{"wrong YAML", "---\na: [\n---\n", "---\na: [\n---\n"},
		{"no end", "---\ntitle: T\n", "---\ntitle: T\n"},
		{"TOML without end", "+++\ntitle = 'T'\n", "+++\ntitle = 'T'\n"},
		{"not at the top", "\n---\ntitle: T\n---\n", "\n---\ntitle: T\n---\n"},
		{"more dashes", "----\ntitle: T\n----\n", "----\ntitle: T\n----\n"},
		{"trailing blanks and no line end", "a  \nb\t \n\n\n c ", "a  \nb\t \n\n\n c "},
	} {
		if got := convert(t, test.in, onGitHub).Full; got != test.want {
			t.Errorf("%s: Full = %q, want %q", test.name, got, test.want)
		}
	}
}
