// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestModelFindsViolations breaks the product in several ways, each of which the exploration must notice.
func TestModelFindsViolations(t *testing.T) {
	t.Parallel()
	sc := scenario{templates: []string{"{major}", "{version}", "latest"}, releases: []string{"1.2.3", "1.2.4"}, deletes: true}
	failing := sc
	failing.faults = 1
	for _, tt := range []struct {
		name     string
		scenario scenario
		variant  variant
	}{
		{"other versions are not seen", sc, variant{blind: true}},
		{"nothing is settled", sc, variant{run: func(ctx context.Context, p *publisher) TargetResult {
			p.publish(ctx)
			_, err := p.look(ctx, nil)
			return p.result(err)
		}}},
		{"one pass is thought to be enough", sc, variant{run: func(ctx context.Context, p *publisher) TargetResult {
			p.publish(ctx)
			_, err := p.pass(ctx)
			return p.result(err)
		}}},
		{"a failed release is not settled", failing, variant{run: func(ctx context.Context, p *publisher) TargetResult {
			if p.publish(ctx); p.stopped != nil {
				_, err := p.look(ctx, nil)
				return p.result(err)
			}
			return p.result(p.settle(ctx))
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newExplorer(t, tt.scenario, tt.variant)
			err := e.run()
			if err == nil {
				t.Errorf("%d states without a violation, want one", len(e.seen))
			}
			t.Log(err)
		})
	}
}

// TestModelReductions compares explorations with ones whose reads are steps and whose nodes are whole histories: processes must
// be able to end in exactly the same ways.
func TestModelReductions(t *testing.T) {
	t.Parallel()
	var (
		narrow  = []string{"{version}", "latest"}
		broad   = []string{"{major}", "{version}", "latest"}
		patches = []string{"1.2.3", "1.2.4"}
	)
	for _, sc := range []scenario{
		{templates: narrow, releases: patches, points: map[string]string{"latest": "old"}, faults: 1, kills: 1},
		{templates: narrow, releases: patches, faults: 2, deletes: true},
		{templates: narrow, releases: patches, immutable: patches, kills: 1, deletes: true},
		{templates: narrow, releases: patches, existing: []string{"1.2.2"}, points: map[string]string{"latest": "1.2.2"}, faults: 1, deletes: true},
		{templates: narrow, releases: []string{"1.2.3", "1.2.3"}, faults: 1, kills: 1, deletes: true},
		{templates: broad, releases: []string{"1.2.3", "2.0.0"}, faults: 1, deletes: true},
		{templates: broad, releases: patches, deletes: true},
	} {
		reduced, plain := newExplorer(t, sc, variant{}), newExplorer(t, sc, variant{plain: true})
		for _, e := range []*explorer{reduced, plain} {
			e.endings = map[string]bool{}
			if err := e.run(); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(plain.endings, reduced.endings); diff != "" {
			t.Errorf("%+v: endings with reductions (-without +with):\n%s", sc, diff)
		}
		t.Logf("%d endings; %d states instead of %d", len(reduced.endings), len(reduced.seen), len(plain.seen))
	}
}
