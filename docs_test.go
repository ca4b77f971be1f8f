// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/action"
)

// TestLinks checks that links within the repository lead somewhere: to a file or folder and, in Markdown, to a heading.
func TestLinks(t *testing.T) {
	t.Parallel()
	pages := map[string]page{}
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			pages[filepath.ToSlash(name)] = parsePage(t, name)
		}
	}
	if len(pages) < 10 {
		t.Fatalf("found %d pages, want the README and those of docs and examples", len(pages))
	}
	for name, p := range pages {
		for _, link := range p.links {
			if err := check(pages, name, link); err != nil {
				t.Errorf("%s: link %s: %v", name, link, err)
			}
		}
	}
}

// page is what the test reads of a Markdown file.
type page struct {
	links   []string
	anchors map[string]bool
}

// check follows a link of a page.
func check(pages map[string]page, from, link string) error {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "" {
		return err
	}
	target := from
	if u.Path != "" {
		target = path.Join(path.Dir(from), u.Path)
	}
	if !fs.ValidPath(target) {
		return fmt.Errorf("%s is outside the repository", target)
	}
	if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
		return err
	}
	if p, ok := pages[target]; ok && u.Fragment != "" && !p.anchors[u.Fragment] {
		return fmt.Errorf("%s has no heading #%s", target, u.Fragment)
	}
	return nil
}

// parsePage reads a Markdown file.
func parsePage(t *testing.T, name string) page {
	t.Helper()
	source := []byte(readDoc(t, name))
	p := page{anchors: map[string]bool{}}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		case *ast.Heading:
			p.anchors[anchor(string(n.Lines().Value(source)))] = true
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var unlinkable = regexp.MustCompile(`[^\p{L}\p{N}\-_ ]`)

// anchor is the name that GitHub and GitLab give a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(unlinkable.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// TestREADMEPipelines checks that the README's pipelines are those that are run elsewhere: the workflow is the example, which
// testdata/conformance/examples runs, with its actions pinned as users do it; the one for GitLab is the first of docs/gitlab.md,
// which testdata/conformance/gitlab runs.
func TestREADMEPipelines(t *testing.T) {
	t.Parallel()
	readme := readDoc(t, "README.md")
	workflow := regexp.MustCompile(`(?m)^ *#.*\n`).ReplaceAllString(readDoc(t, "examples/github/native-runners.yml"), "")
	workflow = regexp.MustCompile(`@[0-9a-f]{40} # (v\d+)\.\d+\.\d+`).ReplaceAllString(workflow, "@$1")
	if !strings.Contains(readme, "```yaml\n"+workflow+"```\n") {
		t.Errorf("README.md lacks examples/github/native-runners.yml without its comments, the actions pinned by major version:\n%s", workflow)
	}
	pipeline := regexp.MustCompile("(?s)```yaml\n.*?```\n").FindString(readDoc(t, "docs/gitlab.md"))
	if pipeline == "" || !strings.Contains(readme, pipeline) {
		t.Errorf("README.md lacks the first pipeline of docs/gitlab.md:\n%s", pipeline)
	}
}

// TestREADMEDemo checks that the demo prints what the README shows of it, and that its commands are there.
func TestREADMEDemo(t *testing.T) {
	t.Parallel()
	readme := readDoc(t, "README.md")
	for _, command := range []string{"go run . demo", "go test ./..."} {
		if !strings.Contains(readme, "```sh\n"+command+"\n```\n") {
			t.Errorf("README.md lacks the command %s", command)
		}
	}
	shown := regexp.MustCompile("(?s)go run \\. demo.*?```text\n(.*?)```").FindStringSubmatch(readme)
	if shown == nil || !strings.Contains(readDoc(t, "testdata/script/demo.txtar"), shown[1]) {
		t.Errorf("testdata/script/demo.txtar lacks what README.md shows of the demo: %q", shown)
	}
}

// TestFailures checks that the messages that docs/failures.md explains are those that the program prints: each part between dots
// stands in a script.
func TestFailures(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var scripts strings.Builder
	for _, name := range names {
		scripts.WriteString(readDoc(t, name))
	}
	_, section, ok := strings.Cut(readDoc(t, "docs/failures.md"), "## What a message means\n")
	section, _, ok2 := strings.Cut(section, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| (`.*?`) \\|").FindAllStringSubmatch(section, -1)
	if !ok || !ok2 || len(rows) == 0 {
		t.Fatal("docs/failures.md has no table of messages")
	}
	for _, row := range rows {
		for _, message := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			for part := range strings.SplitSeq(message[1], "…") {
				if !strings.Contains(scripts.String(), strings.TrimSpace(part)) {
					t.Errorf("no script has %q, a part of %q", part, message[1])
				}
			}
		}
	}
}

// option is one of a command line.
var option = regexp.MustCompile(` --([a-z-]+)`)

// TestInputsOfDocs checks that the pages give polytag only inputs that there are: in steps of workflows, and on command lines.
func TestInputsOfDocs(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"password_stdin": true}
	for _, in := range action.Inputs() {
		known[in.Name] = true
	}
	blocks := regexp.MustCompile("(?ms)^```(yaml|sh)\n(.*?)^```")
	for _, name := range []string{"README.md", "docs/migrating.md", "docs/failures.md"} {
		for _, block := range blocks.FindAllStringSubmatch(readDoc(t, name), -1) {
			var given []string
			if block[1] == "yaml" {
				var doc any
				if err := yaml.Unmarshal([]byte(block[2]), &doc); err != nil {
					t.Errorf("%s: %v:\n%s", name, err, block[2])
				}
				given = inputsOf(doc)
			}
			for line := range strings.Lines(block[2]) {
				if _, args, ok := strings.Cut(line, "polytag release"); ok {
					for _, m := range option.FindAllStringSubmatch(args, -1) {
						given = append(given, strings.ReplaceAll(m[1], "-", "_"))
					}
				}
			}
			for _, input := range given {
				if !known[input] {
					t.Errorf("%s: polytag has no input %s:\n%s", name, input, block[2])
				}
			}
		}
	}
}

// inputsOf returns the inputs that steps of a workflow give to polytag.
func inputsOf(node any) []string {
	var given []string
	switch node := node.(type) {
	case map[string]any:
		uses, _ := node["uses"].(string)
		with, _ := node["with"].(map[string]any)
		if strings.HasPrefix(uses, "polytag/polytag@") {
			given = slices.Collect(maps.Keys(with))
		}
		for _, child := range node {
			given = append(given, inputsOf(child)...)
		}
	case []any:
		for _, child := range node {
			given = append(given, inputsOf(child)...)
		}
	}
	return given
}

// readDoc reads a file of the repository.
func readDoc(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
