// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fileCommands are the files that a step writes its results to, on the host, by the name of their variable.
type fileCommands map[string]string

// newFileCommands makes the files of one step. FileCommandManager.cs
func newFileCommands(dir string) (fileCommands, error) {
	files := fileCommands{}
	id := rand.Text()
	for name, prefix := range map[string]string{
		"GITHUB_PATH": "add_path_", "GITHUB_ENV": "set_env_", "GITHUB_STATE": "save_state_",
		"GITHUB_OUTPUT": "set_output_", "GITHUB_STEP_SUMMARY": "step_summary_",
	} {
		files[name] = filepath.Join(dir, prefix+id)
		if err := os.WriteFile(files[name], nil, 0o644); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (f fileCommands) variables() map[string]string { return f }

// read takes outputs and summary from the files, as strictly as the runner does.
func (f fileCommands) read(r *Result) {
	r.Outputs = map[string]string{}
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE"} {
		raw, err := os.ReadFile(f[name])
		if err == nil {
			var pairs map[string]string
			if pairs, err = parsePairs(string(raw)); name == "GITHUB_OUTPUT" {
				r.Outputs = pairs
			}
		}
		if err != nil {
			r.Errors = append(r.Errors, fmt.Sprintf("Unable to process file command %s successfully: %v", name, err))
		}
	}
	const limit = 1 << 20
	summary, err := os.ReadFile(f["GITHUB_STEP_SUMMARY"])
	if err != nil || len(summary) > limit {
		r.Errors = append(r.Errors, fmt.Sprintf("reading the summary of %d bytes: %v", len(summary), err))
		return
	}
	r.Summary = string(summary)
}

// parsePairs reads NAME=VALUE, and NAME<<DELIMITER with a value up to the line that is the delimiter; the last of a name wins.
// FileCommandManager.cs, FileCommandHelpers
func parsePairs(text string) (map[string]string, error) {
	pairs := map[string]string{}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" {
			continue
		}
		equals, here := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (here < 0 || equals < here):
			pairs[line[:equals]] = line[equals+1:]
		case here > 0 && here+2 < len(line):
			value, rest, err := cutDelimited(text, line[here+2:])
			if err != nil {
				return pairs, err
			}
			pairs[line[:here]], text = value, rest
		default:
			return pairs, fmt.Errorf("invalid format %q", line)
		}
	}
	return pairs, nil
}

// cutDelimited returns what stands before the line that is the delimiter, and what stands behind it.
func cutDelimited(text, delimiter string) (value, rest string, err error) {
	var lines []string
	for text != "" {
		line, after, ended := strings.Cut(text, "\n")
		if line == delimiter {
			return strings.Join(lines, "\n"), after, nil
		}
		if !ended {
			break
		}
		lines, text = append(lines, line), after
	}
	return "", "", fmt.Errorf("no line is the delimiter %q", delimiter)
}
