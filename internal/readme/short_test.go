// SPDX-License-Identifier: Apache-2.0

package readme_test

import (
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/readme"
)

func TestShort(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 100, ""},
		{"One line", 0, "One line"},
		{"One line", 8, "One line"},
		{" One\n  line\r\n\tmore\u2028end ", 0, "One line more end"},
		{"10\u00a0000 files", 0, "10\u00a0000 files"},
		{"One line more", 12, "One line…"},
		{"One line more", 11, "One line…"},
		{"One line more", 10, "One lin…"},
		{"One, two", 7, "One…"},
		{"Incomprehensibilities", 10, "Incompr…"},
		{"A incomprehensibilities", 12, "A incompr…"},
		{"日本語の説明", 18, "日本語の説明"},
		{"日本語の説明", 17, "日本語の…"},
		{"日本語の説明", 15, "日本語の…"},
		{"日本語の説明", 14, "日本語…"},
		{"日本語", 3, "…"},
		{"日本語", 2, ""},
		{"abc", 2, "ab"},
		{"a bc", 2, "a"},
		{strings.Repeat("é", 60), 100, strings.Repeat("é", 48) + "…"},
	} {
		page, err := readme.Convert(nil, test.in, readme.Source{}, readme.Limits{Short: test.limit})
		if err != nil {
			t.Fatal(err)
		}
		if page.Short != test.want {
			t.Errorf("Short of %q within %d = %q, want %q", test.in, test.limit, page.Short, test.want)
		}
	}
}
