// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/polytag/polytag/internal/inspect"
)

// WriteComparison writes in what two references differ for a person at a terminal. Errors of w are the caller's to find.
func WriteComparison(w io.Writer, c inspect.Comparison) {
	d := comparison(c)
	if d.Same {
		fmt.Fprintf(w, "a: %s\nb: %s\nsame digest: %s\n", oneLine(d.A.Reference), oneLine(d.B.Reference), d.A.Digest)
		return
	}
	for _, x := range []struct {
		name string
		ComparedSide
	}{{"a", d.A}, {"b", d.B}} {
		fmt.Fprintf(w, "%s: %s\n   %s\n   %s, %s\n", x.name, oneLine(x.Reference), x.Digest, oneLine(kind(x.MediaType)), size(x.Size))
	}
	fmt.Fprintf(w, "differs: %s\n", comparedWords(d.Differs))
	if len(d.Images) > 0 {
		t := table{}
		t.add("PLATFORM", "A", "B", "STATUS")
		for _, x := range d.Images {
			status := x.Status
			if len(x.Differs) > 0 {
				status += ": " + comparedWords(x.Differs)
			}
			t.add(cmp.Or(x.Platform, "-"), cmp.Or(short(x.A), "-"), cmp.Or(short(x.B), "-"), status)
		}
		fmt.Fprintln(w)
		t.write(w, false)
	}
	if len(d.Annotations) > 0 {
		t := table{}
		t.add("ANNOTATION", "A", "B")
		for _, x := range d.Annotations {
			t.add(x.Name, value(x.A), value(x.B))
		}
		fmt.Fprintln(w)
		t.write(w, false)
	}
	if len(d.Other) > 0 {
		t := table{}
		t.add("OTHER", "DIGEST", "STATUS")
		for _, x := range d.Other {
			t.add(cmp.Or(x.ArtifactType, x.MediaType), short(x.Digest), x.Status)
		}
		fmt.Fprintln(w)
		t.write(w, false)
	}
}

// comparedWords says what differs as people do.
func comparedWords(differs []string) string {
	out := make([]string, 0, len(differs))
	for _, d := range differs {
		switch inspect.Difference(d) {
		case inspect.MediaTypeDiffers:
			d = "media type"
		case inspect.OrderDiffers:
			d = "order of the images"
		case inspect.OtherDiffers:
			d = "other entries"
		case inspect.BytesDiffer:
			d = "neither images nor annotations, but the bytes; see --raw"
		default:
		}
		out = append(out, d)
	}
	return strings.Join(out, ", ")
}

// value writes an annotation; - is none.
func value(text *string) string {
	if text == nil {
		return "-"
	}
	return fmt.Sprintf("%q", *text)
}
