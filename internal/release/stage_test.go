// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/release"
)

// configOf is the entry of an image's config.
func configOf(t *testing.T, m release.Manifest) v1.Descriptor {
	t.Helper()
	var parsed v1.Manifest
	if err := json.Unmarshal(m.Raw, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed.Config
}

// layered pushes an image with layers, of which those that are foreign are not stored.
func (s *store) layered(t *testing.T, p v1.Platform, layers ...v1.Descriptor) release.Manifest {
	t.Helper()
	m := s.push(t, p, nil)
	var parsed v1.Manifest
	if err := json.Unmarshal(m.Raw, &parsed); err != nil {
		t.Fatal(err)
	}
	delete(s.manifests, m.Digest)
	parsed.Layers = layers
	return s.add(p.String(), manifest(types.OCIManifestSchema1, encode(t, parsed)))
}

func (s *store) layer(mediaType types.MediaType, content string) v1.Descriptor {
	digest := hashOf([]byte(content))
	s.blobs[digest] = []byte(content)
	return v1.Descriptor{MediaType: mediaType, Size: int64(len(content)), Digest: digest}
}

// refer pushes a manifest that refers to another, with a layer of its own.
func (s *store) refer(t *testing.T, text string, subject release.Manifest, tag string) release.Manifest {
	t.Helper()
	m := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: s.layer("application/vnd.oci.empty.v1+json", "{}"),
		Layers: []v1.Descriptor{s.layer("application/vnd.example.sbom", text)},
	}
	if tag == "" {
		m.Subject = &v1.Descriptor{MediaType: subject.MediaType, Size: int64(len(subject.Raw)), Digest: subject.Digest}
	}
	referrer := manifest(types.OCIManifestSchema1, encode(t, m))
	if tag != "" {
		return s.add(text, referrer, tag)
	}
	s.add(text, referrer)
	entry := entry(referrer, nil)
	entry.ArtifactType = "application/vnd.example.sbom"
	s.referrers[subject.Digest] = append(s.referrers[subject.Digest], entry)
	return referrer
}

// promoteFrom asks for the index tagged tested of a repository, and plans that.
func promoteFrom(t *testing.T, req *release.Request, from name.Repository, reg release.Registry) release.Plan {
	t.Helper()
	req.Sources = release.Sources{Refs: []release.SourceRef{{Text: from.String() + ":tested", Ref: from.Tag("tested")}}}
	return planOf(t, *req, reg)
}

