// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"fmt"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

// large is an image whose layers are 2 GiB, if no flag says otherwise.
func large() shape { return shape{images: 4, layers: 4, layer: *layerMiB << 20} }

// BenchmarkCopy copies all layers from one registry to another, which is empty each time.
func BenchmarkCopy(b *testing.B) {
	b.Run("distribution-v2.8", func(b *testing.B) { benchmarkCopy(b, lookPath(b, "docker-registry")) })
	b.Run("distribution-v3", func(b *testing.B) { benchmarkCopy(b, goTool(b, "registry")) })
}

func benchmarkCopy(b *testing.B, server string) {
	b.Helper()
	all := contenders(b)
	from := tagOf(b, startRegistry(b, server).host, "acme/app", "tested")
	push(b, large(), from)
	var t table
	for round := 0; b.Loop(); round++ {
		for _, c := range inTurn(all, round) {
			target := startRegistry(b, server)
			to := tagOf(b, target.host, "acme/app", "released")
			t.add(c.name, measure(b, c.copying(from, to)))
			wantSame(b, to, from)
			target.stop()
		}
	}
	t.report(b, large().bytes())
}

// BenchmarkAgain copies what is there already: to another tag of the same repository, to another repository of the same registry, which
// takes the layers over by itself, and to the very tag that has it.
func BenchmarkAgain(b *testing.B) {
	server := lookPath(b, "docker-registry")
	all := contenders(b)
	from := tagOf(b, startRegistry(b, server).host, "acme/app", "tested")
	push(b, large(), from)
	target := startRegistry(b, server).host
	there := tagOf(b, target, "acme/app", "released")
	measure(b, all[0].copying(from, there))

	cases := []struct {
		name string
		from name.Tag
		to   func(id string) name.Tag
	}{
		{"another-tag", from, func(id string) name.Tag { return tagOf(b, target, "acme/app", id) }},
		{"another-repository", there, func(id string) name.Tag { return tagOf(b, target, "acme/"+id, "released") }},
		{"nothing", from, func(string) name.Tag { return there }},
	}
	for _, tc := range cases {
		b.Run(tc.name, func(b *testing.B) {
			var t table
			for round := 0; b.Loop(); round++ {
				for _, c := range inTurn(all, round) {
					to := tc.to(fmt.Sprintf("%s-%d", c.name, round))
					t.add(c.name, measure(b, c.copying(tc.from, to)))
					wantSame(b, to, from)
				}
			}
			t.report(b, 0)
		})
	}
}
