// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/readme"
)

func TestDestinations(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ in, want string }{
		// These need nothing.
		{"https://a.example/b", "https://a.example/b"},
		{"HTTP://a.example", "HTTP://a.example"},
		{"//a.example/b", "//a.example/b"},
		{"mailto:a@b.example", "mailto:a@b.example"},
		{"data:image/png;base64,AA", "data:image/png;base64,AA"},
		{"#usage", "#usage"},
		{"#", "#"},
		{`\#usage`, `\#usage`},
		{"&#35;usage", "&#35;usage"},
		{"https&colon;//a.example", "https&colon;//a.example"},

		{"a.md", "BLOB/a.md"},
		{"./a.md", "BLOB/a.md"},
		{"/a.md", "BLOB/a.md"},
		{"docs/../a.md", "BLOB/a.md"},
		{"docs//a.md", "BLOB/docs/a.md"},
		{"docs/a:b.md", "BLOB/docs/a:b.md"},
		{"docs", "BLOB/docs"},
		{"docs/", "TREE/docs/"},
		{"docs/.", "TREE/docs/"},
		{"docs/x/..", "TREE/docs/"},
		{".", "https://github.com/acme/app/tree/v1.2.3"},
		{"/", "https://github.com/acme/app/tree/v1.2.3"},

		{"a.md#b", "BLOB/a.md#b"},
		{"a.md?b=1&c=2#d", "BLOB/a.md?b=1&c=2#d"},
		{"a?b#c#d?e", "BLOB/a?b#c#d?e"},
		{"?plain=1", "BLOB/README.md?plain=1"},
		{"?plain=1#L5", "BLOB/README.md?plain=1#L5"},
		{"a.md#b/../c", "BLOB/a.md#b/../c"},

		// What is written in the one way or the other stays so.
		{"a%20b.md", "BLOB/a%20b.md"},
		{"<a b.md>", "<BLOB/a b.md>"},
		{"< a.md >", "<BLOB/ a.md >"},
		{"<a\tb.md>", "<a\tb.md>"},
		{"a%2fb.md", "BLOB/a%2fb.md"},
		{"100%.md#50%", "BLOB/100%.md#50%"},
		{"a(b).md#c(d)", "BLOB/a(b).md#c(d)"},
		{`a\(b\#c.md`, `BLOB/a\(b\#c.md`},
		{"a&amp;b.md?c&amp;copy;#d", "BLOB/a&amp;b.md?c&amp;copy;#d"},
		{"a&#x20;b.md", "BLOB/a&#x20;b.md"},
		{"é*`_.md", "BLOB/é*`_.md"},
		{`\./a.md`, "BLOB/a.md"},
		{"docs/&#46;./a.md", "BLOB/a.md"},

		// One of two parentheses would be left out.
		{"a(b/../c)d.md?e(f)", "BLOB/c%29d.md?e%28f%29"},
		{`a(b/../c\)d)`, `BLOB/c\%29d%29`},

		// A browser on https://github.com/acme/app/blob/v1.2.3/README.md takes these so.
		{"../../issues", "https://github.com/acme/app/issues"},
		{"../../issues/", "https://github.com/acme/app/issues/"},
		{"docs/../../../issues?q=a", "https://github.com/acme/app/issues?q=a"},
		{"../../actions/workflows/ci.yml/badge.svg", "https://github.com/acme/app/actions/workflows/ci.yml/badge.svg"},
		{"../..", "https://github.com/acme/app"},
		{"../../../tool", "https://github.com/acme/tool"},
		{"../../../../other/tool#a", "https://github.com/other/tool#a"},
	} {
		page := convert(t, "[a]("+test.in+")", onGitHub)
		if want := "[a](" + test.want + ")"; unexpand(page.Full) != want || page.Notices != nil {
			t.Errorf("[a](%s) becomes %s with %q, want %s", test.in, unexpand(page.Full), page.Notices, want)
		}
	}
}

func TestDestinationsOutside(t *testing.T) {
	t.Parallel()

	inFolder := onGitHub
	inFolder.Path = "docs/README.md"
	for _, test := range []struct {
		source readme.Source
		in     string
	}{
		{onGitHub, "../a.md"},
		{onGitHub, "../"},
		{onGitHub, "a/../../b.md"},
		{onGitHub, "/../a.md"},
		{onGitHub, "../../../../.."},
		{onGitHub, "../../../../../../a"},
		{inFolder, "../../a.md"},
		{onGitLab, "../../a.md"},
		{onGitLab, "../../../issues"},
	} {
		in := "[a](" + test.in + ") [b](" + test.in + ")"
		want := readme.Page{Full: in, Notices: []string{`the link "` + test.in + `" leads out of the repository and stays as it is`}}
		if diff := cmp.Diff(want, convert(t, in, test.source)); diff != "" {
			t.Errorf("Convert(%q) (-want +got):\n%s", in, diff)
		}
	}
}

