// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"io"
	"strings"
)

// plain is a terminal, or a CI that has no commands.
type plain struct{ out *console }

func (p plain) Text() io.Writer { return p.out }

func (plain) Escape(w io.Writer) io.Writer { return w }

func (plain) Mask(string) {}

func (p plain) Group(title string) (end func()) {
	p.out.line(oneLine(title))
	return func() {}
}

func (p plain) Annotate(level Level, title, message string) {
	if title != "" {
		message = title + ": " + message
	}
	p.out.line(level.String() + ": " + strings.ReplaceAll(message, "\n", "\n  "))
}

func (plain) SetOutputs([]Output) error { return nil }

func (plain) WriteSummary(string) error { return nil }
