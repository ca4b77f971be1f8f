// SPDX-License-Identifier: Apache-2.0

package release

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
)

const (
	// maxImages bounds what one source may hold. Real indexes have tens.
	maxImages = 1000
	// maxDepth bounds indexes within indexes, which are legal and rare.
	maxDepth = 4
)

// MismatchError means that a name promises another platform than the image has.
type MismatchError struct {
	Source SourceRef
	Digest v1.Hash
	// Want is what the name says, or the index that lists the image.
	Want platform.Spec
	// Got is what the image's config says.
	Got platform.Spec
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("checking %s: the name says %s, but the config of %s says %s",
		e.Source.Text, e.Want, e.Digest, e.Got)
}

// readSource reads a reference with all its images and their configs. An
// index is flattened. ErrNotFound means that the reference itself is missing;
// an index whose image is missing is another error.
func readSource(ctx context.Context, repo Reader, ref SourceRef) (Source, error) {
	source := Source{SourceRef: ref}
	m, err := repo.Manifest(ctx, ref.identifier())
	if err != nil {
		return source, fmt.Errorf("reading %s: %w", ref.Text, err)
	}
	source.Manifest = m
	if isDummy(m) {
		return source, fmt.Errorf("reading %s: a clean-up was interrupted there: %w", ref.Text, ErrNotFound)
	}
	w := walk{repo: repo, ref: ref, left: new(atomic.Int64)}
	w.left.Store(maxImages)
	switch {
	case index.IsIndex(m.MediaType):
		err = w.into(ctx, m, &source)
	case index.IsImage(m.MediaType):
		entry := v1.Descriptor{MediaType: m.MediaType, Size: int64(len(m.Raw)), Digest: m.Digest}
		source.Images = make([]Image, 1)
		source.Images[0], err = w.image(ctx, index.Child{Descriptor: entry}, m)
	default:
		err = fmt.Errorf("reading %s: %s is neither an image nor an index", ref.Text, m.MediaType)
	}
	if err != nil {
		// Only the reference itself may be "not found, wait for it".
		if errors.Is(err, ErrNotFound) {
			err = fmt.Errorf("reading %s: %v", ref.Text, err) //nolint:errorlint // see above
		}
		return source, err
	}
	if len(source.Images) == 0 {
		return source, fmt.Errorf("reading %s: the index %s lists no image", ref.Text, m.Digest)
	}
	source.Notices, err = adopt(ref, source.Images)
	return source, err
}

// DummyAnnotation marks the manifest that a temporary tag is moved to where a
// registry cannot delete tags. A source that is one was removed by an earlier
// run which was killed before it could delete the dummy.
const DummyAnnotation = "dev.polytag.dummy"

func isDummy(m Manifest) bool {
	var manifest struct {
		Annotations map[string]string `json:"annotations"`
	}
	return json.Unmarshal(m.Raw, &manifest) == nil && manifest.Annotations[DummyAnnotation] != ""
}

// adopt gives images what their config lacks and the name says, and refuses a
// name that says otherwise. It returns a notice for each image it changed.
func adopt(ref SourceRef, images []Image) (notices []string, err error) {
	var errs []error
	for i := range images {
		entry := &images[i].Descriptor
		got, want := platform.FromOCI(entry.Platform), ref.Platform
		if want.OS == "" && want.Arch == "" { // a variant alone says nothing of the rest
			want.OS, want.Arch = got.OS, got.Arch
		}
		p := *entry.Platform
		if !ref.Platform.IsZero() {
			p = corrected(p, want, ref.Override)
		}
		if now := platform.FromOCI(&p); !now.Matches(want) && !ref.Platform.IsZero() {
			errs = append(errs, &MismatchError{Source: ref, Digest: entry.Digest, Want: want, Got: got})
			continue
		} else if now != got {
			notices = append(notices, fmt.Sprintf("%s: the config says %s, the name makes it %s", ref.Text, cmp.Or(got.String(), "no platform"), now))
		}
		if ref.Features != nil && !slices.Equal(p.OSFeatures, ref.Features) {
			p.OSFeatures = ref.Features
			notices = append(notices, fmt.Sprintf("%s: os.features are made %s", ref.Text, strings.Join(ref.Features, ", ")))
		}
		entry.Platform = &p
	}
	return notices, errors.Join(errs...)
}

// corrected takes from a name what p lacks, and, where the name is the user's
// own word, what p has otherwise: variant and os.version, and no more.
func corrected(p v1.Platform, want platform.Spec, override bool) v1.Platform {
	switch {
	case override:
		if !platform.FromOCI(&p).Matches(want) || want.Variant != "" {
			p.Variant = ""
		}
		if !platform.FromOCI(&p).Matches(want) || want.OSVersion != "" {
			p.OSVersion = ""
		}
	case platform.FromOCI(&p).Matches(want):
		return p
	}
	return fill(p, want)
}

// fill takes from name what p lacks. A variant that was written 7 is v7.
func fill(p v1.Platform, name platform.Spec) v1.Platform {
	p.OS = cmp.Or(p.OS, name.OS)
	p.Architecture = cmp.Or(p.Architecture, name.Arch)
	if name.Variant != "" {
		p.Variant = cmp.Or(p.Variant, name.Key().Variant, name.Variant)
	}
	p.OSVersion = cmp.Or(p.OSVersion, name.OSVersion)
	return p
}

// walk reads what one reference leads to.
type walk struct {
	repo Reader
	ref  SourceRef
	// left is how many more images may be read.
	left *atomic.Int64
}

// into reads an index into the source.
func (w walk) into(ctx context.Context, m Manifest, source *Source) error {
	found, err := w.index(ctx, m, 1)
	source.Images, source.Nested, source.Other = found.images, found.nested, found.other
	return err
}

