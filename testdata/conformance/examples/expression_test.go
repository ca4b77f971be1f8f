// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"regexp"
	"strings"
	"testing"
)

// contexts are what expressions of a workflow can name: inputs.images, steps.build.outputs.digest. What is not there is empty.
type contexts map[string]string

var expression = regexp.MustCompile(`\$\{\{ (.*?) }}`)

// fill replaces the expressions in text.
func (c contexts) fill(t *testing.T, text string) string {
	t.Helper()
	return expression.ReplaceAllStringFunc(text, func(e string) string {
		return c.eval(t, expression.FindStringSubmatch(e)[1])
	})
}

// eval evaluates ||, &&, == and != over names and texts, which is all that the workflows need, without parentheses.
// https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
func (c contexts) eval(t *testing.T, text string) string {
	t.Helper()
	var value string
	for either := range strings.SplitSeq(text, " || ") {
		for both := range strings.SplitSeq(either, " && ") {
			if value = c.compare(t, both); !truthy(value) {
				break
			}
		}
		if truthy(value) {
			break
		}
	}
	return value
}

func truthy(value string) bool { return value != "" && value != "false" }

func (c contexts) compare(t *testing.T, text string) string {
	t.Helper()
	left, right, differs := strings.Cut(text, " != ")
	if !differs {
		var equals bool
		if left, right, equals = strings.Cut(text, " == "); !equals {
			return c.operand(t, text)
		}
	}
	if (c.operand(t, left) == c.operand(t, right)) != differs {
		return "true"
	}
	return "false"
}

var (
	quoted   = regexp.MustCompile(`^'([^']*)'$`)
	fromJSON = regexp.MustCompile(`^fromJSON\((.*)\)$`)
	dotted   = regexp.MustCompile(`^[a-z_]+(\.[A-Za-z_]+)+$`)
)

func (c contexts) operand(t *testing.T, text string) string {
	t.Helper()
	if m := fromJSON.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	if m := quoted.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	if !dotted.MatchString(text) {
		t.Fatalf("%q is more than these tests evaluate", text)
	}
	return c[text]
}
