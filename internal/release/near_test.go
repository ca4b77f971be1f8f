// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/release"
)

// TestReadNearest promotes an index of another repository: what the target has is read there, and not looked for a second time.
func TestReadNearest(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, tt := range []struct {
		name   string
		has    []string                             // of the images
		fails  func(op string, isDigest bool) error // of the target
		source []string                             // what is read at the source besides the index
		target []string                             // what is looked for in the target
		lacks  []string
		err    error
	}{
		{name: "everything", has: []string{"amd64", "arm64"}},
		{name: "one image", has: []string{"arm64"}, source: []string{"amd64"}, lacks: []string{"amd64"}},
		{name: "nothing", source: []string{"amd64", "arm64"}, lacks: []string{"amd64", "arm64"}},
		{
			name: "nothing that can be read", has: []string{"amd64", "arm64"}, source: []string{"amd64", "arm64"}, target: []string{"amd64", "arm64"},
			fails: func(op string, isDigest bool) error {
				if op == opManifest && isDigest {
					return broken
				}
				return nil
			},
		},
		{
			name: "who knows", has: []string{"amd64", "arm64"}, source: []string{"amd64", "arm64"}, target: []string{"amd64", "arm64"}, err: broken,
			fails: func(_ string, isDigest bool) error {
				if isDigest {
					return broken
				}
				return nil
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			source, target := newStore(), newStore()
			images := map[string]release.Manifest{"amd64": source.push(t, amd64, nil), "arm64": source.push(t, arm64, nil)}
			texts := map[string]string{}
			for text, m := range images {
				texts[m.Digest.String()] = text
			}
			source.pushIndex(t, []v1.Descriptor{entry(images["amd64"], &amd64), entry(images["arm64"], &arm64)}, "tested")
			for _, text := range tt.has {
				target.add(text, images[text])
			}
			req := request(t, "", "a")
			req.SkipReferrers = true
			staging := repository(t, "registry.example/acme/staging")
			req.Sources = release.Sources{Refs: []release.SourceRef{{Text: "tested", Ref: staging.Tag("tested")}}}
			var atSource, atTarget []string
			source.answer = func(_ context.Context, op, ref string, apply func()) error {
				if text := texts[ref]; op == opManifest && text != "" {
					source.locked(func() { atSource = append(atSource, text) })
				}
				apply()
				return nil
			}
			target.answer = func(_ context.Context, op, ref string, apply func()) error {
				if op == opResolve && ref != "" {
					atTarget = append(atTarget, ref)
				}
				if tt.fails != nil {
					_, tag := v1.NewHash(ref)
					if err := tt.fails(op, tag == nil || op == opResolve && ref != ""); err != nil {
						return err
					}
				}
				apply()
				return nil
			}
			snap, err := release.Read(t.Context(), req, registries{req.Primary(): target, staging: source}, nil)
			if !errors.Is(err, tt.err) {
				t.Fatalf("Read: %v, want %v", err, tt.err)
			}
			slices.Sort(atSource)
			if !slices.Equal(atSource, tt.source) {
				t.Errorf("read at the source: %q, want %q", atSource, tt.source)
			}
			var want []string
			if tt.target != nil {
				want = []string{images["amd64"].Digest.String() + " " + images["arm64"].Digest.String()}
			}
			if !slices.Equal(atTarget, want) {
				t.Errorf("looked for in the target: %q, want %q", atTarget, want)
			}
			if err != nil {
				return
			}
			var lacks []string
			for _, d := range snap.Targets[0].Lacks {
				lacks = append(lacks, texts[d.String()])
			}
			if !slices.Equal(lacks, tt.lacks) {
				t.Errorf("the target lacks %q, want %q", lacks, tt.lacks)
			}
		})
	}
}
