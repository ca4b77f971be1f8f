// SPDX-License-Identifier: Apache-2.0

package action

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/polytag/polytag/internal/secret"
)

// values are the texts of all inputs, as they were given.
type values struct {
	given map[string]string
	errs  []error
}

// gather takes each input from its flag, else from the environment. Empty means
// not given.
func gather(flags map[string]string, getenv func(string) string) *values {
	v := &values{given: map[string]string{}}
	for _, in := range Inputs() {
		text := flags[in.Name]
		for _, name := range in.variables() {
			if strings.TrimSpace(text) == "" {
				text = getenv(name)
			}
		}
		if strings.TrimSpace(text) != "" {
			v.given[in.Name] = text
		}
	}
	return v
}

// input finds a row of the table.
func input(name string) Input {
	all := Inputs()
	return all[slices.IndexFunc(all, func(i Input) bool { return i.Name == name })]
}

// wrong notes that an input is wrong. All wrong inputs are reported together.
func (v *values) wrong(name string, err error) {
	e := &InputError{Name: name, Err: err}
	if in := input(name); !in.Secret {
		e.Value = v.given[name]
	}
	told := func(other error) bool { return other.Error() == e.Error() }
	if !slices.ContainsFunc(v.errs, told) { // an input may be read for more than one reason
		v.errs = append(v.errs, e)
	}
}

// has reports whether an input was given.
func (v *values) has(name string) bool { return v.given[name] != "" }

// text returns an input of one line, or its default.
func (v *values) text(name string) string {
	text := strings.TrimSpace(v.given[name])
	if text == "" {
		return input(name).Default
	}
	if strings.ContainsAny(text, "\r\n") {
		v.wrong(name, errors.New("want one line"))
		return ""
	}
	return text
}

// secret returns a secret input; the text is taken as it is but for blanks and
// newlines around it.
func (v *values) secret(name string) secret.String {
	return secret.New(strings.TrimSpace(v.given[name]))
}

// choice returns an input that has to be one of its options.
func (v *values) choice(name string) string {
	text, in := v.text(name), input(name)
	if !slices.Contains(in.Options, text) {
		v.wrong(name, fmt.Errorf("want %s", strings.Join(in.Options, " or ")))
		return in.Default
	}
	return text
}

// boolean reads YAML 1.2's core schema, as GitHub's own toolkit does.
// https://yaml.org/spec/1.2.2/#1032-tag-resolution
func (v *values) boolean(name string) bool {
	switch text := v.text(name); text {
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE", "":
		return false
	default:
		v.wrong(name, errors.New("want true or false"))
		return false
	}
}

// duration reads a Go duration above zero.
func (v *values) duration(name string) time.Duration {
	text := v.text(name)
	d, err := time.ParseDuration(text)
	if n, isNumber := strconv.Atoi(text); isNumber == nil && n > 0 {
		v.wrong(name, fmt.Errorf("want a unit: %ss or %sm", text, text))
		return 0
	}
	if err != nil || d <= 0 {
		v.wrong(name, errors.New("want a duration above zero: 90s, 30m, 1h30m"))
		return 0
	}
	return d
}

// list splits an input at newlines and commas, or at newlines alone, and drops
// blank items and comment lines.
func (v *values) list(name string) []string {
	text, in := v.given[name], input(name)
	if text == "" {
		text = in.Default
	}
	return split(text, in.Kind == List)
}

func split(text string, commas bool) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		items := []string{line}
		if commas {
			items = strings.Split(line, ",")
		}
		for _, item := range items {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

// quote shows a value in a message: on one line and not too long.
func quote(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strconv.Quote(text)
}