// planOf plans what is asked for.
func planOf(t *testing.T, req release.Request, reg release.Registry) release.Plan {
	t.Helper()
	snap, err := release.Read(t.Context(), req, reg, nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := release.NewPlan(req, snap)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestStageCopies: two targets elsewhere get every image, attestation, artifact, inner index and referrer of a promoted index; each
// blob is read once; blobs come before the manifests that list them, and these before the index.
func TestStageCopies(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	from, second := repository(t, "other.example/staging"), repository(t, "third.example/app")
	req.Targets = append(req.Targets, second)
	source, a, b := newStore(), newStore(), newStore()

	image := source.layered(t, amd64, source.layer(types.OCILayerZStd, "zstd"), source.layer(types.OCILayer, ""),
		v1.Descriptor{MediaType: types.OCIRestrictedLayer, Size: 9, Digest: hashOf([]byte("elsewhere")), URLs: []string{"https://example.com/layer"}})
	inner := source.pushIndex(t, []v1.Descriptor{entry(source.layered(t, arm64, source.layer(types.OCILayer, "arm")), &arm64)})
	artifact := entry(source.refer(t, "chart", release.Manifest{}, "chart"), nil)
	artifact.ArtifactType = "application/vnd.example.chart"
	tested := source.pushIndex(t, []v1.Descriptor{entry(image, &amd64), attest(source, image), entry(inner, nil), artifact}, "tested")
	sbom := source.refer(t, "sbom", image, "")
	source.refer(t, "signature of the sbom", sbom, "")
	source.refer(t, "signature", tested, "sha256-"+tested.Digest.Hex+".sig")

	reg := registries{from: source, req.Primary(): a, second: b}
	plan := promoteFrom(t, &req, from, reg)
	var meter release.Meter
	staged, err := release.Stage(t.Context(), plan, reg, &meter)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []*store{a, b} {
		if diff := cmp.Diff(source.manifests, target.manifests, whole); diff != "" {
			t.Errorf("manifests (-source +target):\n%s", diff)
		}
		if diff := cmp.Diff(source.blobs, target.blobs, whole); diff != "" {
			t.Errorf("blobs (-source +target):\n%s", diff)
		}
		if diff := cmp.Diff(source.referrers, target.referrers); diff != "" {
			t.Errorf("referrers (-source +target):\n%s", diff)
		}
		if got, want := target.writes[len(target.writes)-1], "put "+tested.Digest.String()+" "+tested.Digest.String(); got != want {
			t.Errorf("the last write is %q, want %q", got, want)
		}
	}
	// The configs of the two images were read to learn their platforms.
	if got, want := source.opened, len(source.blobs)-2; got != want {
		t.Errorf("%d blobs were read, want each of %d once", got, want)
	}
	bytes := int64(0)
	for _, blob := range source.blobs {
		bytes += int64(len(blob))
	}
	n := int64(len(source.blobs))
	want := release.Progress{Blobs: 2 * n, OfBlobs: 2 * n, Bytes: 2 * bytes, OfBytes: 2 * bytes}
	if got := meter.Now(); got != want {
		t.Errorf("progress is %+v, want %+v", got, want)
	}
	wantStaged := []release.Staged{
		{Repo: req.Primary(), Images: 5, Referrers: 3, Uploaded: int(n), Bytes: bytes},
		{Repo: second, Images: 5, Referrers: 3, Uploaded: int(n), Bytes: bytes},
	}
	if diff := cmp.Diff(wantStaged, staged, whole); diff != "" {
		t.Errorf("Stage (-want +got):\n%s", diff)
	}

	source.opened = 0
	if staged, err = release.Stage(t.Context(), promoteFrom(t, &req, from, reg), reg, new(release.Meter)); err != nil {
		t.Fatal(err)
	}
	nothing := []release.Staged{{Repo: req.Primary()}, {Repo: second}}
	if diff := cmp.Diff(nothing, staged, whole); diff != "" || source.opened != 0 {
		t.Errorf("a second run reads %d blobs and does (-want +got):\n%s", source.opened, diff)
	}
}

// TestStageMounts: within a registry nothing is read; what is not taken over is looked for, and then sent.
func TestStageMounts(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	from := repository(t, req.Primary().RegistryStr()+"/acme/staging")
	source, target := newStore(), newStore()
	image := source.layered(t, amd64, source.layer(types.OCILayer, "one"), source.layer(types.OCILayer, "two"))
	source.add("image", image, "tested")
	reg := registries{from: source, req.Primary(): target}
	plan := promoteFrom(t, &req, from, reg)
	if len(plan.Targets[0].Loads) != 1 {
		t.Fatalf("loads are %v, want the image", plan.Targets[0].Loads)
	}

	target.blobs[hashOf([]byte("one"))] = []byte("one")
	staged, err := release.Stage(t.Context(), plan, reg, new(release.Meter))
	want := []release.Staged{{Repo: req.Primary(), Images: 1, Uploaded: 2, Present: 1, Bytes: int64(len("two")) + configOf(t, image).Size}}
	if diff := cmp.Diff(want, staged, whole); diff != "" || err != nil {
		t.Errorf("Stage = %v (-want +got):\n%s", err, diff)
	}

	target = newStore()
	target.mounts, reg[req.Primary()], source.opened = registries{from: source}, target, 0
	staged, err = release.Stage(t.Context(), plan, reg, new(release.Meter))
	want = []release.Staged{{Repo: req.Primary(), Images: 1, Mounted: 3}}
	if diff := cmp.Diff(want, staged, whole); diff != "" || err != nil || source.opened != 0 {
		t.Errorf("Stage = %v, reads %d blobs (-want +got):\n%s", err, source.opened, diff)
	}
}

// TestStageMistrusts: a registry says that it took blobs over, and has none of them. They are sent, once.
func TestStageMistrusts(t *testing.T) {
	t.Parallel()
	for _, honest := range []bool{true, false} { // when blobs are sent
		req := request(t, "1.2.3", "{version}")
		from := repository(t, req.Primary().RegistryStr()+"/acme/staging")
		source, target := newStore(), newStore()
		image := source.layered(t, amd64, source.layer(types.OCILayer, "one"), source.layer(types.OCILayer, "two"))
		source.add("image", image, "tested")
		reg := registryFunc(func(repo name.Repository) release.Repository {
			if repo == from {
				return source
			}
			return &liar{store: target, honest: honest}
		})
		plan := promoteFrom(t, &req, from, registries{from: source, req.Primary(): target})
		staged, err := release.Stage(t.Context(), plan, reg, new(release.Meter))
		if !honest {
			if !errors.Is(err, release.ErrBlobUnknown) || source.opened != 2 || len(target.writes) > 0 {
				t.Errorf("Stage = %v, reads %d blobs and writes %q, want %v after the two layers", err, source.opened, target.writes, release.ErrBlobUnknown)
			}
			continue
		}
		size := int64(len("one")+len("two")) + configOf(t, image).Size
		want := []release.Staged{{Repo: req.Primary(), Images: 1, Uploaded: 3, Bytes: size}}
		if diff := cmp.Diff(want, staged, whole); diff != "" || err != nil {
			t.Errorf("Stage = %v (-want +got):\n%s", err, diff)
		}
	}
}

// liar is a registry that says it takes over every blob. If it is not honest either, it knows no blob that it was sent.
type liar struct {
	*store
	honest bool
}

func (l *liar) Mount(context.Context, v1.Hash, name.Repository) (bool, error) { return true, nil }

func (l *liar) Put(ctx context.Context, ref string, m release.Manifest) error {
	if has, err := l.Has(ctx, hashOf([]byte("one"))); err != nil || !has || !l.honest {
		return errors.Join(err, release.ErrBlobUnknown)
	}
	return l.store.Put(ctx, ref, m)
}

// TestStageListsAgain: a referrer that a killed run has put and not listed is listed by the next.
func TestStageListsAgain(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	from := repository(t, "other.example/staging")
	source, target := newStore(), newStore()
	image := source.add("image", source.layered(t, amd64), "tested")
	sbom := source.refer(t, "sbom", image, "")
	target.add("sbom", sbom)
	reg := registries{from: source, req.Primary(): target}
	for _, want := range []int{1, 0} {
		staged, err := release.Stage(t.Context(), promoteFrom(t, &req, from, reg), reg, new(release.Meter))
		if err != nil || len(staged) != 1 || staged[0].Referrers != want || len(target.referrers[image.Digest]) != 1 {
			t.Errorf("Stage = %+v, %v, with %v listed; want %d put and one listed", staged, err, target.referrers[image.Digest], want)
		}
	}
}

// TestStageKeeps: a signature that the target has of its own is left as it is.
func TestStageKeeps(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	from := repository(t, "other.example/staging")
	source, target := newStore(), newStore()
	image := source.add("image", source.layered(t, amd64), "tested")
	tag := "sha256-" + image.Digest.Hex + ".sig"
	source.refer(t, "signature", image, tag)
	own := target.add("own", opaque("another signature"), tag)
	reg := registries{from: source, req.Primary(): target}

	staged, err := release.Stage(t.Context(), promoteFrom(t, &req, from, reg), reg, new(release.Meter))
	notice := req.Primary().String() + " has another " + tag + " already, and keeps it"
	if err != nil || len(staged) != 1 || !slices.Equal(staged[0].Notices, []string{notice}) || target.tags[tag] != own.Digest {
		t.Errorf("Stage = %+v, %v, %s at %s; want it kept at %s", staged, err, tag, target.tags[tag], own.Digest)
	}
	req.SkipReferrers = true
	if plan := promoteFrom(t, &req, from, reg); len(plan.Targets[0].Loads) != 0 {
		t.Errorf("without referrers the loads are %v, want none", plan.Targets[0].Loads)
	}
}

// TestStageBreaksOff: what breaks off, or is wrong at its source, is sent again to those targets alone that did not get it; what
// is refused is not.
func TestStageBreaksOff(t *testing.T) {
	t.Parallel()
	errCorrupt := errors.New("its digest is wrong")
	for _, tt := range []struct {
		name   string
		upload error // of the first upload of the layer to the first target
		read   error // of every read at the source
		want   string
		opened int // how often the layer is read
	}{
		{name: "broken", upload: errLost, opened: 2},
		{name: "refused", upload: errRefused, opened: 1, want: "copying LAYER to registry.example/acme/app: 403 Forbidden: refused"},
		{name: "unreadable", read: errCorrupt, opened: 4, want: "reading LAYER from other.example/staging:tested: its digest is wrong"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				req := request(t, "1.2.3", "{version}")
				from, second := repository(t, "other.example/staging"), repository(t, "third.example/app")
				req.Targets = append(req.Targets, second)
				source, b := newStore(), newStore()
				layer := source.layer(types.OCILayer, strings.Repeat("layer", 100_000))
				source.add("image", source.layered(t, amd64, layer), "tested")
				a := faulty(newStore(), fault{op: opUpload, ref: layer.Digest.String(), n: 1, err: tt.upload})
				if tt.upload == nil {
					a.answer = nil
				}
				origin := &counting{store: source, digest: layer.Digest, err: tt.read}
				reg := registryFunc(func(repo name.Repository) release.Repository {
					switch repo {
					case from:
						return origin
					case second:
						return b
					}
					return a
				})
				var meter release.Meter
				_, err := release.Stage(t.Context(), promoteFrom(t, &req, from, reg), reg, &meter)
				want := strings.ReplaceAll(tt.want, "LAYER", layer.Digest.String())
				if got := errorText(err); got != want {
					t.Errorf("Stage = %q, want %q", got, want)
				}
				if origin.opened != tt.opened {
					t.Errorf("the layer was read %d times, want %d", origin.opened, tt.opened)
				}
				if p := meter.Now(); err == nil && p.Bytes != p.OfBytes {
					t.Errorf("progress is %+v, want all of it", p)
				}
				if _, ok := a.manifests[hashOf(nil)]; ok || (err != nil && len(a.writes)+len(b.writes) > 0) {
					t.Errorf("writes are %q and %q, want none after a failure", a.writes, b.writes)
				}
			})
		})
	}
}

