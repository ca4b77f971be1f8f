// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/polytag/polytag/internal/release"
)

// WritePlan writes what will be published, and what will become of each tag, for a person at a terminal. Errors of w are the
// caller's to find.
func WritePlan(w io.Writer, p release.Plan, color bool) {
	d := Report{Version: p.Version.String(), Plan: p, DryRun: true}.document()
	fmt.Fprintln(w, oneLine(title(d)))
	d.writeImages(w)
	for _, ref := range d.Absent {
		fmt.Fprintf(w, "  removed by an earlier run: %s\n", oneLine(ref))
	}
	fmt.Fprintln(w)
	d.writeTargets(w, "ACTION", color)
	d.writeAfter(w, "ACTION", color)
}

// WriteResult writes what became of each tag, if any was tried, and one line that sums the run up, for a person at a terminal.
// Errors of w are the caller's to find.
func WriteResult(w io.Writer, r Report, color bool) {
	d := r.document()
	if r.Result != nil && d.writeTargets(w, "STATUS", color) {
		d.writeAfter(w, "STATUS", color)
		fmt.Fprintln(w)
	}
	verdict := d.verdict()
	if color {
		verdict = paint(verdict)
	}
	if d.Version != "" {
		verdict += " " + d.Version
	}
	fmt.Fprintf(w, "%s: %s\n", verdict, d.closing(r.Duration))
}

// title says what is published.
func title(d Document) string {
	title := fmt.Sprintf("%s %s, %s", kind(d.MediaType), short(d.Digest), size(d.Size))
	if d.Version != "" {
		title = d.Version + ": " + title
	}
	if origin := d.origin(); origin != "" {
		title += ", " + origin
	}
	return title
}

func (d Document) writeImages(w io.Writer) {
	t := table{}
	t.add("PLATFORM", "DIGEST", "SIZE", "ATTESTATIONS")
	for _, i := range d.Images {
		t.add(i.Platform, short(i.Digest), size(i.BlobsSize), strconv.Itoa(len(i.Attestations)))
	}
	t.write(w, false)
}

// writeTargets writes a table for each target of which a tag is known, and reports whether there was any.
func (d Document) writeTargets(w io.Writer, header string, color bool) bool {
	wrote := false
	for _, target := range d.Targets {
		if len(target.Tags) == 0 {
			continue
		}
		t := table{status: header}
		t.add("TAG", header, "FROM", "TO", "WHY")
		for _, tag := range target.Tags {
			to := cmp.Or(short(tag.To), "-")
			if tag.Unknown {
				to = "unknown"
			}
			word := cmp.Or(tag.Action, string(tag.Status))
			t.add(tag.Tag, word, cmp.Or(short(tag.From), "-"), to, why(tag, oneLine))
		}
		if wrote {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, target.Repository)
		t.write(w, color)
		if target.Copied != nil {
			fmt.Fprintf(w, "  %s\n", target.Copied.words(header == "ACTION"))
		}
		wrote = true
	}
	return wrote
}

// closing is what follows the verdict: what is published, or, after a failure, what is where.
func (d Document) closing(took time.Duration) string {
	if d.Status == Failed {
		if places := d.places(); places != "" {
			return places
		}
		return "no tag was written"
	}
	facts := append(d.facts(), short(d.Digest))
	switch d.Status {
	case Planned:
		facts = append(facts, "nothing was written")
	case Incomplete:
		facts = append(facts, "but not finished")
	default:
	}
	if took > 0 {
		facts = append(facts, seconds(took))
	}
	return strings.Join(facts, ", ")
}

// places says which tags point where, in each target.
func (d Document) places() string {
	var parts []string
	for _, target := range d.Targets {
		if len(target.Tags) > 0 {
			parts = append(parts, fmt.Sprintf("%s (%s)", target.Repository, target.places()))
		}
	}
	return strings.Join(parts, ", ")
}

// places groups tags by what they point at, in the order in which each place comes up first.
func (t Target) places() string {
	var order []string
	tags := map[string][]string{}
	for _, tag := range t.Tags {
		place := "absent"
		switch {
		case tag.Unknown:
			place = "unknown"
		case tag.To != "":
			place = "at " + short(tag.To)
		}
		if tags[place] == nil {
			order = append(order, place)
		}
		tags[place] = append(tags[place], tag.Tag)
	}
	for i, place := range order {
		order[i] = strings.Join(tags[place], ", ") + " " + place
	}
	return strings.Join(order, "; ")
}
