// SPDX-License-Identifier: Apache-2.0

package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/polytag/polytag/internal/secret"
)

const value = "hunter2"

func TestReveal(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"", value, "\x00", "***"} {
		s := secret.New(want)
		if got := s.Reveal(); got != want {
			t.Errorf("New(%q).Reveal() = %q", want, got)
		}
		if got := s.IsEmpty(); got != (want == "") {
			t.Errorf("New(%q).IsEmpty() = %t", want, got)
		}
		if s != secret.New(want) {
			t.Errorf("two secrets of %q differ", want)
		}
	}
	if got := (secret.String{}).Reveal(); got != "" {
		t.Errorf("String{}.Reveal() = %q, want nothing", got)
	}
	if secret.New("a") == secret.New("b") {
		t.Error("secrets of different values are equal")
	}
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	s := secret.New(value)
	for verb := 'A'; verb <= 'z'; verb++ {
		for _, flags := range []string{"", "#", "+", "-20", "020", ".3", " "} {
			format := "%" + flags + string(verb)
			for _, got := range []string{fmt.Sprintf(format, s), fmt.Sprintf(format, &s)} {
				mustHide(t, format, got)
				if strings.ContainsRune("vsqxXdt", verb) && got != "***" {
					t.Errorf("Sprintf(%q) = %q, want ***", format, got)
				}
			}
		}
	}
	for _, got := range []string{s.String(), fmt.Sprint(secret.String{}), fmt.Sprintln(s)} {
		if strings.TrimSpace(got) != "***" {
			t.Errorf("printed %q, want ***", got)
		}
	}
}

// Fields that are not exported are formatted without calling any method.
func TestNested(t *testing.T) {
	t.Parallel()
	s := secret.New(value)
	type login struct {
		user     string
		password secret.String
		more     []secret.String
		byName   map[string]*secret.String
		keys     map[secret.String]bool
	}
	l := login{user: "me", password: s, more: []secret.String{s}, byName: map[string]*secret.String{"me": &s}, keys: map[secret.String]bool{s: true}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
		mustHide(t, format, fmt.Sprintf(format, l))
		mustHide(t, format, fmt.Sprintf(format, &l))
		mustHide(t, format, fmt.Sprintf(format, []any{l, s, &s}))
	}
	err := fmt.Errorf("signing in as %v: %w", l, errors.New("denied"))
	mustHide(t, "error", err.Error())
}

func TestLogged(t *testing.T) {
	t.Parallel()
	s := secret.New(value)
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(h).With("in", s)
		log.Info("one", "s", s, "p", &s, "any", []secret.String{s}, slog.Group("g", "s", s))
		log.Info("two", "struct", struct{ Password secret.String }{s}, "hidden", struct{ password secret.String }{s})
	}
	mustHide(t, "slog", out.String())
	if !strings.Contains(out.String(), `"s":"***"`) || !strings.Contains(out.String(), "s=***") {
		t.Errorf("logged %s, want *** for the secret", out.String())
	}
}

func TestMarshaled(t *testing.T) {
	t.Parallel()
	in := struct {
		S    secret.String         `json:"s" yaml:"s"`
		P    *secret.String        `json:"p" yaml:"p"`
		Keys map[secret.String]int `json:"keys" yaml:"keys"`
	}{S: secret.New(value), Keys: map[secret.String]int{secret.New(value): 1}}
	in.P = &in.S
	got, err := json.Marshal(in)
	if want := `{"s":"***","p":"***","keys":{"***":1}}`; err != nil || string(got) != want {
		t.Errorf("json.Marshal = %s, %v, want %s", got, err, want)
	}
	got, err = yaml.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	mustHide(t, "yaml", string(got))
}

func mustHide(t *testing.T, how, printed string) {
	t.Helper()
	for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("%v", []byte(value))} {
		if strings.Contains(printed, form) {
			t.Errorf("%s prints the secret: %s", how, printed)
		}
	}
}
