// SPDX-License-Identifier: Apache-2.0

package ci_test

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// env is an environment.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// brokenWriter is a pipe that nobody reads.
type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// command is a workflow command that the runner found on a line.
type command struct{ name, properties, data string }

// runnerCommands reads a log as the runner does, and returns the commands in it, registered or not. See
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func runnerCommands(log string) []command {
	var cmds []command
	lines := strings.FieldsFunc(log, func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::"); ok {
			if info, data, ok := strings.Cut(rest, "::"); ok {
				name, properties, _ := strings.Cut(info, " ")
				cmds = append(cmds, command{name, properties, data})
				continue
			}
		}
		if _, rest, ok := strings.Cut(line, "##["); ok {
			if info, data, ok := strings.Cut(rest, "]"); ok {
				name, properties, _ := strings.Cut(info, " ")
				cmds = append(cmds, command{name, properties, data})
			}
		}
	}
	return cmds
}

// parseOutputs reads a file of outputs as the runner does on Linux, in order. See
// https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
func parseOutputs(text string) (names, values []string, err error) {
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			names, values = append(names, line[:equals]), append(values, line[equals+1:])
		case heredoc > 0 && line[heredoc+2:] != "":
			value, after, ok := cutDelimited(text, line[heredoc+2:])
			if !ok {
				return nil, nil, fmt.Errorf("no end of %q", line)
			}
			names, values, text = append(names, line[:heredoc]), append(values, value), after
		default:
			return nil, nil, fmt.Errorf("invalid line %q", line)
		}
	}
	return names, values, nil
}

// cutDelimited splits text at the first line that is delimiter.
func cutDelimited(text, delimiter string) (value, after string, ok bool) {
	var lines []string
	for text != "" {
		line, rest, found := strings.Cut(text, "\n")
		if line == delimiter {
			return strings.Join(lines, "\n"), rest, true
		}
		if !found {
			return "", "", false
		}
		lines, text = append(lines, line), rest
	}
	return "", "", false
}
