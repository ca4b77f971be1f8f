// SPDX-License-Identifier: Apache-2.0

package bench_test

import "testing"

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