func TestNoticesComeInOrder(t *testing.T) {
	t.Parallel()

	page := convert(t, "<img src=../1>\n\n[b]: ../2\n\n[a](../3)\n\n<img src=../4>\n", onGitHub)
	want := []string{
		`the link "../1" leads out of the repository and stays as it is`,
		`the link "../2" leads out of the repository and stays as it is`,
		`the link "../3" leads out of the repository and stays as it is`,
		`the link "../4" leads out of the repository and stays as it is`,
	}
	if diff := cmp.Diff(want, page.Notices); diff != "" {
		t.Errorf("Notices (-want +got):\n%s", diff)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()

	const in = "[a](b.md) ![a](/b.png) [a](../) [a](../../issues)"
	for _, test := range []struct {
		name   string
		source readme.Source
		want   string
	}{
		{
			"GitLab, a folder and subgroups", onGitLab,
			"[a](https://git.example.com/a/b/app/-/blob/v1.2.3/docs/b.md) ![a](https://git.example.com/a/b/app/-/raw/v1.2.3/b.png) " +
				"[a](https://git.example.com/a/b/app/-/tree/v1.2.3) [a](../../issues)",
		},
		{
			"GitHub, a folder",
			readme.Source{Repository: "https://github.com/acme/app/", Ref: "v1", Path: "./docs/image.md", Host: readme.GitHub},
			"[a](https://github.com/acme/app/blob/v1/docs/b.md) ![a](https://github.com/acme/app/raw/v1/b.png) " +
				"[a](https://github.com/acme/app/tree/v1) [a](../../issues)",
		},
		{
			"GitHub, two folders",
			readme.Source{Repository: "https://github.com/acme/app", Ref: "v1", Path: "/a/b/c.md", Host: readme.GitHub},
			"[a](https://github.com/acme/app/blob/v1/a/b/b.md) ![a](https://github.com/acme/app/raw/v1/b.png) " +
				"[a](https://github.com/acme/app/tree/v1/a/) [a](https://github.com/acme/app/blob/v1/issues)",
		},
		{
			"a monorepo's tag",
			readme.Source{Repository: "https://github.com/acme/app", Ref: "app/v1.2.3", Host: readme.GitHub},
			"[a](https://github.com/acme/app/blob/app/v1.2.3/b.md) ![a](https://github.com/acme/app/raw/app/v1.2.3/b.png) " +
				"[a](../) [a](https://github.com/acme/app/issues)",
		},
		{
			"special characters",
			readme.Source{Repository: "http://git.example.com:8080/a%20b/c+d", Ref: "v1#(2)%", Path: "é f/(g).md", Host: readme.GitLab},
			"[a](http://git.example.com:8080/a%20b/c+d/-/blob/v1%23%282%29%25/%C3%A9%20f/b.md) ![a](http://git.example.com:8080/a%20b/c+d/-/raw/v1%23%282%29%25/b.png) " +
				"[a](http://git.example.com:8080/a%20b/c+d/-/tree/v1%23%282%29%25) [a](../../issues)",
		},
		{
			"no ref",
			readme.Source{Repository: "https://github.com/acme/app", Host: readme.GitHub},
			"[a](https://github.com/acme/app/blob/HEAD/b.md) ![a](https://github.com/acme/app/raw/HEAD/b.png) " +
				"[a](../) [a](https://github.com/acme/app/issues)",
		},
	} {
		if got := convert(t, in, test.source).Full; got != test.want {
			t.Errorf("%s: Full (-want +got):\n%s", test.name, cmp.Diff(test.want, got))
		}
	}
}

func TestUnknownHost(t *testing.T) {
	t.Parallel()

	source := readme.Source{Repository: "https://codeberg.org/acme/app"}
	const absolute = "[a](https://a.example) [b](#c) `[a](b.md)`"
	if diff := cmp.Diff(readme.Page{Full: absolute}, convert(t, absolute, source)); diff != "" {
		t.Errorf("Convert without relative links (-want +got):\n%s", diff)
	}

	const relative = "[a](b.md)\n\n<img src=c.png>\n"
	want := readme.Page{
		Full:    relative,
		Notices: []string{"relative links stay as they are: the repository is on no host whose addresses are known, GitHub or GitLab"},
	}
	if diff := cmp.Diff(want, convert(t, relative, source)); diff != "" {
		t.Errorf("Convert with relative links (-want +got):\n%s", diff)
	}
}

func TestHostOf(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		address, ci string
		want        readme.Host
	}{
		{"https://github.com/acme/app", "", readme.GitHub},
		{"https://GitHub.com/acme/app", "gitlab", readme.GitHub},
		{"https://acme.ghe.com/acme/app", "circleci", readme.GitHub},
		{"https://github.acme.example/acme/app", "github", readme.GitHub},
		{"https://github.acme.example/acme/app", "", readme.Unknown},
		{"https://git.acme.example/acme/app", "github", readme.Unknown}, // may be Forgejo
		{"https://codeberg.org/acme/app", "github", readme.Unknown},
		{"https://gitlab.com/acme/group/app", "", readme.GitLab},
		{"https://gitlab.com/acme/app", "github", readme.GitLab},
		{"https://git.acme.example/acme/app", "gitlab", readme.GitLab},
		{"http://127.0.0.1:8080/acme/app", "gitlab", readme.GitLab},
		{"https://gitlab.acme.example/acme/app", "circleci", readme.Unknown},
		{"https://notgithub.com/acme/app", "", readme.Unknown},
		{"https://github.com.evil.example/acme/app", "", readme.Unknown},
		{"git@github.com:acme/app.git", "github", readme.Unknown},
		{"ssh://git@github.com/acme/app.git", "", readme.Unknown},
		{"https://", "gitlab", readme.Unknown},
		{"", "gitlab", readme.Unknown},
		{"", "", readme.Unknown},
	} {
		if got := readme.HostOf(test.address, test.ci); got != test.want {
			t.Errorf("HostOf(%q, %q) = %v, want %v", test.address, test.ci, got, test.want)
		}
	}
}
