// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestListIsBounded proves that a list of tags comes to an end.
func TestListIsBounded(t *testing.T) {
	t.Parallel()
	const self = "/v2/" + path + "/tags/list"
	long := strings.Repeat("1", 129)
	tests := map[string]struct {
		page func(n int) (tags []string, next string)
		want string
	}{
		"more and more pages": {func(n int) ([]string, string) { return []string{strconv.Itoa(n)}, fmt.Sprintf("%s?last=%d", self, n) }, "more than 5000 pages"},
		"large pages": {func(n int) ([]string, string) {
			return slices.Repeat([]string{long[1:]}, 50_000), fmt.Sprintf("%s?last=%d", self, n)
		}, "larger than 33554432 bytes"},
		"longer than a tag": {func(n int) ([]string, string) {
			return slices.Repeat([]string{long}, 50_000), fmt.Sprintf("%s?last=%d", self, n)
		}, "larger than 33554432 bytes"},
		"in circles": {func(int) ([]string, string) { return []string{"1"}, self }, "links to itself"},
		"elsewhere":  {func(int) ([]string, string) { return []string{"1"}, "https://other.example" + self }, "does not match registry host"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path != self {
					return
				}
				n++
				tags, next := tt.page(n)
				w.Header().Set("Link", "<"+next+`>; rel="next"`)
				if err := json.NewEncoder(w).Encode(map[string][]string{"tags": tags}); err != nil {
					t.Error(err)
				}
			})
			if got, err := open(t, image, h, nil).List(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("List = %d tags, %v, want %q", len(got), err, tt.want)
			}
		})
	}
}

// TestListOfWhatIsNone leaves out what is too long to be a tag.
func TestListOfWhatIsNone(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"tags":["b","%s","a","%s"]}`, strings.Repeat("1", 100_000), strings.Repeat("1", 128))
	})
	got, err := open(t, image, h, nil).List(t.Context())
	if want := []string{strings.Repeat("1", 128), "a", "b"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("List = %q, %v, want %q", got, err, want)
	}
}
