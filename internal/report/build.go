// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

// document turns a report into what is shown of it.
func (r Report) document() Document {
	d := describe(r.Plan)
	d.Status, d.Version = r.Status(), r.Version
	if r.Err != nil {
		d.Error = Plain(r.Err.Error())
	}
	switch {
	case r.Result != nil:
		d.Targets = done(*r.Result)
		d.Pages, d.Temporary = doneAfter(*r.Result)
	case d.Status == Planned:
		d.Targets = planned(r.Plan)
		d.Pages, d.Temporary = plannedAfter(r.Plan)
	default:
		for _, t := range r.Plan.Targets {
			d.Targets = append(d.Targets, Target{Repository: repository(t.Repo), Tags: []Tag{}})
		}
	}
	if len(d.Targets) > 0 && slices.ContainsFunc(d.Targets[0].Tags, d.resolves) {
		d.Image = d.Targets[0].Repository + "@" + d.Digest
	}
	return d
}

// describe says what is published, but not where.
func describe(p release.Plan) Document {
	d := Document{
		Schema:    schema,
		Digest:    digest(p.Manifest.Digest),
		MediaType: string(p.Manifest.MediaType),
		Size:      int64(len(p.Manifest.Raw)),
		Platforms: []string{},
		Images:    []Image{},
		Promoted:  p.Promoted,
		Resumed:   p.Resumed,
		Absent:    []string{},
		Notices:   append([]string{}, p.Notices...),
		Targets:   []Target{},
		Pages:     []Page{},
		Temporary: []Temporary{},
	}
	for _, child := range p.Images {
		image := Image{
			Platform:     oneLine(platform.FromOCI(child.Descriptor.Platform).String()), // an image may say what it likes
			Digest:       digest(child.Descriptor.Digest),
			Size:         child.Descriptor.Size,
			BlobsSize:    p.Sizes[child.Descriptor.Digest],
			Attestations: []string{},
		}
		for _, a := range child.Attestations {
			image.Attestations = append(image.Attestations, digest(a.Digest))
		}
		d.Platforms = append(d.Platforms, image.Platform)
		d.Images = append(d.Images, image)
	}
	for _, ref := range p.Absent {
		d.Absent = append(d.Absent, ref.Text)
	}
	return d
}

// planned says what would become of each tag.
func planned(p release.Plan) []Target {
	targets := make([]Target, 0, len(p.Targets))
	for _, t := range p.Targets {
		target := Target{Repository: repository(t.Repo), Tags: []Tag{}}
		for _, tag := range t.Tags {
			to := p.Manifest.Digest
			if tag.Action == release.Keep {
				to = tag.From
			}
			target.Tags = append(target.Tags, Tag{
				Tag: tag.Name, Kind: tag.Kind.String(), Action: action(tag.Action),
				From: digest(tag.From), To: digest(to), By: tag.By,
			})
		}
		target.Copied = toCopy(t.Loads)
		targets = append(targets, target)
	}
	return targets
}

// toCopy counts what would be copied; nil for nothing.
func toCopy(loads []release.Load) *Copied {
	if len(loads) == 0 {
		return nil
	}
	c := &Copied{}
	seen := map[v1.Hash]bool{}
	for _, l := range loads {
		if l.IsReferrer() {
			c.Referrers++
		} else {
			c.Images++
		}
		for _, b := range l.Blobs {
			if !seen[b.Digest] {
				seen[b.Digest] = true
				c.Blobs, c.Bytes = c.Blobs+1, c.Bytes+b.Size
			}
		}
	}
	return c
}

// wasCopied says what a target was given; nil for nothing.
func wasCopied(staged []release.Staged, repo name.Repository) *Copied {
	for _, s := range staged {
		if s.Repo == repo {
			return &Copied{
				Images: s.Images, Referrers: s.Referrers, Blobs: s.Uploaded + s.Mounted + s.Present, Bytes: s.Bytes,
				Mounted: s.Mounted, Present: s.Present,
			}
		}
	}
	return nil
}

// done says what became of each tag.
func done(result release.Result) []Target {
	targets := make([]Target, 0, len(result.Targets))
	for _, t := range result.Targets {
		target := Target{Repository: repository(t.Repo), Released: t.Released, Tags: []Tag{}, Copied: wasCopied(result.Staged, t.Repo)}
		if t.Err != nil {
			target.Error = Plain(t.Err.Error())
		}
		for _, row := range t.Rows {
			tag := Tag{
				Tag: row.Tag, Kind: row.Kind.String(), Status: row.Status,
				From: digest(row.From), Unknown: row.Unknown, By: row.By, Reason: Plain(row.Reason),
			}
			if !row.Unknown {
				tag.To = digest(row.To)
			}
			target.Tags = append(target.Tags, tag)
		}
		targets = append(targets, target)
	}
	return targets
}

// digest writes a digest; the zero one is nothing.
func digest(h v1.Hash) string {
	if h == (v1.Hash{}) {
		return ""
	}
	return h.String()
}

// repository writes a repository with its registry, and Docker Hub by the name that people and clients know it by.
func repository(r name.Repository) string {
	if rest, ok := strings.CutPrefix(r.Name(), name.DefaultRegistry+"/"); ok {
		return "docker.io/" + rest
	}
	return r.Name()
}

// action is the word for an action.
func action(a release.Action) string {
	switch a {
	case release.Create:
		return "create"
	case release.Move:
		return "move"
	case release.Refresh:
		return "refresh"
	case release.Keep:
		return "keep"
	case release.Leave:
		return "leave"
	default:
		return ""
	}
}
