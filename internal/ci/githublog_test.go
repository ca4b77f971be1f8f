// SPDX-License-Identifier: Apache-2.0

package ci_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/ci"
)

func github(files env, w io.Writer) ci.Host {
	e := env{"GITHUB_ACTIONS": "true"}
	maps.Copy(e, files)
	return ci.Detect(e.get, w)
}

func TestGitHubLog(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	host := github(nil, &log)
	end := host.Group("Publish\n::error::x 100%")
	fmt.Fprintln(host.Text(), "acme/app:1.2.3")
	fmt.Fprint(host.Text(), "in the middle of")
	host.Annotate(ci.Warning, "", "100 % of\r\n::error::%0Aall")
	fmt.Fprintln(host.Text(), "a line")
	host.Annotate(ci.Notice, "a, b: c\n::error::", "%s %d")
	host.Annotate(ci.Error, "input tags", "bad")
	end()
	want := "::group::Publish ::error::x 100%25\n" +
		"acme/app:1.2.3\n" +
		"in the middle of\n" +
		"::warning::100 %25 of%0D%0A::error::%250Aall\n" +
		"a line\n" +
		"::notice title=a%2C b%3A c%0A%3A%3Aerror%3A%3A::%25s %25d\n" +
		"::error title=input tags::bad\n" +
		"::endgroup::\n"
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestGitHubMask(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ value, want string }{
		"one line": {"s3cret%", "::add-mask::s3cret%25\n::add-mask::czNjcmV0JQ==\n"},
		"short":    {"abc", "::add-mask::abc\n::add-mask::YWJj\n"},
		"newline at the end": {
			"s3cret\n", "::add-mask::s3cret\n::add-mask::czNjcmV0Cg==\n",
		},
		"several lines": {
			"{\r\n  \"key\": \"s3cret\"\n}\n",
			"::add-mask::\"key\": \"s3cret\"\n::add-mask::ew0KICAia2V5IjogInMzY3JldCIKfQo=\n",
		},
		"looks like a command": {"::stop-commands::x", "::add-mask::::stop-commands::x\n::add-mask::OjpzdG9wLWNvbW1hbmRzOjp4\n"},
		"empty":                {"", ""},
		"blank":                {" \n\t\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			github(nil, &log).Mask(tt.value)
			if diff := cmp.Diff(tt.want, log.String()); diff != "" {
				t.Errorf("Mask(%q) (-want +got):\n%s", tt.value, diff)
			}
		})
	}
}

func TestGitHubCutsLongMessages(t *testing.T) {
	t.Parallel()
	for _, char := range []string{"x", "é", "世", "😀"} {
		var log strings.Builder
		github(nil, &log).Annotate(ci.Error, "", "-"+strings.Repeat(char, 5000)) // so that the limit is within one
		got := strings.TrimSuffix(strings.TrimPrefix(log.String(), "::error::-"), "\n")
		if n := len("-" + got); n > 4095 || n < 4095-utf8.UTFMax {
			t.Errorf("message of %s has %d bytes, want up to 4095", char, n)
		}
		if !utf8.ValidString(got) || strings.Trim(got, char) != "…" {
			t.Errorf("message of %s is not cut between characters: …%q", char, got[len(got)-10:])
		}
	}
	var log strings.Builder
	github(nil, &log).Annotate(ci.Error, "", strings.Repeat("x", 4095))
	if got, want := log.String(), "::error::"+strings.Repeat("x", 4095)+"\n"; got != want {
		t.Errorf("a message of 4095 bytes was changed: …%q", got[len(got)-10:])
	}
}

