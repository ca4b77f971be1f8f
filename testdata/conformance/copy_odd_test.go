// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	zstdLayer = types.MediaType("application/vnd.oci.image.layer.v1.tar+zstd")
	emptyJSON = types.MediaType("application/vnd.oci.empty.v1+json")
	notes     = "application/vnd.example.notes.v1+markdown"
	// emptyLayer is the layer of no files that Docker writes.
	emptyLayer = "1f8b080000096e8800ff621805a360148c5800080000ffff2eafb5ef00040000"
)

// TestCopyOdd copies what few images have: a zstd layer, eStargz's annotations, an empty layer, layers that are fetched from elsewhere, an
// artifact in the index, and an index in it. All of it stays what it is.
func TestCopyOdd(t *testing.T) {
	t.Parallel()
	// ociserver knows no layers that are elsewhere.
	all := start(t, []server{distribution2(true), distribution3(true), {name: "olareg", start: startOlareg}})
	for _, from := range all {
		for _, to := range all {
			if from.name == to.name {
				continue
			}
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				t.Parallel()
				var j journal
				source, target := newPlace(t, &j, from, to.name+"/odd"), newPlace(t, &j, to, from.name+"/app")
				digest, read := source.pushOdd()
				out := releaseTo(t, 0, []place{target}, "--git-tag=v1.2.3", "--sources="+source.image()+":odd")
				if out.result.Digest != digest {
					t.Errorf("digest = %s, want %s", out.result.Digest, digest)
				}
				target.wantOnlyTags(digest, versionTags()...)
				wantCopied(t, &j, source, target, out)
				if got := len(j.blobsRead(source.tap)); got != read {
					t.Errorf("%d blobs were copied, want %d", got, read)
				}
				target.pullWhole(digest)
			})
		}
	}
}

// pushOdd pushes the index as "odd", and returns its digest and how many blobs a registry stores for it.
func (at place) pushOdd() (digest string, blobs int) {
	at.Helper()
	empty, err := hex.DecodeString(emptyLayer)
	if err != nil {
		at.Fatal(err)
	}
	files := bytes.Repeat([]byte{0}, 1024) // a tar without a file
	stargz := at.pushBlob(types.OCILayer, gzipped(at.T, append([]byte("eStargz "), files...)))
	stargz.Annotations = map[string]string{
		"containerd.io/snapshot/stargz/toc.digest":           "sha256:" + hex.EncodeToString(make([]byte, sha256.Size)),
		"io.containers.estargz.uncompressed-size":            "1032",
		"containerd.io/snapshot/nydus-blob-digest-something": "",
	}
	foreign := v1.Descriptor{
		MediaType: types.OCIRestrictedLayer, Size: 101145811, URLs: []string{"https://windows.example/layer"},
		Digest: v1.Hash{Algorithm: "sha256", Hex: "9c8ff4fbd1d94ef3ab4a4d7e1d8a43bd6ec1df6bc2ffd3d6e8b1f5d0e1b0e9c1"},
	}
	amd64 := at.pushManifest(at.manifest("linux/amd64", at.pushBlob(zstdLayer, zstd(files)), stargz, at.pushBlob(types.OCILayer, empty)))
	amd64.Platform = &v1.Platform{OS: "linux", Architecture: "amd64"}
	windows := at.pushManifest(at.manifest("windows/amd64:10.0.20348.2700", foreign, at.pushBlob(types.OCILayer, gzipped(at.T, files))))
	windows.Platform = &v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: "10.0.20348.2700"}
	arm64 := at.pushManifest(at.manifest("linux/arm64", at.pushBlob(zstdLayer, zstd(files))))
	arm64.Platform = &v1.Platform{OS: "linux", Architecture: "arm64"}
	inner := at.pushManifest(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{arm64}})
	artifact := at.pushManifest(map[string]any{
		"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": notes,
		"config": at.pushBlob(emptyJSON, []byte("{}")), "layers": []v1.Descriptor{at.pushBlob(notes, []byte("# Notes\n"))},
	})
	artifact.ArtifactType = notes
	index := at.pushManifest(map[string]any{
		"schemaVersion": 2, "mediaType": types.OCIImageIndex, "manifests": []v1.Descriptor{amd64, windows, inner, artifact},
		"x-future": map[string]int{"kept": 1}, "annotations": map[string]string{"b": "2", "a": "1"},
	}, "odd")
	// Three configs, two layers of zeros, the others, and the artifact's two.
	return index.Digest.String(), 3 + 2 + 2 + 2
}

