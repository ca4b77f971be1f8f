// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/action"
)

// environment looks up what NAME=value says.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range slices.Backward(pairs) {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return value
			}
		}
		return ""
	}
}

// enough are the inputs without which nothing goes.
var enough = []string{"POLYTAG_IMAGES=registry.example/acme/app", "POLYTAG_GIT_TAG=v1.2.3", "POLYTAG_SOURCE_TAG=12be34"}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		flag string
		env  []string
		want string
	}{
		"default":                 {"", nil, "30m0s"},
		"everywhere":              {"", []string{"POLYTAG_TIMEOUT=1s"}, "1s"},
		"plugin":                  {"", []string{"POLYTAG_TIMEOUT=1s", "PLUGIN_TIMEOUT=2s"}, "2s"},
		"action":                  {"", []string{"POLYTAG_TIMEOUT=1s", "PLUGIN_TIMEOUT=2s", "INPUT_TIMEOUT=3s"}, "3s"},
		"flag":                    {"4s", []string{"POLYTAG_TIMEOUT=1s", "PLUGIN_TIMEOUT=2s", "INPUT_TIMEOUT=3s"}, "4s"},
		"empty is not given":      {"", []string{"POLYTAG_TIMEOUT=1s", "PLUGIN_TIMEOUT=", "INPUT_TIMEOUT="}, "1s"},
		"blank is not given":      {" ", []string{"POLYTAG_TIMEOUT=1s", "PLUGIN_TIMEOUT=\n", "INPUT_TIMEOUT=\t "}, "1s"},
		"blanks around it":        {"", []string{"POLYTAG_TIMEOUT=\n 1s\t"}, "1s"},
		"names are in upper case": {"", []string{"polytag_timeout=1s", "INPUT_timeout=1s"}, "30m0s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := action.Parse(map[string]string{"timeout": tt.flag}, environment(append(enough, tt.env...)...))
			if err != nil || got.Timeout.String() != tt.want {
				t.Errorf("timeout = %v, %v, want %s", got.Timeout, err, tt.want)
			}
		})
	}
}

func TestVariableOfItsOwn(t *testing.T) {
	t.Parallel()
	for want, env := range map[string][]string{
		"job":   {"GITHUB_TOKEN=job"},
		"input": {"GITHUB_TOKEN=job", "INPUT_GITHUB_TOKEN=input"},
	} {
		got, err := action.Parse(nil, environment(append(enough, env...)...))
		if err != nil || len(got.Fallbacks) != 1 || got.Fallbacks[0].Password.Reveal() != want {
			t.Errorf("%q: fallbacks = %v, %v, want the token %q", env, got.Fallbacks, err, want)
		}
	}
}

func TestBoolean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false, "": false, " true\n": true} {
		got, err := action.Parse(nil, environment(append(enough, "INPUT_DRY_RUN="+text)...))
		if err != nil || got.DryRun != want {
			t.Errorf("dry_run %q = %v, %v, want %v", text, got.DryRun, err, want)
		}
	}
	for _, text := range []string{"yes", "no", "on", "off", "1", "0", "tRUE", "truE", "'true'", "true false", "y"} {
		wantWrong(t, `dry_run "`+text+`": want true or false`, "INPUT_DRY_RUN="+text)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "1.5m": 90 * time.Second} {
		got, err := action.Parse(nil, environment(append(enough, "INPUT_TIMEOUT="+text)...))
		if err != nil || got.Timeout != want {
			t.Errorf("timeout %q = %v, %v, want %v", text, got.Timeout, err, want)
		}
	}
	wantWrong(t, `timeout "90": want a unit: 90s or 90m`, "INPUT_TIMEOUT=90")
	for _, text := range []string{"0s", "-1s", "soon", "30 m", "1d", "99999999h"} {
		wantWrong(t, `timeout "`+text+`": want a duration above zero: 90s, 30m, 1h30m`, "INPUT_TIMEOUT="+text)
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"git_tag", "version_prefix", "suffix", "floating", "source_tag", "source_template", "attestations", "format", "short_description", "username", "json", "summary", "dotenv", "results_dir"} {
		wantWrong(t, name+` "one\ntwo": want one line`, "INPUT_"+strings.ToUpper(name)+"=one\ntwo")
		wantWrong(t, name+` "one\rtwo": want one line`, "INPUT_"+strings.ToUpper(name)+"=one\rtwo")
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text   string
		commas bool
		want   []string
	}{
		"nothing":              {"", true, nil},
		"one":                  {"a", true, []string{"a"}},
		"commas":               {"a,b, c ,", true, []string{"a", "b", "c"}},
		"lines":                {"a\nb\n\n  c  \n", true, []string{"a", "b", "c"}},
		"lines of Windows":     {"a\r\nb\r\n", true, []string{"a", "b"}},
		"both":                 {"a,b\nc", true, []string{"a", "b", "c"}},
		"comments":             {"# first, second\na\n  # b\nc", true, []string{"a", "c"}},
		"a hash inside a line": {"a#b\nc # d", true, []string{"a#b", "c # d"}},
		"only separators":      {" ,\n,, \n", true, nil},
		"commas are text":      {"a=1, 2\nb=3", false, []string{"a=1, 2", "b=3"}},
		"blanks inside":        {"a b", true, []string{"a b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, action.Split(tt.text, tt.commas)); diff != "" {
				t.Errorf("Split(%q, %v) (-want +got):\n%s", tt.text, tt.commas, diff)
			}
		})
	}
}

// FuzzSplit: no item is blank, has blanks around it or a separator in it, and all of them are in the text, in this order.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{"a,b\nc", "# a\nb", "a\r\n,\r\nb", " \u00a0a\u2028b ", "a,#b"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, commas bool) {
		rest := text
		for _, item := range action.Split(text, commas) {
			if item == "" || strings.TrimSpace(item) != item || strings.Contains(item, "\n") || commas && strings.Contains(item, ",") {
				t.Errorf("Split(%q, %v) has the item %q", text, commas, item)
			}
			var ok bool
			if _, rest, ok = strings.Cut(rest, item); !ok {
				t.Errorf("Split(%q, %v) made %q up", text, commas, item)
			}
		}
	})
}

// wantWrong fails the test unless the inputs are wrong in this way, and it is told once. They come on top of what is enough.
func wantWrong(t *testing.T, want string, env ...string) {
	t.Helper()
	_, err := action.Parse(nil, environment(append(enough, env...)...))
	if err == nil {
		t.Errorf("%q: no error, want %s", env, want)
		return
	}
	lines := strings.Split(err.Error(), "\n")
	if n := len(slices.DeleteFunc(lines, func(line string) bool { return line != want })); n != 1 {
		t.Errorf("%q: errors are\n%v\nwant among them, once\n%s", env, err, want)
	}
}
