// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"testing"
)

// TestMemory copies 256 MiB to two registries at once. That and no more than this stays in memory: 64 MiB, the program itself included.
func TestMemory(t *testing.T) {
	t.Parallel()
	const limit = 64 << 20
	server := lookPath(t, "docker-registry")
	from := tagOf(t, startRegistry(t, server).host, "acme/app", "tested")
	push(t, shape{images: 2, layers: 4, layer: 32 << 20}, from)
	first := tagOf(t, startRegistry(t, server).host, "acme/app", "released")
	second := tagOf(t, startRegistry(t, server).host, "acme/app", "released")

	command := polytag(current)(from, first)
	command[1] += "," + second.Repository.String()
	if got := measure(t, command).peak; got > limit {
		t.Errorf("peak memory = %d bytes, want at most %d", got, limit)
	}
	wantSame(t, first, from)
	wantSame(t, second, from)
}