// TestStageNamesSource: of several sources of a blob, the one that it was read from is named.
func TestStageNamesSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := request(t, "1.2.3", "{version}")
		target := newStore()
		first, second := newStore(), newStore()
		one, two := repository(t, "one.example/app"), repository(t, "two.example/app")
		layer := first.layer(types.OCILayer, "layer")
		first.add("amd64", first.layered(t, amd64, layer), "tested")
		second.layer(types.OCILayer, "layer")
		second.add("arm64", second.layered(t, arm64, layer), "tested")
		delete(first.blobs, layer.Digest)
		broken := &counting{store: second, digest: layer.Digest, err: errors.New("its digest is wrong")}
		reg := registryFunc(func(repo name.Repository) release.Repository {
			switch repo {
			case one:
				return first
			case two:
				return broken
			}
			return target
		})
		req.Sources = release.Sources{Refs: []release.SourceRef{
			{Text: "one.example/app:tested", Ref: one.Tag("tested")}, {Text: "two.example/app:tested", Ref: two.Tag("tested")},
		}}
		plan := planOf(t, req, reg)
		_, err := release.Stage(t.Context(), plan, reg, new(release.Meter))
		want := "reading " + layer.Digest.String() + " from two.example/app:tested: its digest is wrong"
		if got := errorText(err); got != want {
			t.Errorf("Stage = %q, want %q", got, want)
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// registryFunc is a registry of repositories of any kind.
type registryFunc func(name.Repository) release.Repository

func (f registryFunc) Repository(repo name.Repository) release.Repository { return f(repo) }

// between has one repository that is read from; all others are the target.
func between(from name.Repository, source, target release.Repository) registryFunc {
	return func(repo name.Repository) release.Repository {
		if repo == from {
			return source
		}
		return target
	}
}

// counting counts how often a blob is read, and may break off in the middle.
type counting struct {
	*store
	digest v1.Hash
	err    error

	mu     sync.Mutex
	opened int
}

func (c *counting) Open(ctx context.Context, desc v1.Descriptor) (io.ReadCloser, error) {
	body, err := c.store.Open(ctx, desc)
	if desc.Digest != c.digest {
		return body, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened++
	if c.err != nil {
		return io.NopCloser(io.MultiReader(io.LimitReader(body, desc.Size/2), iotest.ErrReader(c.err))), err
	}
	return body, err
}

// TestStageLists: what is listed by mistake is left out, and what a target cannot list is put there, and told.
func TestStageLists(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	from := repository(t, "other.example/staging")
	source := newStore()
	image := source.add("image", source.layered(t, amd64), "tested")
	stranger := source.refer(t, "of another image", source.layered(t, arm64), "")
	source.referrers[image.Digest] = []v1.Descriptor{entry(stranger, nil)}
	sbom := source.refer(t, "sbom", image, "")
	target := &unlisting{newStore()}
	reg := between(from, source, target)

	staged, err := release.Stage(t.Context(), promoteFrom(t, &req, from, reg), reg, new(release.Meter))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{req.Primary().String() + " has " + sbom.Digest.String() + " now, and no way to list it among the referrers of " + image.Digest.String()}
	if diff := cmp.Diff(want, staged[0].Notices); diff != "" || staged[0].Referrers != 1 {
		t.Errorf("Stage copies %d referrers, want one; notices (-want +got):\n%s", staged[0].Referrers, diff)
	}
	if _, ok := target.manifests[stranger.Digest]; ok {
		t.Error("what refers to another image was copied")
	}
}

// unlisting is a registry without a way to list referrers.
type unlisting struct{ *store }

func (u *unlisting) PutReferrer(ctx context.Context, m release.Manifest, _ v1.Descriptor) error {
	return errors.Join(u.Put(ctx, m.Digest.String(), m), release.ErrUnsupported)
}

// TestStageRefersByIndex: a referrer that is an index, of which the target would need what it lists, stays behind, and that is told.
func TestStageRefersByIndex(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", ".sig"} {
		req := request(t, "1.2.3", "{version}")
		from := repository(t, "other.example/staging")
		source, target := newStore(), &demanding{newStore()}
		image := source.add("image", source.layered(t, amd64), "tested")
		subject := entry(image, nil)
		list := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{entry(source.refer(t, "chart", image, "chart"), nil)}}
		if suffix == "" {
			list.Subject = &subject
		}
		listing := source.add("list", manifest(types.OCIImageIndex, encode(t, list)))
		ref := listing.Digest.String()
		if suffix == "" {
			source.referrers[image.Digest] = []v1.Descriptor{entry(listing, nil)}
		} else {
			ref = "sha256-" + image.Digest.Hex + suffix
			source.tags[ref] = listing.Digest
		}
		reg := between(from, source, target)
		staged, err := release.Stage(t.Context(), promoteFrom(t, &req, from, reg), reg, new(release.Meter))
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		want := []string{req.Primary().String() + " refuses " + ref + ", an index that refers to " + image.Digest.String() + ", since what that lists is not copied"}
		if diff := cmp.Diff(want, staged[0].Notices); diff != "" || staged[0].Referrers != 0 {
			t.Errorf("Stage copies %d referrers, want none; notices (-want +got):\n%s", staged[0].Referrers, diff)
		}
	}
}

