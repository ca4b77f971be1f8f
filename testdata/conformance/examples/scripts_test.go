// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkout is a copy of what a release needs of the repository, in a repository of its own whose remote is a folder.
type checkout struct{ dir string }

const scripts = ".github/scripts/"

func newCheckout(t *testing.T) checkout {
	t.Helper()
	c := checkout{t.TempDir()}
	remote := t.TempDir()
	c.git(t, "init", "--quiet", "--initial-branch=main")
	c.git(t, "init", "--quiet", "--bare", remote)
	c.git(t, "remote", "add", "origin", remote)
	for _, file := range []string{
		"action.yml", "with-docker-login/action.yml", releaseImage, "templates/release/template.yml",
		scripts + "pin.sh", scripts + "pinned.sh", scripts + "name-image.sh", scripts + "move-major.sh",
	} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		c.write(t, file, string(text))
	}
	c.commit(t, "main")
	c.git(t, "push", "--quiet", "origin", "main")
	return c
}

func (c checkout) write(t *testing.T, file, text string) {
	t.Helper()
	path := filepath.Join(c.dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (c checkout) commit(t *testing.T, message string) {
	t.Helper()
	c.git(t, "add", "--all")
	c.git(t, "commit", "--quiet", "--message", message)
}

// amend puts the changes into the commit that is there.
func (c checkout) amend(t *testing.T) {
	t.Helper()
	c.git(t, "add", "--all")
	c.git(t, "commit", "--quiet", "--amend", "--no-edit")
}

// edit replaces a text, which has to be there, in a file.
func (c checkout) edit(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %q", file, from)
	}
	c.write(t, file, strings.Replace(string(text), from, to, 1))
}

// git runs a command that has to succeed.
func (c checkout) git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := c.try(t, append([]string{"git"}, args...)...)
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(out)
}

// try runs a command with an identity, and none of the user's settings.
func (c checkout) try(t *testing.T, command ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = c.dir
	cmd.Env = []string{
		"PATH=/usr/bin:/bin", "HOME=" + c.dir, "GIT_CONFIG_NOSYSTEM=1", "GITHUB_OUTPUT=" + filepath.Join(c.dir, ".git", "output"),
		"GIT_AUTHOR_NAME=ann", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_COMMITTER_NAME=ann", "GIT_COMMITTER_EMAIL=ann@example.com",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestPin makes the tag of a release and has the release workflow's check look at it.
func TestPin(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0a", 32)
	check := pinCheck(t)
	tests := map[string]struct {
		spoil func(c checkout) // between the commit and the check
		says  string
	}{
		"pinned": {func(checkout) {}, ""},
		"a file more": {func(c checkout) {
			c.write(t, "main.go", "package evil\n")
			c.amend(t)
		}, "main.go\n::error::the tag does not only name the image by digest\n"},
		"a line less": {func(c checkout) {
			c.edit(t, "action.yml", "  entrypoint: /entrypoint.sh\n", "")
			c.amend(t)
		}, "action.yml\n::error::the tag does not only name the image by digest\n"},
		"more on a line": {func(c checkout) {
			c.edit(t, "action.yml", "  image: docker:", "  args: [plan]\n  pre-entrypoint: sh # ghcr.io/polytag/polytag@"+digest+"\n  image: docker:")
			c.amend(t)
		}, "action.yml\n::error::the tag does not only name the image by digest\n"},
		"not on main": {func(c checkout) {
			c.git(t, "commit", "--quiet", "--allow-empty", "--message", "another")
		}, "::error::the commit before the tag is neither on main nor on a release branch\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t)
			if out, err := c.try(t, scripts+"pin.sh", "1.2.3", digest); err != nil {
				t.Fatalf("pin.sh: %v\n%s", err, out)
			}
			if got := c.git(t, "status", "--short", "--branch"); got != "## main" {
				t.Errorf("after pin.sh, status = %q, want a clean main", got)
			}
			c.git(t, "checkout", "--quiet", "v1.2.3")
			c.git(t, "fetch", "--quiet")
			tt.spoil(c)
			out, err := c.try(t, bash(check)...)
			if out != tt.says || (err != nil) != (tt.says != "") {
				t.Errorf("the check says %q, %v, want %q", out, err, tt.says)
			}
			if tt.says != "" {
				return
			}
			if diff := cmp.Diff(map[string]string{"digest": digest}, outputs(t, filepath.Join(c.dir, ".git", "output"))); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			if got := c.git(t, "grep", "-h", "ghcr.io/polytag/polytag", "--", "action.yml"); got != "image: docker://ghcr.io/polytag/polytag@"+digest {
				t.Errorf("action.yml says %q, want the digest", got)
			}
		})
	}
}

// pinCheck returns the script of the release workflow that checks the tag.
func pinCheck(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".github", "workflows", "release.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	decode(t, string(text), &w)
	for _, step := range w.Jobs["verify"].Steps {
		if step.ID == "pinned" {
			return step.Run
		}
	}
	t.Fatal("release.yml has no step that checks the tag")
	return ""
}

func TestPinRefusals(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	if out, err := c.try(t, scripts+"pinned.sh"); err == nil {
		t.Errorf("pinned.sh on main says %q, want a failure", out)
	}
	for _, digest := range []string{"", "sha256:12", "latest"} {
		if out, err := c.try(t, scripts+"pin.sh", "1.2.3", digest); err == nil {
			t.Errorf("pin.sh with the digest %q says %q, want a failure", digest, out)
		}
		if got := c.git(t, "status", "--short", "--branch") + c.git(t, "tag"); got != "## main" {
			t.Errorf("after a failure of pin.sh, status and tags = %q, want a clean main", got)
		}
	}
	c.write(t, "action.yml", "# mine\n")
	if out, err := c.try(t, scripts+"pin.sh", "1.2.3", "sha256:"+strings.Repeat("0a", 32)); err == nil {
		t.Errorf("pin.sh over a change says %q, want a failure", out)
	}
	if got := c.git(t, "diff", "--stat", "--name-only"); got != "action.yml" {
		t.Errorf("after a refusal of pin.sh, changes = %q, want action.yml", got)
	}
}

func TestMoveMajor(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	// In the order of their release, with what v1 points at afterwards.
	for _, step := range []struct{ tag, want string }{
		{"v1.2.3", "v1.2.3"},
		{"v1.10.0", "v1.10.0"},
		{"v1.2.4", "v1.10.0"},
		{"v2.0.0", "v1.10.0"},
		{"v1.10.1", "v1.10.1"},
		{"v10.0.0", "v1.10.1"},
	} {
		c.git(t, "commit", "--quiet", "--allow-empty", "--message", step.tag)
		c.git(t, "tag", "--annotate", "--message", step.tag, step.tag)
		c.git(t, "push", "--quiet", "origin", step.tag)
		if out, err := c.try(t, scripts+"move-major.sh", step.tag, "origin"); err != nil {
			t.Fatalf("move-major.sh %s: %v\n%s", step.tag, err, out)
		}
		got, _, _ := strings.Cut(c.git(t, "ls-remote", "origin", "refs/tags/v1"), "\t")
		if want := c.git(t, "rev-parse", step.want+"^{commit}"); got != want {
			t.Errorf("after %s, v1 = %s, want %s, the commit of %s", step.tag, got, want, step.want)
		}
	}
}
