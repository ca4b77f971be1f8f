// SPDX-License-Identifier: Apache-2.0

package report

import "github.com/polytag/polytag/internal/release"

// schema is the version of [Document] and of [InspectionDocument].
const schema = 1

// Document is the result of a run for other programs: what the file named by json holds, and, on one line, the output result.
//
// Its fields are in this order. Arrays are never null and never missing; other fields that are left out where there is nothing
// to say are marked so. Digests are written as sha256:HEX, repositories with their registry, Docker Hub as docker.io.
type Document struct {
	// Schema is the version of this description: 1. It rises when a field goes or changes its meaning. Fields may be added
	// without that.
	Schema int `json:"schema"`
	// Status is done, planned (a dry run that found no obstacle), failed (not every tag is published), or incomplete (every
	// tag is published and verified, and what comes after that failed).
	Status Status `json:"status"`
	// Version is the version of the release. Left out if it has none.
	Version string `json:"version,omitempty"`
	// Digest is that of the index, or of the single image, that is published. Which tags point at it is said in Targets.
	// Left out, as all that describes it, if the run failed before it was known.
	Digest string `json:"digest,omitempty"`
	// MediaType is that of the manifest with this digest.
	MediaType string `json:"mediaType,omitempty"`
	// Size is that of the manifest, in bytes.
	Size int64 `json:"size,omitempty"`
	// Image is the first target with the digest: docker.io/acme/app@sha256:HEX. Left out if no tag there points at it, nor,
	// in a dry run, would.
	Image string `json:"image,omitempty"`
	// Platforms are those of Images, as os/arch[/variant][:os.version].
	Platforms []string `json:"platforms"`
	// Images are the images of the release, in the order of the index.
	Images []Image `json:"images"`
	// Promoted says that the manifest is one that was there, byte for byte.
	Promoted bool `json:"promoted"`
	// Resumed says that the release went on from what an earlier run published.
	Resumed bool `json:"resumed"`
	// Absent are the temporary tags that an earlier run removed.
	Absent []string `json:"absent"`
	// Notices are what a person should know, a sentence each.
	Notices []string `json:"notices"`
	// Targets are the repositories that are published to, the primary first.
	Targets []Target `json:"targets"`
	// Pages are the registry pages that were to be synced. Empty too if the release was not published.
	Pages []Page `json:"pages"`
	// Temporary are the temporary tags that were to be removed. Empty too if the release was not published.
	Temporary []Temporary `json:"temporary"`
	// Error is what the run ended with. Left out if that is nothing.
	Error string `json:"error,omitempty"`
}

// Image is one image of a release.
type Image struct {
	Platform string `json:"platform"`
	Digest   string `json:"digest"`
	// Size is that of the image's manifest, in bytes.
	Size int64 `json:"size"`
	// BlobsSize is what a client fetches beside the manifest: config and layers, as they are stored, in bytes.
	BlobsSize int64 `json:"blobsSize"`
	// Attestations are the digests of the attestation manifests that belong to the image.
	Attestations []string `json:"attestations"`
}

// Target is one repository that is published to.
type Target struct {
	Repository string `json:"repository"`
	// Released says that the exact tag, by which a version counts as published, has the digest of the release.
	Released bool `json:"released"`
	// Error is why not every tag is what it should be. Left out if all are.
	Error string `json:"error,omitempty"`
	// Tags are in push order. Empty if the run failed before any tag was tried.
	Tags []Tag `json:"tags"`
	// Copied is what the repository was given of the release's images, or would be. Left out if it had everything.
	Copied *Copied `json:"copied,omitempty"`
}

// Copied counts what was copied to a repository from where the sources live.
type Copied struct {
	// Images are images, attestations, artifacts and inner indexes.
	Images int `json:"images"`
	// Referrers are signatures and whatever else refers to them.
	Referrers int `json:"referrers"`
	// Blobs are layers and configs, and Bytes the size of those that were sent; in a dry run, of all of them.
	Blobs int   `json:"blobs"`
	Bytes int64 `json:"bytes"`
	// Mounted blobs were taken over from another repository of the registry, Present ones were there already. Never in a dry
	// run, where that is not known.
	Mounted int `json:"mounted,omitempty"`
	Present int `json:"present,omitempty"`
}

// Tag is what will become, or became, of one tag.
type Tag struct {
	Tag string `json:"tag"`
	// Kind is exact (1.2.3), floating (1.2, latest), or literal.
	Kind string `json:"kind"`
	// Action is what a release would do: create, move (the tag points elsewhere), leave (it has the digest), refresh (it has
	// the digest and is put again, because pages list tags by their last push), or keep (a higher version owns it). Only in a
	// dry run.
	Action string `json:"action,omitempty"`
	// Status is what was done: created, moved, unchanged, kept (a higher version owns the tag), superseded (a higher version
	// took it meanwhile), settled (it was set to the higher version that owns it), rolled back, or failed. Never in a dry run.
	Status release.Status `json:"status,omitempty"`
	// From is what the tag pointed at before. Left out if it did not exist.
	From string `json:"from,omitempty"`
	// To is what the tag points at now, or would after a dry run. Left out if it does not exist.
	To string `json:"to,omitempty"`
	// Unknown says that what the tag points at now could not be read. Left out if it could.
	Unknown bool `json:"unknown,omitempty"`
	// By is the exact tag of the version that owns the tag instead. Left out if there is none.
	By string `json:"by,omitempty"`
	// Reason says why the tag failed. Left out if it did not.
	Reason string `json:"reason,omitempty"`
}

// resolves reports whether the tag points, or after a dry run would point, at the digest of the release.
func (d Document) resolves(t Tag) bool {
	return d.Digest != "" && t.To == d.Digest
}

// count counts the tags of all targets for which f holds.
func (d Document) count(f func(Tag) bool) int {
	n := 0
	for _, target := range d.Targets {
		for _, t := range target.Tags {
			if f(t) {
				n++
			}
		}
	}
	return n
}