// demanding is a registry that wants what an index lists.
type demanding struct{ *store }

func (d *demanding) PutReferrer(context.Context, release.Manifest, v1.Descriptor) error {
	return errRefused
}

func (d *demanding) Put(ctx context.Context, ref string, m release.Manifest) error {
	if m.MediaType == types.OCIImageIndex {
		return errRefused
	}
	return d.store.Put(ctx, ref, m)
}

// TestReadUntypedArtifact: an entry of an index of which only its manifest says that it is an artifact is no image, and goes along.
func TestReadUntypedArtifact(t *testing.T) {
	t.Parallel()
	source := newStore()
	chart := source.add("chart", manifest(types.OCIManifestSchema1, encode(t, map[string]any{
		"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": "application/vnd.example.chart",
		"config": source.layer("application/vnd.oci.empty.v1+json", "{}"), "layers": []v1.Descriptor{source.layer("application/vnd.example.chart", "chart")},
	})))
	source.pushIndex(t, []v1.Descriptor{entry(source.push(t, amd64, nil), &amd64), entry(chart, nil)}, "tested")
	from := repository(t, "other.example/staging")
	for _, notes := range []map[string]string{nil, {"note": "new"}} {
		req := request(t, "1.2.3", "{version}")
		req.Index.Annotations = notes
		plan := promoteFrom(t, &req, from, registries{from: source, req.Primary(): newStore()})
		if got := len(plan.Targets[0].Loads); len(plan.Images) != 1 || got != 2 {
			t.Errorf("annotated %v: %d images with %d loads, want one image, and the artifact with it", notes, len(plan.Images), got)
		}
	}
}