// leaves are what an index leads to.
type leaves struct {
	images []Image
	nested []Manifest
	other  []v1.Descriptor
}

func (w walk) index(ctx context.Context, m Manifest, depth int) (leaves, error) {
	contents, err := index.Parse(m.Raw)
	if err != nil {
		return leaves{}, fmt.Errorf("reading %s: %w", w.ref.Text, err)
	}
	if depth > maxDepth {
		return leaves{}, fmt.Errorf("reading %s: indexes are nested more than %d deep", w.ref.Text, maxDepth)
	}
	if w.left.Add(-int64(len(contents.Children)+len(contents.Nested)+len(contents.Other))) < 0 {
		return leaves{}, fmt.Errorf("reading %s: it lists too many images; at most %d are read", w.ref.Text, maxImages)
	}
	children := make([]leaves, len(contents.Children))
	nested := make([]leaves, len(contents.Nested))
	manifests := make([]Manifest, len(contents.Nested))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(reads)
	for i, child := range contents.Children {
		group.Go(func() error {
			var err error
			children[i], err = w.child(ctx, child)
			return err
		})
	}
	for i, entry := range contents.Nested {
		group.Go(func() error {
			var err error
			if manifests[i], err = w.manifest(ctx, entry); err == nil {
				nested[i], err = w.index(ctx, manifests[i], depth+1)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return leaves{}, err
	}
	all := leaves{nested: manifests, other: contents.Other}
	for _, inner := range slices.Concat(children, nested) {
		all.images = append(all.images, inner.images...)
		all.nested = append(all.nested, inner.nested...)
		all.other = append(all.other, inner.other...)
	}
	return all, nil
}

// child reads an image that an index lists, or finds that it is none.
func (w walk) child(ctx context.Context, child index.Child) (leaves, error) {
	m, err := w.manifest(ctx, child.Descriptor)
	switch {
	case err != nil:
		return leaves{}, err
	case isArtifact(child.Descriptor, m):
		return leaves{other: []v1.Descriptor{child.Descriptor}}, nil
	}
	image, err := w.image(ctx, child, m)
	return leaves{images: []Image{image}}, err
}

// isArtifact reports whether an entry that says no platform is for what only its
// manifest tells to be no image.
// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
func isArtifact(entry v1.Descriptor, m Manifest) bool {
	var manifest struct {
		ArtifactType string `json:"artifactType"`
		Config       struct {
			MediaType types.MediaType `json:"mediaType"`
		} `json:"config"`
	}
	return platform.FromOCI(entry.Platform).IsZero() && json.Unmarshal(m.Raw, &manifest) == nil && manifest.ArtifactType != "" &&
		manifest.Config.MediaType != types.OCIConfigJSON && manifest.Config.MediaType != types.DockerConfigJSON
}

// manifest reads an entry of an index.
func (w walk) manifest(ctx context.Context, entry v1.Descriptor) (Manifest, error) {
	m, err := w.repo.Manifest(ctx, entry.Digest.String())
	if err != nil {
		return m, fmt.Errorf("reading %s, part of %s: %w", entry.Digest, w.ref.Text, err)
	}
	if int64(len(m.Raw)) != entry.Size {
		return m, fmt.Errorf("reading %s, part of %s: its size is %d, the index says %d", entry.Digest, w.ref.Text, len(m.Raw), entry.Size)
	}
	return m, nil
}

// image completes an entry from the image's config.
func (w walk) image(ctx context.Context, child index.Child, m Manifest) (Image, error) {
	image := Image{Child: child, Raw: m.Raw}
	entry := &image.Descriptor
	declared := platform.FromOCI(entry.Platform)
	var manifest struct {
		Config v1.Descriptor `json:"config"`
	}
	if err := json.Unmarshal(m.Raw, &manifest); err != nil {
		return image, fmt.Errorf("reading %s of %s: %w", m.Digest, w.ref.Text, err)
	}
	load, err := newLoad(m, w.ref)
	if err != nil {
		return image, fmt.Errorf("reading %s: %w", w.ref.Text, err)
	}
	image.Size = load.Size()
	var config index.Config
	if mt := manifest.Config.MediaType; mt == types.OCIConfigJSON || mt == types.DockerConfigJSON {
		raw, err := w.repo.Blob(ctx, manifest.Config)
		if err != nil {
			return image, fmt.Errorf("reading the config of %s (%s): %w", w.ref.Text, m.Digest, err)
		}
		if config, err = index.ParseConfig(raw); err != nil {
			return image, fmt.Errorf("reading the config of %s (%s): %w", w.ref.Text, m.Digest, err)
		}
		image.Config = raw
	}
	p := config.Platform
	got := platform.FromOCI(&p)
	if entry.Platform != nil {
		p = fill(p, declared)
		if len(p.OSFeatures) == 0 {
			p.OSFeatures = entry.Platform.OSFeatures
		}
		if !platform.FromOCI(&p).Matches(declared) {
			return image, &MismatchError{Source: w.ref, Digest: m.Digest, Want: declared, Got: got}
		}
	}
	full := p
	if p.OS == "" || p.Architecture == "" {
		full = fill(p, w.ref.Platform) // adopt does so, and says it
	}
	if full.OS == "" || full.Architecture == "" {
		return image, fmt.Errorf("reading %s: %s has no platform, neither in its config nor in its name", w.ref.Text, m.Digest)
	}
	if _, err := platform.Parse(platform.FromOCI(&full).String()); err != nil {
		return image, fmt.Errorf("reading the platform of %s (%s): %w", w.ref.Text, m.Digest, err)
	}
	entry.Platform, image.Labels = &p, config.Labels
	return image, nil
}
