// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/registrytest"
)

// raced are the versions that are released at once: several lines, backports, a version below 1, and a pre-release.
var raced = []string{
	"0.9.0", "0.9.1", "1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.1", "1.1.2", "1.2.0", "1.2.1", "1.2.2", "1.2.10",
	"1.10.0", "1.10.1", "2.0.0", "2.0.1", "2.1.0", "2.1.1", "2.1.2", "3.0.0-rc.1",
}

// TestRace releases twenty versions at once, each by a process of its own, to one registry. The floating tags end at the highest version of
// their lines, and every process succeeds. POLYTAG_RACE_ROUNDS says how many times (default 3).
func TestRace(t *testing.T) {
	t.Parallel()
	rounds := 3
	if text := os.Getenv("POLYTAG_RACE_ROUNDS"); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatalf("POLYTAG_RACE_ROUNDS: %v", err)
		}
	}
	p := build(t)
	images := map[string]v1.Image{}
	for _, v := range raced {
		images["build-"+v+"-linux-amd64"] = image(t, "linux/amd64", v)
		images["build-"+v+"-linux-arm64"] = image(t, "linux/arm64", v)
	}
	for range rounds {
		p.race(t, images)
	}
}

// race runs one round.
func (p program) race(t *testing.T, images map[string]v1.Image) {
	t.Helper()
	r := scenario{}.registries(t, images)[host]
	s := httptest.NewServer(slow(r))
	defer s.Close()
	addr := strings.TrimPrefix(s.URL, "http://")
	start := time.Now()
	running := map[string]*process{}
	for _, i := range rand.Perm(len(raced)) {
		v := raced[i]
		running[v] = p.start(t, nil, "--images", addr+"/"+repo, "--git-tag", "v"+v, "--source-tag", "build-"+v, "--platforms", platforms)
	}
	for _, v := range raced {
		if status := running[v].wait(t); status != 0 {
			t.Errorf("%s exits with %d\n%s%s", v, status, &running[v].stdout, &running[v].stderr)
		}
	}
	took := time.Since(start)

	tags := r.Tags(repo)
	for _, v := range raced {
		checkVersion(t, r, v)
		if numbers(v) == nil {
			continue // a pre-release has no floating tags
		}
		for _, f := range floating(v) {
			if f == "0" {
				continue // nor has major 0 one of its own
			}
			if top := owner(names(tags), f); tags[f] == "" || tags[f] != tags[top] {
				t.Errorf("%s is at %q, want %s of %s", f, tags[f], tags[top], top)
			}
		}
	}
	t.Logf("%d releases in %s, with %d requests and %d writes", len(raced), took.Round(time.Millisecond), len(r.Requests()), len(r.Writes()))
}

// checkVersion proves that an exact tag is at the index of its two images.
func checkVersion(t *testing.T, r *registrytest.Registry, v string) {
	t.Helper()
	raw, _, ok := r.Manifest(repo, v)
	var index v1.IndexManifest
	if err := json.Unmarshal(raw, &index); !ok || err != nil || len(index.Manifests) != 2 {
		t.Errorf("%s is %s, %v, want an index of two", v, raw, err)
		return
	}
	for _, child := range index.Manifests {
		source := fmt.Sprintf("build-%s-linux-%s", v, child.Platform.Architecture)
		if want := r.Tags(repo)[source]; child.Digest.String() != want {
			t.Errorf("%s has %s, want %s of %s", v, child.Digest, want, source)
		}
	}
}

// slow makes each request take up to 10 ms more, so that they come in a new order each time.
func slow(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx, cancel := context.WithTimeout(req.Context(), rand.N(10*time.Millisecond))
		defer cancel()
		<-ctx.Done()
		h.ServeHTTP(w, req)
	})
}
