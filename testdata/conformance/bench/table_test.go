// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// table holds the runs of each contender, by name; the same place is the same round.
type table struct {
	names []string // in the order of their first run
	runs  map[string][]run
}

func (t *table) add(name string, r run) {
	if t.runs == nil {
		t.runs = map[string][]run{}
	}
	if _, ok := t.runs[name]; !ok {
		t.names = append(t.names, name)
	}
	t.runs[name] = append(t.runs[name], r)
}

// report shows the table, and how long the first contender took as a part of what each other took: the median over the rounds.
func (t *table) report(b *testing.B, bytes int64) {
	b.Helper()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\tmin s\tmedian s\tMB/s\tcpu s\tpeak MiB\trequests\tpolytag takes\t\n")
	for _, name := range t.names {
		runs := t.runs[name]
		wall := values(runs, func(r run) float64 { return r.wall.Seconds() })
		cpu := values(runs, func(r run) float64 { return r.cpu.Seconds() })
		peak := values(runs, func(r run) float64 { return float64(r.peak) / (1 << 20) })
		requests := values(runs, func(r run) float64 { return float64(r.requests) })
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%s\t%.3f\t%.0f\t%s\t%.0f %%\t\n", name,
			slices.Min(wall), median(wall), unlessZero(float64(bytes)/median(wall)/1e6), median(cpu), slices.Max(peak),
			unlessZero(median(requests)), 100*median(t.ratios(name)))
		b.ReportMetric(median(wall), name+"-s")
	}
	w.Flush()
	b.ReportMetric(0, "ns/op") // the sum of all contenders says nothing
	b.Logf("%d rounds, %.1f MB\n%s", len(t.runs[t.names[0]]), float64(bytes)/1e6, &text)
}

// unlessZero leaves out what was not measured.
func unlessZero(f float64) string {
	if f == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", f)
}

// ratios divides polytag's time by that of another contender, round by round.
func (t *table) ratios(name string) []float64 {
	var out []float64
	for i, r := range t.runs[name] {
		out = append(out, float64(t.runs["polytag"][i].wall)/float64(max(r.wall, time.Nanosecond)))
	}
	return out
}

func values(runs []run, of func(run) float64) []float64 {
	out := make([]float64, 0, len(runs))
	for _, r := range runs {
		out = append(out, of(r))
	}
	return out
}

// median returns the middle of a list, the lower one of two.
func median(list []float64) float64 {
	return slices.Sorted(slices.Values(list))[(len(list)-1)/2]
}
