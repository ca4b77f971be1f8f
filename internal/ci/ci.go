// SPDX-License-Identifier: Apache-2.0

// Package ci knows the CI systems that the program runs in: what their variables say about the commit, how their logs
// group, annotate and mask, and where they take outputs from. It is the only package that knows go-githubactions and
// the names of a CI's variables.
//
// [ReadContext] reads the variables, [Detect] picks the [Host]. GitHub stands for everything that runs its actions
// (Gitea, Forgejo, act); a CI that offers nothing of its own is served with plain text, and with the files of
// [WriteDotenv] and [WriteResults], which work everywhere.
package ci

import (
	"io"
	"time"
)

// Host is the CI around the program. It is one of a closed set: GitHub, GitLab, anything else. It is safe for use by
// several goroutines.
type Host interface {
	Log
	Results
}

// Log is what people read.
type Log interface {
	// Text returns the writer for all text on the program's standard output. On GitHub no line of it can become a
	// workflow command, whatever a registry or a README puts there; elsewhere it is written as it is.
	Text() io.Writer
	// Escape does the same as Text for another stream that the CI reads, such as standard error.
	Escape(w io.Writer) io.Writer
	// Mask hides value, each of its lines and its base64 in the log, on GitHub. The other hosts have no such command,
	// and there it writes nothing. What is encoded together with something else (the base64 of "user:password") is a
	// value of its own.
	Mask(value string)
	// Group starts a section that can be folded, and end ends it. Sections do not nest. A plain log gets a heading.
	Group(title string) (end func())
	// Annotate shows message in the CI's overview, on GitHub: ten of a level for each step, 4095 bytes each. The other
	// hosts get a line "warning: title: message". The title may be empty.
	Annotate(level Level, title, message string)
}

// Results is what the CI hands on.
type Results interface {
	// SetOutputs sets the outputs of the step, on GitHub. Elsewhere, and where a runner has no file for them, it does
	// nothing.
	SetOutputs(outs []Output) error
	// WriteSummary appends to the summary of the job, on GitHub, as much as has room there: 1 MiB. Elsewhere, and
	// where a runner has no file for it, it does nothing.
	WriteSummary(markdown string) error
}

// Output is a named result. The name has the form [A-Za-z_][A-Za-z0-9_-]*, the value may hold newlines.
type Output struct{ Name, Value string }

// Level is how much an annotation matters.
type Level int

// The levels of annotations.
const (
	Notice Level = iota
	Warning
	Error
)

// String returns the level's name as it stands in front of a message.
func (l Level) String() string {
	switch l {
	case Warning:
		return "warning"
	case Error:
		return "error"
	case Notice:
	}
	return "notice"
}

// Detect returns the host that the environment speaks of. Its log goes to stdout.
func Detect(getenv func(string) string, stdout io.Writer) Host {
	switch {
	case getenv("GITHUB_ACTIONS") == "true":
		return newGitHub(getenv, stdout)
	case getenv("GITLAB_CI") == "true":
		return &gitlab{plain: plain{out: &console{w: stdout}}, now: time.Now}
	}
	return plain{out: &console{w: stdout}}
}
