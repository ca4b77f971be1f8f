// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"fmt"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

// BenchmarkAgain copies what is there already: to another tag of the same repository, to another repository of the same registry, which
// takes the layers over by itself, to a repository that has all blobs and no manifest, and to the very tag that has it. It does so on
// loopback, and between registries that are far away.
func BenchmarkAgain(b *testing.B) {
	server := lookPath(b, "docker-registry")
	source, target := startRegistry(b, server).host, startRegistry(b, server).host
	from, there := tagOf(b, source, "acme/app", "tested"), tagOf(b, target, "acme/app", "released")
	push(b, large(), from)
	push(b, large(), there)
	way := newDistance(b)
	far := map[string]string{source: way.to(b, source), target: way.to(b, target)}
	ways := []struct {
		name    string
		measure func(c contender, from, to name.Tag) run
	}{
		{"loopback", func(c contender, from, to name.Tag) run { return measure(b, c.copying(from, to)) }},
		{"distant", func(c contender, from, to name.Tag) run {
			return way.measure(b, c.copying(at(b, from, far[from.RegistryStr()]), at(b, to, far[to.RegistryStr()])))
		}},
	}
	fresh := func(id string) name.Tag { return tagOf(b, target, "acme/"+id, "released") }
	cases := []struct {
		name string
		from name.Tag
		to   func(id string) name.Tag
	}{
		{"another-tag", from, func(id string) name.Tag { return tagOf(b, target, "acme/app", id) }},
		{"another-repository", there, fresh},
		{"blobs", from, func(id string) name.Tag {
			to := fresh(id)
			mountBlobs(b, there, to.Context())
			return to
		}},
		{"nothing", from, func(string) name.Tag { return there }},
	}
	all := contenders(b, skipping())
	for _, w := range ways {
		for _, tc := range cases {
			b.Run(w.name+"/"+tc.name, func(b *testing.B) {
				var t table
				for round := 0; b.Loop(); round++ {
					for _, c := range inTurn(all, round) {
						to := tc.to(fmt.Sprintf("%s-%s-%s-%d-%d", w.name, tc.name, c.name, b.N, round))
						t.add(c.name, w.measure(c, tc.from, to))
						wantSame(b, to, from)
					}
				}
				t.report(b, 0)
			})
		}
	}
}

// at returns the same tag of a registry that goes by another host.
func at(b *testing.B, tag name.Tag, host string) name.Tag {
	b.Helper()
	return tagOf(b, host, tag.RepositoryStr(), tag.TagStr())
}
