// SPDX-License-Identifier: Apache-2.0

package runner

import "strings"

// splitArguments splits a command line as .NET does on Linux: only double quotes quote, and a backslash escapes nothing but a
// quote. https://github.com/dotnet/runtime/blob/main/src/libraries/System.Diagnostics.Process/src/System/Diagnostics/Process.Unix.cs
func splitArguments(line string) []string {
	var args []string
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return args
		}
		var arg string
		arg, line = nextArgument(line)
		args = append(args, arg)
	}
}

// nextArgument returns the first argument of a line, which begins with it, and the rest.
func nextArgument(line string) (arg, rest string) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(line); {
		slashes := len(line[i:]) - len(strings.TrimLeft(line[i:], `\`))
		i += slashes
		switch {
		case i < len(line) && line[i] == '"' && slashes > 0:
			b.WriteString(strings.Repeat(`\`, slashes/2))
			if slashes%2 == 1 {
				b.WriteByte('"')
				i++
			}
		case slashes > 0:
			b.WriteString(strings.Repeat(`\`, slashes))
		case line[i] == '"' && quoted && strings.HasPrefix(line[i+1:], `"`):
			b.WriteByte('"')
			i += 2
		case line[i] == '"':
			quoted = !quoted
			i++
		case !quoted && (line[i] == ' ' || line[i] == '\t'):
			return b.String(), line[i:]
		default:
			b.WriteByte(line[i])
			i++
		}
	}
	return b.String(), ""
}
