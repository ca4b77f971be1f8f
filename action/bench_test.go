// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/registrytest"
)

// roundTrip is how long each request takes.
const roundTrip = 50 * time.Millisecond

// loads are how many platforms are released to the four tags 1, 1.2, 1.2.3 and latest.
var loads = map[int]string{
	3: "linux/amd64,linux/arm/v6,linux/arm64",
	7: "linux/386,linux/amd64,linux/arm/v6,linux/arm/v7,linux/arm64,linux/ppc64le,linux/s390x",
}

// load is a release of plain images in one repository, with tokens.
type load struct {
	platforms string
	images    map[string]v1.Image
}

func newLoad(tb testing.TB, platforms string) load {
	tb.Helper()
	l := load{platforms, map[string]v1.Image{}}
	for p := range strings.SplitSeq(platforms, ",") {
		l.images["build-"+strings.ReplaceAll(p, "/", "-")] = image(tb, p)
	}
	return l
}

func (l load) registry(tb testing.TB) *registrytest.Registry {
	tb.Helper()
	s := scenario{options: registrytest.Options{Users: map[string]string{"bot": "secret"}, Bearer: true, Latency: roundTrip}}
	return s.registries(tb, l.images)[host]
}

// command is the command line of the release to an image.
func (l load) command(image string) []string {
	return []string{
		"--images", image, "--git-tag", "v1.2.3", "--source-tag", "build",
		"--platforms", l.platforms, "--username", "bot",
	}
}

// TestCost counts what a release costs. Requests: one to find out how to sign in and one for the token; for each platform the manifest and
// the config; for each tag a look, the write, and a look afterwards; a list before and one after. In a row: signing in takes two round
// trips, reading two (manifests, lists and looks side by side, then configs), each tag one, and the end two, for the list and for the looks.
func TestCost(t *testing.T) {
	t.Parallel()
	const tags = 4
	for p, platforms := range loads {
		l := newLoad(t, platforms)
		synctest.Test(t, func(t *testing.T) {
			r := l.registry(t)
			start := time.Now()
			if out := run(t.Context(), t, wire{host: r}, l.command(host+"/"+repo)); out.status != 0 {
				t.Fatalf("exit status %d\n%s", out.status, out.stderr)
			}
			if got, want := len(r.Requests()), 2*p+3*tags+4; got != want {
				t.Errorf("%d platforms: %d requests, want %d: %v", p, got, want, r.Requests())
			}
			if got, want := time.Since(start), (tags+6)*roundTrip; got != want {
				t.Errorf("%d platforms: it took %d round trips, want %d", p, got/roundTrip, want/roundTrip)
			}
		})
	}
}

// TestAgainCost counts what it costs to publish an index of another registry that the target has already. Requests: one each to find out
// how to sign in; the index, its images and their configs, the list of tags, the three tags that cosign has for the index, and the
// referrers of the index and of each image at the source; a look at the tag, at each image, the write, and a look afterwards in the target.
// In a row: signing in, the index, the images, their configs, then the referrers with the looks at the images, the write, and the look.
func TestAgainCost(t *testing.T) {
	t.Parallel()
	const from = "source.example"
	for p, platforms := range loads {
		index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
		for platform := range strings.SplitSeq(platforms, ",") {
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image(t, platform)})
		}
		synctest.Test(t, func(t *testing.T) {
			options := registrytest.Options{Referrers: registrytest.ReferrersAPI, Latency: roundTrip}
			net := map[string]*registrytest.Registry{from: registrytest.New(options)}
			options.Users = map[string]string{"bot": "secret"}
			net[host] = registrytest.New(options)
			net[from].Push(t, repo+":tested", index)
			net[host].Push(t, repo+":before", index)
			start := time.Now()
			command := []string{"--images", host + "/" + repo, "--tags", "nightly", "--sources", from + "/" + repo + ":tested", "--username", "bot"}
			if out := run(t.Context(), t, network(net), command); out.status != 0 {
				t.Fatalf("exit status %d\n%s", out.status, out.stderr)
			}
			for h, want := range map[string]int{from: 3*p + 7, host: p + 4} {
				if got := len(net[h].Requests()); got != want {
					t.Errorf("%d platforms: %d requests to %s, want %d: %v", p, got, h, want, net[h].Requests())
				}
			}
			if got, want := time.Since(start), 7*roundTrip; got != want {
				t.Errorf("%d platforms: it took %d round trips, want %d", p, got/roundTrip, want/roundTrip)
			}
		})
	}
}

// BenchmarkRelease measures the same release over sockets. The registry has TLS and HTTP/2, as those out there: of one on loopback without
// TLS the client would first find out that it has none, which is a request that no real release makes. Each iteration connects anew, as a
// process does.
func BenchmarkRelease(b *testing.B) {
	for _, p := range []int{3, 7} {
		b.Run(strconv.Itoa(p), func(b *testing.B) {
			l := newLoad(b, loads[p])
			requests := 0
			for b.Loop() {
				b.StopTimer()
				r := l.registry(b)
				s := httptest.NewUnstartedServer(r)
				s.EnableHTTP2 = true
				s.StartTLS()
				client, ok := s.Client().Transport.(*http.Transport)
				if !ok {
					b.Fatal("the server's client has no http.Transport")
				}
				command := l.command(s.Listener.Addr().String() + "/" + repo)
				b.StartTimer()
				out := run(b.Context(), b, client, command)
				b.StopTimer()
				if out.status != 0 {
					b.Fatalf("exit status %d\n%s", out.status, out.stderr)
				}
				requests += len(r.Requests())
				s.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(requests)/float64(b.N), "requests/op")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(roundTrip), "roundtrips/op")
		})
	}
}
