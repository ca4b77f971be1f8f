// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/release"
)

// TestReadWhatChanges promotes an index of another repository: what a target lacks and what refers to the index is looked for if a tag
// will be written, and only then.
func TestReadWhatChanges(t *testing.T) {
	t.Parallel()
	asked := []string{opReferrers, opResolve}
	for _, tt := range []struct {
		name  string
		tags  []string          // those of the target that have the index
		notes map[string]string // annotations, which make another index
		want  []string
	}{
		{name: "nothing", tags: []string{"a", "b"}},
		{name: "a tag is missing", tags: []string{"a"}, want: asked},
		{name: "the index changes", tags: []string{"a", "b"}, notes: map[string]string{"note": "new"}, want: asked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source, target := newStore(), newStore()
			image := source.push(t, amd64, nil)
			whole := source.pushIndex(t, []v1.Descriptor{entry(image, &amd64)}, "tested")
			source.refer(t, "signature", image, "sha256-"+image.Digest.Hex+".sig")
			target.add("image", image)
			target.add("index", whole, tt.tags...)

			req := request(t, "", "a", "b")
			staging := repository(t, "registry.example/acme/staging")
			req.Sources = release.Sources{Refs: []release.SourceRef{{Text: "tested", Ref: staging.Tag("tested")}}}
			req.Index = index.Options{Annotations: tt.notes}
			var got []string
			note := func(_ context.Context, op, ref string, apply func()) error {
				source.locked(func() {
					if op == opReferrers || op == opResolve && ref != "" {
						got = append(got, op)
					}
				})
				apply()
				return nil
			}
			source.answer, target.answer = note, note
			snap, err := release.Read(t.Context(), req, registries{req.Primary(): target, staging: source}, nil)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, tt.want) {
				t.Errorf("Read asked for %q, want %q", got, tt.want)
			}
			plan, err := release.NewPlan(req, snap)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := len(plan.Targets[0].Loads), min(len(tt.want), 1); got != want {
				t.Errorf("the plan has %d loads, want %d: the signature", got, want)
			}
		})
	}
}
