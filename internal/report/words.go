// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/release"
)

// why explains what became, or will become, of a tag; empty if the word for it says enough. Text of a registry is quoted.
func why(t Tag, quote func(string) string) string {
	by := quote(t.By)
	switch {
	case t.Reason != "":
		return quote(t.Reason)
	case t.Action == "refresh":
		return "has the digest, and is put again for its place on the page"
	case t.By == "" && t.Status == release.RolledBack:
		return "the release failed"
	case t.By == "":
		return ""
	case t.Status == release.Superseded:
		return by + " was published meanwhile, and is higher"
	case t.Status == release.Settled:
		return "set to " + by + ", which is higher"
	case t.Status == release.RolledBack:
		return "the release failed, and " + by + " is the highest"
	default:
		return by + " is higher"
	}
}

// verdict says in a word or two how a run ended, to be followed by the version.
func (d Document) verdict() string {
	switch d.Status {
	case Planned:
		return "planned"
	case Failed:
		if slices.ContainsFunc(d.Targets, func(t Target) bool { return t.Released }) {
			return "partly released"
		}
		return "not released"
	default:
		if d.count(func(t Tag) bool { return t.Status != release.Unchanged && t.Status != release.Kept }) == 0 {
			return "already released"
		}
		return "released"
	}
}

// origin says where the manifest comes from, if it was not made by this release.
func (d Document) origin() string {
	switch {
	case d.Resumed:
		return "as an earlier run published it"
	case d.Promoted:
		return "carried over byte for byte"
	default:
		return ""
	}
}

// facts count what is published: tags, repositories if there are several, platforms.
func (d Document) facts() []string {
	tags := plural(d.count(d.resolves), "tag")
	if n := len(d.Targets); n > 1 {
		tags += " in " + plural(n, "repository")
	}
	facts := []string{tags}
	if n := d.count(func(t Tag) bool { return t.By != "" && !d.resolves(t) }); n > 0 {
		facts = append(facts, fmt.Sprintf("%d left to higher versions", n))
	}
	return append(facts, plural(len(d.Images), "platform"))
}

// words says what was copied, or what would be.
func (c Copied) words(planned bool) string {
	things := []string{plural(c.Images, "manifest")}
	if c.Referrers > 0 {
		things = append(things, plural(c.Referrers, "referrer"))
	}
	if planned {
		return fmt.Sprintf("to be copied: %s; %s, %s at most", strings.Join(things, ", "), plural(c.Blobs, "blob"), size(c.Bytes))
	}
	var blobs []string
	if n := c.Blobs - c.Mounted - c.Present; n > 0 {
		blobs = append(blobs, fmt.Sprintf("%s sent (%s)", plural(n, "blob"), size(c.Bytes)))
	}
	if c.Mounted > 0 {
		blobs = append(blobs, plural(c.Mounted, "blob")+" mounted")
	}
	if c.Present > 0 {
		blobs = append(blobs, plural(c.Present, "blob")+" there already")
	}
	return "copied: " + strings.Join(append(things, blobs...), ", ")
}

// dockerHub is the host of Docker Hub's registry where it stands for itself, and not in a URL.
var dockerHub = pattern.Lazy(`(^|[^/\w.-])index\.docker\.io\b`)

// Plain writes a message with Docker Hub by the name that people and clients know it by, as all tables do.
func Plain(message string) string { return dockerHub().ReplaceAllString(message, "${1}docker.io") }

// plural writes a number with a noun that it counts.
func plural(n int, noun string) string {
	stem, isY := strings.CutSuffix(noun, "y")
	switch {
	case n == 1:
		return "1 " + noun
	case isY:
		return fmt.Sprintf("%d %sies", n, stem)
	default:
		return fmt.Sprintf("%d %ss", n, noun)
	}
}

// short writes a digest as far as a person compares it.
func short(digest string) string {
	const hex = 12
	algorithm, rest, _ := strings.Cut(digest, ":")
	if len(rest) <= hex {
		return digest
	}
	return algorithm + ":" + rest[:hex]
}

// kind names a media type as people do.
func kind(mediaType string) string {
	switch types.MediaType(mediaType) {
	case types.OCIImageIndex:
		return "OCI index"
	case types.DockerManifestList:
		return "Docker manifest list"
	case types.OCIManifestSchema1:
		return "OCI image"
	case types.DockerManifestSchema2:
		return "Docker image"
	default:
		return mediaType
	}
}

// size writes a number of bytes in decimal units, as docker does.
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1000, "kB"
	for _, next := range []string{"MB", "GB", "TB", "PB", "EB"} {
		if value < 999.95 { // what would be written as 1000.0
			break
		}
		value, unit = value/1000, next
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}

// seconds writes how long something took.
func seconds(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// oneLine makes foreign text safe for a line of a terminal: lines are joined, and what could steer the terminal or reverse the
// direction of writing becomes a space.
func oneLine(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.NewReplacer("\r\n", "; ", "\n", "; ").Replace(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