// TestReadAsksForNoTags: where the tags of the sources' repository are listed, signatures are not looked for in vain.
func TestReadAsksForNoTags(t *testing.T) {
	t.Parallel()
	req := stem(t, "linux/amd64", "linux/arm64")
	second := repository(t, "other.example/app")
	req.Targets = append(req.Targets, second)
	source := newStore()
	a := source.push(t, amd64, nil, "test-linux-amd64")
	source.push(t, arm64, nil, "test-linux-arm64")
	tag := "sha256-" + a.Digest.Hex + ".sig"
	source.refer(t, "signature", a, tag)
	var asked []string
	source.answer = func(_ context.Context, op, ref string, apply func()) error {
		source.locked(func() {
			if op == opManifest && strings.HasPrefix(ref, "sha256-") {
				asked = append(asked, ref)
			}
		})
		apply()
		return nil
	}
	snap, err := release.Read(t.Context(), req, registries{req.Primary(): source, second: newStore()}, nil)
	if err != nil || len(snap.Loads) != 3 {
		t.Fatalf("Read = %v, with %d loads; want two images and a signature", err, len(snap.Loads))
	}
	if !slices.Equal(asked, []string{tag}) {
		t.Errorf("asked for %q, want %q alone", asked, tag)
	}
}

// TestStageRewritten: an index that is promoted with a change lists what it listed before, which a target needs too.
func TestStageRewritten(t *testing.T) {
	t.Parallel()
	req := request(t, "1.2.3", "{version}")
	req.Index.Annotations = map[string]string{"title": "app"}
	from := repository(t, "other.example/staging")
	source, target := newStore(), newStore()
	artifact := entry(source.refer(t, "chart", release.Manifest{}, "chart"), nil)
	artifact.ArtifactType = "application/vnd.example.chart"
	source.pushIndex(t, []v1.Descriptor{entry(source.layered(t, amd64), &amd64), artifact}, "tested")
	plan := promoteFrom(t, &req, from, registries{from: source, req.Primary(): target})
	if got := len(plan.Targets[0].Loads); plan.Promoted || got != 2 {
		t.Errorf("promoted %v with %d loads, want a new index, the image and the artifact", plan.Promoted, got)
	}

	req.Index.Annotations = nil
	req.Sources.Refs = append(req.Sources.Refs, release.SourceRef{Text: "arm", Ref: from.Tag("arm")})
	source.add("arm", source.layered(t, arm64), "arm")
	plan = planOf(t, req, registries{from: source, req.Primary(): target})
	if len(plan.Targets[0].Loads) != 2 || len(plan.Notices) != 1 || !strings.Contains(plan.Notices[0], "left out: 1, "+artifact.Digest.String()) {
		t.Errorf("joined with %d loads and the notices %q, want two images, and to be told of the artifact", len(plan.Targets[0].Loads), plan.Notices)
	}
}