func TestGitHubText(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"::set-output name=digest::sha256:evil\n", ":\\:set-output name=digest::sha256:evil\n"},
		{"ok\n \t\v\f::error::x\n", "ok\n \t\v\f:\\:error::x\n"},
		{"ok\r::error::x", "ok\r:\\:error::x"},
		{"ok\r\n::error::x", "ok\r\n:\\:error::x"},
		{"\u00a0\u3000\u2003\u0085::error::x", "\u00a0\u3000\u2003\u0085:\\:error::x"},
		{"\ufeff::error::x", "\ufeff:\\:error::x"},
		{":::error::x", ":\\::error::x"},
		{"##[error]x", "##\\[error]x"},
		{"a ###[add-mask]x ##[y]", "a ###\\[add-mask]x ##\\[y]"},
		{"#\n#[error]x", "#\n#[error]x"},
		{": ::x", ": ::x"},
		{":\n:x", ":\n:x"},
		{"std::string, docker.io/acme/app:1.2.3 [x] # y ##\n", "std::string, docker.io/acme/app:1.2.3 [x] # y ##\n"},
		{"注意: 1.2.3\n", "注意: 1.2.3\n"},
		{"", ""},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 2, 3, len(tt.text) + 1} {
			for name, writer := range map[string]func(ci.Host, io.Writer) io.Writer{
				"Text":   func(h ci.Host, _ io.Writer) io.Writer { return h.Text() },
				"Escape": func(h ci.Host, w io.Writer) io.Writer { return h.Escape(w) },
			} {
				var log strings.Builder
				writeInPieces(t, writer(github(nil, &log), &log), tt.text, size)
				if got := log.String(); got != tt.want {
					t.Errorf("%s of %q in pieces of %d = %q, want %q", name, tt.text, size, got, tt.want)
				}
				if cmds := runnerCommands(log.String()); cmds != nil {
					t.Errorf("%s of %q holds the commands %v", name, tt.text, cmds)
				}
			}
		}
	}
}

func writeInPieces(t *testing.T, w io.Writer, text string, size int) {
	t.Helper()
	for text != "" {
		piece := text[:min(size, len(text))]
		text = text[len(piece):]
		if n, err := io.WriteString(w, piece); n != len(piece) || err != nil {
			t.Fatalf("Write(%q) = %d, %v, want %d, nil", piece, n, err, len(piece))
		}
	}
}

// FuzzGitHubText checks that no text becomes a command, before, between and after real ones, and that nothing is done
// to it but backslashes put in.
func FuzzGitHubText(f *testing.F) {
	for _, s := range []string{
		"::error::x", " ::add-mask::x", "##[error]x", "a##[group]b", "\r::x::", ":\\:x::", "\u2028::notice::x", "#####[x]", "\x00::x::y", "\xe3\x80::x::y",
	} {
		f.Add(s, "", 1)
		f.Add("a:", s, 3)
		f.Add(s, s, 1000)
	}
	f.Fuzz(func(t *testing.T, before, after string, size int) {
		size = max(1, size)
		var log strings.Builder
		host := github(nil, &log)
		writeInPieces(t, host.Text(), before, size)
		host.Annotate(ci.Notice, "", "")
		writeInPieces(t, host.Text(), after, size)
		want := []command{{name: "notice"}}
		if diff := cmp.Diff(want, runnerCommands(log.String()), cmp.AllowUnexported(command{})); diff != "" {
			t.Errorf("commands in the log of %q, %q (-want +got):\n%s", before, after, diff)
		}
		newline := ""
		if before != "" && !strings.HasSuffix(before, "\n") {
			newline = "\n"
		}
		plain := strings.ReplaceAll(before+newline+"::notice::\n"+after, "\\", "")
		if got := strings.ReplaceAll(log.String(), "\\", ""); got != plain {
			t.Errorf("log without backslashes = %q, want %q", got, plain)
		}
	})
}

// TestGitHubLogOfManyGoroutines checks that commands keep their lines.
func TestGitHubLogOfManyGoroutines(t *testing.T) {
	t.Parallel()
	var (
		log strings.Builder
		wg  sync.WaitGroup
	)
	host := github(nil, &log)
	for range 20 {
		wg.Go(func() { io.WriteString(host.Text(), "text ") })
		wg.Go(func() { host.Annotate(ci.Warning, "title", "message") })
		wg.Go(func() { host.Group("group")() })
	}
	wg.Wait()
	if got := len(runnerCommands(log.String())); got != 60 {
		t.Errorf("commands in the log = %d, want 60", got)
	}
}

func TestGitHubBrokenLog(t *testing.T) {
	t.Parallel()
	host := github(nil, brokenWriter{})
	host.Mask("s3cret")
	host.Group("title")()
	host.Annotate(ci.Error, "title", "message") // must not panic
	if n, err := host.Text().Write([]byte("text")); n != 0 || !errors.Is(err, errBroken) {
		t.Errorf("Write = %d, %v, want 0, %v", n, err, errBroken)
	}
	if n, err := host.Text().Write(nil); n != 0 || err != nil {
		t.Errorf("Write(nil) = %d, %v, want 0, nil", n, err)
	}
}