// manifest is an image with a config of its own.
func (at place) manifest(platform string, layers ...v1.Descriptor) v1.Manifest {
	at.Helper()
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		at.Fatal(err)
	}
	config, err := json.Marshal(v1.ConfigFile{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant, OSVersion: p.OSVersion, RootFS: v1.RootFS{Type: "layers"}})
	if err != nil {
		at.Fatal(err)
	}
	return v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: at.pushBlob(types.OCIConfigJSON, config), Layers: layers}
}

func (at place) pushBlob(mediaType types.MediaType, content []byte) v1.Descriptor {
	at.Helper()
	layer := static.NewLayer(content, mediaType)
	if err := remote.WriteLayer(at.repo, layer, at.options()...); err != nil {
		at.Fatal(err)
	}
	digest, err := layer.Digest()
	if err != nil {
		at.Fatal(err)
	}
	return v1.Descriptor{MediaType: mediaType, Size: int64(len(content)), Digest: digest}
}

// pushManifest pushes what is encoded as a manifest, by its digest and under tags.
func (at place) pushManifest(m any, tags ...string) v1.Descriptor {
	at.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		at.Fatal(err)
	}
	is := rawManifest{raw: raw}
	if err := json.Unmarshal(raw, &is); err != nil {
		at.Fatal(err)
	}
	digest, err := v1.NewHash(digestOf(raw))
	if err != nil {
		at.Fatal(err)
	}
	at.put(at.repo.Digest(digest.String()), manifest{content: is})
	for _, tag := range tags {
		at.put(at.repo.Tag(tag), manifest{content: is})
	}
	return v1.Descriptor{MediaType: is.Type, Size: int64(len(raw)), Digest: digest}
}

// rawManifest is a manifest byte for byte.
type rawManifest struct {
	raw  []byte
	Type types.MediaType `json:"mediaType"`
}

func (m rawManifest) RawManifest() ([]byte, error)        { return m.raw, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return m.Type, nil }

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zstd stores content of 256 bytes to 65 kB as a Zstandard frame of one block that is not compressed.
// https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1
func zstd(content []byte) []byte {
	size, block := len(content)-256, len(content)<<3|1 // the last block
	header := []byte{
		0x28, 0xb5, 0x2f, 0xfd, // magic number
		0x60, byte(size), byte(size >> 8), // the size is said, in two bytes
		byte(block), byte(block >> 8), byte(block >> 16),
	}
	return append(header, content...)
}

// pullWhole lets other people's programs pull the release: regctl all of it, skopeo one image.
func (at place) pullWhole(digest string) {
	at.Helper()
	env := []string{"REGCTL_CONFIG=" + filepath.Join(at.TempDir(), "regctl.json")}
	layout := filepath.Join(at.TempDir(), "layout")
	tool(at.T, env, goTool(at.T, "regctl"), "--host=reg="+at.tap.addr+",tls=disabled", "image", "copy", at.image()+":1.2.3", "ocidir://"+layout+":1.2.3")
	raw := tool(at.T, env, goTool(at.T, "regctl"), "manifest", "get", "--format=raw-body", "ocidir://"+layout+":1.2.3")
	if diff := cmp.Diff(digest, digestOf(raw)); diff != "" {
		at.Errorf("what regctl pulled (-want +got):\n%s", diff)
	}
	skopeo := lookPath(at.T, "skopeo", "skopeo")
	dir := filepath.Join(at.TempDir(), "dir")
	tool(at.T, nil, skopeo, append(choice("linux/amd64"), "--insecure-policy", "copy", "--src-tls-verify=false", "docker://"+at.image()+":1.2.3", "dir:"+dir)...)
}
