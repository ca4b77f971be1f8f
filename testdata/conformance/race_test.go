// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
)

// racing are the versions that are released at once: three minor lines of two majors, and a pre-release.
func racing() []string {
	lines := []struct {
		minor   string
		patches int
	}{{"1.9", 6}, {"1.10", 7}, {"2.0", 6}}
	versions := []string{"2.0.0-rc.1"}
	for _, line := range lines {
		for patch := range line.patches {
			versions = append(versions, fmt.Sprintf("%s.%d", line.minor, patch))
		}
	}
	return versions
}

// TestRace starts twenty releases of different versions at once, as processes that know nothing of each other, and checks
// that every floating tag ends at the highest version of its line. POLYTAG_RACE_ROUNDS says how often; 5 times if unset.
func TestRace(t *testing.T) {
	rounds := 5
	if set := os.Getenv("POLYTAG_RACE_ROUNDS"); set != "" {
		var err error
		if rounds, err = strconv.Atoi(set); err != nil {
			t.Fatalf("POLYTAG_RACE_ROUNDS: %v", err)
		}
	}
	s := distribution3(true)
	registry := s.start(t)
	for round := range rounds {
		t.Run(strconv.Itoa(round+1), func(t *testing.T) {
			race(newTarget(t, s, registry, "acme/race-"+strconv.Itoa(round+1)))
		})
	}
}

// race is one round: two sources, twenty processes, one repository.
func race(at target) {
	inputs := at.pushStem("oci", "12be34")
	versions := racing()
	rand.Shuffle(len(versions), func(i, j int) { versions[i], versions[j] = versions[j], versions[i] })
	running := map[string]*process{}
	for _, version := range versions {
		running[version] = at.command(append([]string{"--git-tag=v" + version}, inputs...)...).start(at.T)
	}
	want := map[string]string{}
	for _, version := range versions {
		out := running[version].wait(at.T)
		if out.exit != 0 {
			at.Errorf("exit status of %s = %d, want 0\n%s", version, out.exit, out.output)
		}
		want[version] = out.result.Digest
	}
	for tag, version := range map[string]string{
		"1": "1.10.6", "1.9": "1.9.5", "1.10": "1.10.6",
		"2": "2.0.5", "2.0": "2.0.5", "latest": "2.0.5",
	} {
		want[tag] = want[version]
	}
	at.wantTags(want)
	if at.Failed() {
		at.Logf("started in this order: %q; writes:\n%s", versions, at.proxy.writes())
	}
	if digests := slices.Compact(slices.Sorted(maps.Values(want))); len(digests) != len(versions) {
		at.Errorf("%d digests for %d versions, want one each, or the race proves nothing", len(digests), len(versions))
	}
}
