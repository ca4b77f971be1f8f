// SPDX-License-Identifier: Apache-2.0

package release

import (
	"testing"
)

// TestModel explores everything that can happen to releases that run at the same time, on a model of a registry, with the
// product's own code as the processes: all interleavings of their reads and writes, writes that are refused, lost, or applied
// and reported as failed, processes that are killed anywhere and run again, and failed ones that are run again, at any time.
//
// What holds, see (*explorer).check: an exact tag never disappears and never changes. A release says that it failed only if a
// write did, and that it succeeded only if its exact tag is there. It never needs more than maxPasses. Once all have ended,
// each floating tag is at the highest version of its line whose exact tag is there, or, if there is none, what it was before,
// or absent; else a release has failed and says that it could not write that tag. If all have succeeded, also after reruns,
// there is no else.
//
// Two releases that fail at the same time on an empty line may leave the one's digest, as the former of the other's: it is
// there, and where the tag was between the two.
//
// Assumed: lists and lookups are not stale, a version always has one digest, a write is over when its process is.
func TestModel(t *testing.T) {
	t.Parallel()
	var (
		narrow    = []string{"{version}", "latest"}
		broad     = []string{"{major}", "{version}", "latest"}
		usual     = []string{"{major}", "{major}.{minor}", "{version}", "latest"}
		backports = []string{"{major}.{minor}", "{version}", "latest"}
		patches   = []string{"1.2.3", "1.2.4"}
	)
	for _, sc := range []scenario{
		{name: "alone", templates: usual, releases: []string{"1.2.3"}, faults: 3, kills: 3, deletes: true},
		{
			name: "alone, floating tags without versions", templates: usual, releases: []string{"1.2.3"}, faults: 3, kills: 3, deletes: true,
			points: map[string]string{"1": "old", "latest": "old"},
		},
		{name: "patches", templates: broad, releases: patches, faults: 1, kills: 1, deletes: true},
		{name: "patches, no deletes", templates: broad, releases: patches, faults: 1, kills: 1},
		{name: "patches, two faults", templates: broad, releases: patches, faults: 2, deletes: true},
		{name: "patches, two kills", templates: broad, releases: patches, kills: 2, deletes: true},
		{name: "minors", templates: usual, releases: []string{"1.2.3", "1.3.0"}, faults: 1, deletes: true},
		{name: "majors", templates: broad, releases: []string{"1.2.3", "2.0.0"}, faults: 2, kills: 2, deletes: true},
		{name: "one version twice", templates: broad, releases: []string{"1.2.3", "1.2.3"}, faults: 1, kills: 1, deletes: true},
		{
			name: "backports", templates: backports, releases: patches, faults: 1, kills: 1, deletes: true,
			existing: []string{"1.3.0"}, points: map[string]string{"1.3": "1.3.0", "latest": "1.3.0"},
		},
		{
			name: "next patches", templates: broad, releases: patches, faults: 1, deletes: true,
			existing: []string{"1.2.2"}, points: map[string]string{"1": "1.2.2", "latest": "1.2.2"},
		},
		{
			name: "floating tags without versions", templates: broad, releases: patches, faults: 2, deletes: true,
			points: map[string]string{"1": "old", "latest": "old"},
		},
		{
			name: "floating tags that are behind", templates: broad, releases: patches, faults: 1, kills: 1, deletes: true,
			existing: []string{"1.2.2", "1.3.0"}, points: map[string]string{"1": "1.2.2", "latest": "old"},
		},
		{name: "a version that cannot be written", templates: broad, releases: patches, immutable: []string{"1.2.4"}, faults: 1, kills: 1, deletes: true},
		{name: "versions that cannot be written", templates: broad, releases: patches, immutable: patches, faults: 1, kills: 1, deletes: true},
		{name: "a floating tag that cannot be written", templates: broad, releases: patches, immutable: []string{"latest"}, faults: 1, kills: 1, deletes: true},
		{name: "three, a fault", templates: narrow, releases: []string{"1.2.3", "1.2.4", "1.3.0"}, faults: 1, deletes: true},
		{name: "three, a kill", templates: narrow, releases: []string{"1.2.3", "1.2.4", "1.3.0"}, kills: 1, deletes: true},
		{name: "three lines", templates: backports, releases: []string{"1.2.3", "1.3.0", "1.4.0"}, kills: 1, deletes: true},
		{name: "three, two in one line", templates: broad, releases: []string{"1.2.3", "1.2.4", "2.0.0"}, deletes: true},
	} {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			e := newExplorer(t, sc, variant{})
			if err := e.run(); err != nil {
				t.Error(err)
			}
			passes := 0
			for _, m := range e.machines {
				passes = max(passes, m.passes)
			}
			t.Logf("%d states, at most %d passes", len(e.seen), passes)
		})
	}
}
