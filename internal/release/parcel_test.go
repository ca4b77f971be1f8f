// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// TestStageSideBySide: a few large blobs fill the line, many small ones wait for answers.
func TestStageSideBySide(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		size int64
		want int
	}{
		{"large", 1 << 20, 4},
		{"small", 1<<20 - 1, 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := request(t, "1.2.3", "{version}")
				from := repository(t, "other.example/staging")
				source, target := newStore(), newStore()
				var layers []v1.Descriptor
				for i := range 40 {
					layer := source.layer(types.OCILayer, fmt.Sprint("layer ", i))
					layer.Size = tt.size // as the manifest has it, which stores do not look at
					layers = append(layers, layer)
				}
				source.add("image", source.layered(t, amd64, layers...), "tested")

				now, most := 0, 0
				target.answer = func(ctx context.Context, op, _ string, apply func()) error {
					if op == opUpload {
						target.locked(func() { now++; most = max(most, now) })
						if err := release.Pause(ctx, time.Second); err != nil {
							return err
						}
						target.locked(func() { now-- })
					}
					apply()
					return nil
				}
				reg := registries{from: source, req.Primary(): target}
				if _, err := release.Stage(t.Context(), promoteFrom(t, &req, from, reg), reg, new(release.Meter)); err != nil {
					t.Fatal(err)
				}
				if most != tt.want {
					t.Errorf("%d blobs were on the way side by side, want %d", most, tt.want)
				}
			})
		})
	}
}
