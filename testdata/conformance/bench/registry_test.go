// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"os"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// registry is distribution's server, whose storage goes when it is stopped, for there would be too much at the end.
type registry struct {
	*local.Distribution

	host, dir string
}

// startRegistry runs a server with an empty storage until the end of the test at the latest.
func startRegistry(tb testing.TB, exe string) *registry {
	tb.Helper()
	dir := tb.TempDir()
	d := local.NewDistribution(tb, exe, dir, true)
	return &registry{Distribution: d, host: d.Start(tb), dir: dir}
}

func (r *registry) stop() {
	r.Stop()
	os.RemoveAll(r.dir)
}

// tagOf names a tag of a registry.
func tagOf(tb testing.TB, host, repository, tag string) name.Tag {
	tb.Helper()
	out, err := name.NewTag(host + "/" + repository + ":" + tag)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// wantSame checks that two tags point at the same manifest.
func wantSame(tb testing.TB, got, want name.Tag) {
	tb.Helper()
	var digests [2]string
	for i, tag := range []name.Tag{got, want} {
		desc, err := remote.Head(tag, remote.WithContext(tb.Context()))
		if err != nil {
			tb.Fatal(err)
		}
		digests[i] = desc.Digest.String()
	}
	if digests[0] != digests[1] {
		tb.Fatalf("%s = %s, want %s as %s", got, digests[0], digests[1], want)
	}
}
