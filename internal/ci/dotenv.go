// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"fmt"
	"io"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// The limits of a dotenv report, above which GitLab fails the job: the defaults of GitLab itself, below those of
// gitlab.com. https://docs.gitlab.com/administration/instance_limits/#limit-dotenv-variables
const (
	maxDotenvBytes     = 5120 - 1
	maxDotenvVariables = 20
)

// DroppedError says that a file was written without some of the outputs.
type DroppedError struct{ Dropped []Dropped }

// Dropped is an output that was left out, and why.
type Dropped struct {
	Name   string // the output's
	Reason string
}

func (e *DroppedError) Error() string {
	names := make([]string, len(e.Dropped))
	for i, d := range e.Dropped {
		names[i] = d.Name + " (" + d.Reason + ")"
	}
	return "leaving out " + strings.Join(names, ", ")
}

// WriteDotenv writes outs as a dotenv report of GitLab: a line KEY=value each, in their order. The key is prefix and the
// name in upper case, with an underscore for every other character than a letter or digit. The report knows neither
// quotes nor escapes: the lines of a value are joined by a blank, and white space around it is lost.
//
// Outputs that a report cannot hold are left out, and returned as a [*DroppedError] beside the file: those that do not
// fit into 5119 bytes or 20 variables after the ones before them, and those in which GitLab would expand a variable.
//
// https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv
func WriteDotenv(w io.Writer, prefix string, outs []Output) error {
	var (
		b         strings.Builder
		variables int
		dropped   []Dropped
	)
	for _, o := range outs {
		value := dotenvValue(o.Value)
		line := dotenvKey(prefix, o.Name) + "=" + value + "\n"
		reason := ""
		switch {
		case referenceRE().MatchString(value):
			reason = "GitLab would expand a variable in it"
		case b.Len()+len(line) > maxDotenvBytes:
			reason = fmt.Sprintf("no room in %d bytes", maxDotenvBytes)
		case variables == maxDotenvVariables:
			reason = fmt.Sprintf("no room in %d variables", maxDotenvVariables)
		}
		if reason != "" {
			dropped = append(dropped, Dropped{Name: o.Name, Reason: reason})
			continue
		}
		b.WriteString(line)
		variables++
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing dotenv report: %w", err)
	}
	if len(dropped) > 0 {
		return &DroppedError{Dropped: dropped}
	}
	return nil
}

// referenceRE finds what GitLab replaces in the value of a variable, if only by one half of itself:
// https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/expand_variables.rb
var referenceRE = pattern.Lazy(`\$|%%|%[A-Za-z_][A-Za-z0-9_]*%`)

func dotenvKey(prefix, name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(prefix+name))
}

func dotenvValue(s string) string {
	return strings.Trim(oneLine(s), "\x00\t\n\v\f\r ") // what Ruby's strip takes off
}