// TestStageElsewhere: what is damaged in one source is read from another one that has it.
func TestStageElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		req := request(t, "1.2.3", "{version}")
		broken, whole := repository(t, "broken.example/app"), repository(t, "whole.example/app")
		a, b, target := newStore(), newStore(), newStore()
		layer := a.layer(types.OCILayer, "shared")
		b.layer(types.OCILayer, "shared")
		a.add("amd64", a.layered(t, amd64, layer), "amd64")
		b.add("arm64", b.layered(t, arm64, layer), "arm64")
		damaged := &counting{store: a, digest: layer.Digest, err: errors.New("its digest is wrong")}
		reg := registryFunc(func(repo name.Repository) release.Repository {
			switch repo {
			case broken:
				return damaged
			case whole:
				return b
			}
			return target
		})
		req.Sources.Refs = []release.SourceRef{{Text: "amd64", Ref: broken.Tag("amd64")}, {Text: "arm64", Ref: whole.Tag("arm64")}}
		plan := planOf(t, req, reg)
		if _, err := release.Stage(t.Context(), plan, reg, new(release.Meter)); err != nil {
			t.Error(err)
		}
		if damaged.opened != 1 || string(target.blobs[layer.Digest]) != "shared" {
			t.Errorf("the damaged one was read %d times, the target has %q", damaged.opened, target.blobs[layer.Digest])
		}
	})
}

