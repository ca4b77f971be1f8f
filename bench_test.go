// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/registrytest"
)

// roundTrip is how far away the registry of the benchmark is.
const roundTrip = 50 * time.Millisecond

// BenchmarkRelease measures a release of plain images to four tags in one
// repository of a registry that is 50 ms away and asks for tokens. Beside the
// time it reports the requests, and the critical path: how many round trips one
// after the other the whole release took. The registry speaks TLS, as all but
// those on loopback do; one on loopback without it costs another try of TLS.
//
// About 2p+3t+5 requests are expected for p platforms and t tags, and a critical
// path of one round trip per tag plus about eight.
func BenchmarkRelease(b *testing.B) {
	for _, platforms := range [][]string{
		{"linux/amd64", "linux/arm/v6", "linux/arm64/v8"},
		{"linux/amd64", "linux/386", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "linux/ppc64le", "linux/s390x"},
	} {
		b.Run(fmt.Sprintf("platforms=%d", len(platforms)), func(b *testing.B) { benchmarkRelease(b, platforms) })
	}
}

func benchmarkRelease(b *testing.B, platforms []string) {
	b.Helper()
	requests, elapsed := 0, time.Duration(0)
	for b.Loop() {
		b.StopTimer()
		registry := registrytest.New(registrytest.Options{
			Latency: roundTrip, Bearer: true, Users: map[string]string{"bot": "secret"},
		})
		for _, p := range platforms {
			registry.PushImage(b, "acme/app:12be34-"+strings.ReplaceAll(p, "/", "-"), p)
		}
		server := httptest.NewTLSServer(registry)
		transport, ok := server.Client().Transport.(*http.Transport)
		if !ok {
			b.Fatal("the test server's client has another transport")
		}
		env := map[string]string{"POLYTAG_USERNAME": "bot", "POLYTAG_PASSWORD": "secret"}
		var output strings.Builder
		command := &action.Command{
			Args: []string{
				"--images", strings.TrimPrefix(server.URL, "https://") + "/acme/app", "--git-tag", "v1.2.3",
				"--source-tag", "12be34", "--platforms", strings.Join(platforms, ","),
			},
			Getenv: func(name string) string { return env[name] }, Stdout: &output, Stderr: &output,
			Transport: transport.Clone(),
		}
		started := time.Now()
		b.StartTimer()
		status := command.Main(b.Context())
		b.StopTimer()
		elapsed += time.Since(started)
		requests += len(registry.Requests())
		server.Close()
		if status != action.ExitOK {
			b.Fatalf("exit status %d:\n%s", status, output.String())
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(requests)/float64(b.N), "requests/op")
	b.ReportMetric(elapsed.Seconds()/roundTrip.Seconds()/float64(b.N), "roundtrips/op")
}
