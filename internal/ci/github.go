// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/sethvargo/go-githubactions"
)

// github is a step of a GitHub workflow, or of one that imitates it. The commands are go-githubactions'. The files are
// written here: it delimits values by a constant, which a value may hold, and panics where there is no file.
type github struct {
	getenv func(string) string
	out    *console
	action *githubactions.Action
}

func newGitHub(getenv func(string) string, stdout io.Writer) *github {
	out := &console{w: stdout, defuser: &defuser{}}
	return &github{
		getenv: getenv,
		out:    out,
		action: githubactions.New(githubactions.WithWriter(commands{out}), githubactions.WithGetenv(getenv)),
	}
}

// commands is the writer for workflow commands, each written at once with its newline. It never fails, because
// go-githubactions panics if it does.
type commands struct{ out *console }

func (c commands) Write(p []byte) (int, error) {
	c.out.line(strings.TrimSuffix(string(p), githubactions.EOF))
	return len(p), nil
}

func (g *github) Text() io.Writer { return g.out }

func (*github) Escape(w io.Writer) io.Writer { return &console{w: w, defuser: &defuser{}} }

// Mask never sends a value of several lines as it is. The runner would mask each of its lines, and the lone brace of a
// JSON key would then be blotted out everywhere, and outputs that hold one be dropped.
func (g *github) Mask(value string) {
	if strings.TrimSpace(value) == "" {
		return
	}
	lines := strings.FieldsFunc(value, isLineBreak)
	for _, line := range lines {
		line = strings.TrimSpace(line)
		const tellsNothing = 4 // shorter lines of a long secret do not give it away
		if len(lines) == 1 || len(line) >= tellsNothing {
			g.action.AddMask(line)
		}
	}
	g.action.AddMask(base64.StdEncoding.EncodeToString([]byte(value)))
}

func (g *github) Group(title string) (end func()) {
	g.action.Group(oneLine(title))
	return g.action.EndGroup
}

func (g *github) Annotate(level Level, title, message string) {
	action := g.action
	if title != "" {
		action = action.WithFieldsMap(map[string]string{"title": title})
	}
	message = clip(message)
	switch level {
	case Notice:
		action.Noticef("%s", message)
	case Warning:
		action.Warningf("%s", message)
	case Error:
		action.Errorf("%s", message)
	}
}

// clip cuts a message to what an annotation shows, 4096 UTF-16 units, of which UTF-8 never has fewer bytes:
// https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs
func clip(message string) string {
	const limit, ellipsis = 4095, "…"
	if len(message) <= limit {
		return message
	}
	end := limit - len(ellipsis)
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + ellipsis
}
