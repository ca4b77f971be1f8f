// SPDX-License-Identifier: Apache-2.0

// Package secret holds a string that cannot be printed by accident.
package secret

import (
	"fmt"
	"io"
	"log/slog"
	"unique"
)

const redacted = "***"

// String is a password, a token or a key. However it is printed, logged or marshaled, and in whatever it is nested, the value
// does not show: [String.Reveal] is the one way to it. Two of them are == if their values are. The zero String is empty.
type String struct {
	// A handle holds a pointer. fmt formats the unexported fields of other types by reflection, past every method here, but
	// it prints a nested pointer as an address.
	value unique.Handle[string]
}

// New makes a secret of s.
func New(s string) String {
	if s == "" {
		return String{}
	}
	return String{value: unique.Make(s)}
}

// Reveal gives the value. Call it where the value is sent, and nowhere else.
func (s String) Reveal() string {
	if s.IsEmpty() {
		return ""
	}
	return s.value.Value()
}

// IsEmpty reports whether there is no value.
func (s String) IsEmpty() bool {
	return s == String{}
}

// String gives three asterisks, for an empty secret too.
func (String) String() string {
	return redacted
}

// Format implements [fmt.Formatter], for every verb.
func (String) Format(f fmt.State, _ rune) {
	// As with every Formatter, an error of the writer is seen by the function that was called to print.
	_, _ = io.WriteString(f, redacted)
}

// LogValue implements [slog.LogValuer].
func (String) LogValue() slog.Value {
	return slog.StringValue(redacted)
}

// MarshalText implements [encoding.TextMarshaler], and so JSON and YAML as well.
func (String) MarshalText() ([]byte, error) {
	return []byte(redacted), nil
}