// TestReadWaitedSignature: a signature that comes with a source which was waited for is found, although the tags of its repository, a
// target, were listed before.
func TestReadWaitedSignature(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		home, other := newStore(), newStore()
		home.add("old", opaque("old"), "old")
		req := request(t, "1.2.3", "{version}", "latest")
		second := repository(t, "second.example/app")
		req.Targets = append(req.Targets, second)
		req.Sources = release.Sources{Refs: []release.SourceRef{{Text: "tested", Ref: req.Primary().Tag("tested")}}}
		snap, err := release.Read(t.Context(), req, registries{req.Primary(): home, second: other}, func(release.Waiting) {
			home.locked(func() {
				image := home.push(t, amd64, nil)
				home.refer(t, "signature of the image", image, "sha256-"+image.Digest.Hex+".sig")
				whole := home.pushIndex(t, []v1.Descriptor{entry(image, &amd64)}, "tested")
				home.refer(t, "signature", whole, "sha256-"+whole.Digest.Hex+".sig")
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range snap.Loads {
			if l.IsReferrer() {
				got = append(got, home.names[l.Manifest.Digest])
			}
		}
		if want := []string{"signature", "signature of the image"}; !slices.Equal(got, want) {
			t.Errorf("%q travel, want %q", got, want)
		}
	})
}
