// SPDX-License-Identifier: Apache-2.0

package ci_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/ci"
)

func TestWriteDotenv(t *testing.T) {
	t.Parallel()
	const noRoom, reference = "no room in 5119 bytes", "GitLab would expand a variable in it"
	tests := map[string]struct {
		outs    []ci.Output
		want    string
		dropped []ci.Dropped
	}{
		"none": {nil, "", nil},
		"all kinds": {
			[]ci.Output{
				{"digest", "sha256:abc"},
				{"tag_names", "1\n1.2\r\n1.2.3\n"},
				{"tag-names", "  a = b "},
				{"Größe", "50 %"},
				{"version", ""},
				{"result", "{\n\n  \"a\": 1\n}\n"},
			},
			"POLYTAG_DIGEST=sha256:abc\nPOLYTAG_TAG_NAMES=1 1.2 1.2.3\nPOLYTAG_TAG_NAMES=a = b\nPOLYTAG_GR__E=50 %\nPOLYTAG_VERSION=\nPOLYTAG_RESULT={   \"a\": 1 }\n",
			nil,
		},
		"injection": {
			[]ci.Output{{"a\nCI_DEPLOY=1", "x\nCI_DEPLOY=1"}},
			"POLYTAG_A_CI_DEPLOY_1=x CI_DEPLOY=1\n",
			nil,
		},
		"references": {
			[]ci.Output{{"a", "$CI_JOB_TOKEN"}, {"b", "${x}"}, {"c", "$$"}, {"d", "%PATH%"}, {"e", "100%%"}, {"f", "50% of 100%"}},
			"POLYTAG_F=50% of 100%\n",
			[]ci.Dropped{{"a", reference}, {"b", reference}, {"c", reference}, {"d", reference}, {"e", reference}},
		},
		"exactly full": {
			[]ci.Output{{"a", strings.Repeat("x", 5119-len("POLYTAG_A=\n"))}, {"b", ""}},
			"POLYTAG_A=" + strings.Repeat("x", 5119-len("POLYTAG_A=\n")) + "\n",
			[]ci.Dropped{{"b", noRoom}},
		},
		"one too long": {
			[]ci.Output{{"digest", "sha256:abc"}, {"result", strings.Repeat("x", 6000)}, {"status", "done"}},
			"POLYTAG_DIGEST=sha256:abc\nPOLYTAG_STATUS=done\n",
			[]ci.Dropped{{"result", noRoom}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			err := ci.WriteDotenv(&b, "POLYTAG_", tt.outs)
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("WriteDotenv (-want +got):\n%s", diff)
			}
			var dropped []ci.Dropped
			if e, ok := errors.AsType[*ci.DroppedError](err); ok {
				dropped = e.Dropped
			} else if err != nil {
				t.Errorf("WriteDotenv = %v, want nil", err)
			}
			if diff := cmp.Diff(tt.dropped, dropped); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteDotenvVariables(t *testing.T) {
	t.Parallel()
	var outs []ci.Output
	for i := range 22 {
		outs = append(outs, ci.Output{Name: fmt.Sprintf("n%02d", i), Value: "x"})
	}
	var b strings.Builder
	err := ci.WriteDotenv(&b, "P_", outs)
	const want = "leaving out n20 (no room in 20 variables), n21 (no room in 20 variables)"
	if err == nil || err.Error() != want {
		t.Errorf("WriteDotenv = %v, want %s", err, want)
	}
	if got := strings.Count(b.String(), "\n"); got != 20 || !strings.HasSuffix(b.String(), "P_N19=x\n") {
		t.Errorf("dotenv = %d lines, ending in %q, want the first 20 outputs", got, b.String()[b.Len()-8:])
	}
}

func TestWriteDotenvError(t *testing.T) {
	t.Parallel()
	if err := ci.WriteDotenv(brokenWriter{}, "", []ci.Output{{"a", "$"}, {"b", "x"}}); !errors.Is(err, errBroken) {
		t.Errorf("WriteDotenv = %v, want %v", err, errBroken)
	}
}

// FuzzWriteDotenv reads the report as GitLab does: every line must match, and gives the value, but for line breaks and
// white space at its ends. See
// https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/ci/parse_dotenv_artifact_service.rb
func FuzzWriteDotenv(f *testing.F) {
	for _, s := range []string{
		"", "=", "sha256:abc", "a=b=c", "a\nb", "\r\n", " x ", "\x00x\x00", "$x", "%x%", "# no comment", "a\u2028b\u0085c", strings.Repeat("x", 5100),
	} {
		f.Add("digest", s, "1.2.3")
		f.Add(s, "x", s)
	}
	var (
		lineRE = regexp.MustCompile(`^(.*?)=(.*)$`)
		keyRE  = regexp.MustCompile(`^P_[A-Z0-9_]*$`)
	)
	const space = "\x00\t\n\v\f\r "
	f.Fuzz(func(t *testing.T, name, first, second string) {
		outs := []ci.Output{{name, first}, {"last", second}}
		var b strings.Builder
		dropped := map[string]bool{}
		if err := ci.WriteDotenv(&b, "P_", outs); err != nil {
			e, ok := errors.AsType[*ci.DroppedError](err)
			if !ok {
				t.Fatal(err)
			}
			for _, d := range e.Dropped {
				dropped[d.Name] = true
			}
		}
		if b.Len() >= 5120 {
			t.Errorf("report has %d bytes", b.Len())
		}
		lines := strings.SplitAfter(b.String(), "\n")
		lines = lines[:len(lines)-1] // after the last newline
		for _, o := range outs {
			if dropped[o.Name] {
				continue
			}
			if len(lines) == 0 {
				t.Fatalf("no line for %q", o.Name)
			}
			m := lineRE.FindStringSubmatch(strings.Trim(lines[0], space))
			lines = lines[1:]
			if m == nil || !keyRE.MatchString(m[1]) {
				t.Fatalf("line of %q = %q", o.Name, m)
			}
			want := strings.Fields(strings.NewReplacer("\n", " ", "\r", " ").Replace(strings.Trim(o.Value, space)))
			if diff := cmp.Diff(want, strings.Fields(m[2])); diff != "" {
				t.Errorf("value of %q (-want +got):\n%s", o.Name, diff)
			}
			if strings.Contains(m[2], "$") {
				t.Errorf("value of %q = %q, with a reference", o.Name, m[2])
			}
		}
		if name != "last" && len(lines) > 0 {
			t.Errorf("lines left over: %q", lines)
		}
	})
}
