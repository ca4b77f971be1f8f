// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
)

func TestParseConfig(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     index.Config
	}{
		{
			"all of it",
			`{"os":"windows","architecture":"amd64","variant":"v2","os.version":"10.0.17763.6054","os.features":["win32k"],"config":{"Labels":{"a":"b"}},"created":"never"}`,
			index.Config{
				Platform: v1.Platform{OS: "windows", Architecture: "amd64", Variant: "v2", OSVersion: "10.0.17763.6054", OSFeatures: []string{"win32k"}},
				Labels:   map[string]string{"a": "b"},
			},
		},
		{"no config", `{"os":"linux","architecture":"arm64","config":null}`, index.Config{Platform: v1.Platform{OS: "linux", Architecture: "arm64"}}},
		{"artifact", `{}`, index.Config{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := index.ParseConfig([]byte(tt.in))
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("ParseConfig: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestParseConfigErrors(t *testing.T) {
	t.Parallel()
	for _, in := range []string{``, `[]`, `<html>`, `{"os":1}`, `{"config":{"Labels":[]}}`} {
		if got, err := index.ParseConfig([]byte(in)); err == nil || !strings.HasPrefix(err.Error(), "parsing image config: ") {
			t.Errorf("ParseConfig(%q) = %+v, %v, want an error", in, got, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"os":"windows","architecture":"amd64","os.version":"10.0.17763.6054","config":{"Labels":{"a":"b"}}}`))
	f.Add([]byte(`{"config":null,"os.features":[null]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := index.ParseConfig(raw)
		if err != nil && cmp.Diff(index.Config{}, got) != "" {
			t.Errorf("ParseConfig = %+v beside the error %v", got, err)
		}
	})
}
