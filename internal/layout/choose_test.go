// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func on(desc v1.Descriptor, system, arch string) v1.Descriptor {
	desc.Platform = &v1.Platform{OS: system, Architecture: arch}
	return desc
}

// What a reference stands for. want is a digest, or a part of an error.
var choices = map[string]func(b *builder) (ref, want string){
	"the only entry": func(b *builder) (ref, want string) {
		image := b.image("a")
		b.list(image)
		return "", image.Digest.String()
	},
	"the only entry, with a platform": func(b *builder) (ref, want string) {
		image := b.image("a")
		b.list(on(image, "linux", "arm64"))
		return "", image.Digest.String()
	},
	"the only name beside the children": func(b *builder) (ref, want string) {
		one, two := on(b.image("a"), "linux", "amd64"), on(b.image("b"), "linux", "arm64")
		top := b.indexOf(one, two)
		b.list(one).list(two).list(top, refName, "1.2")
		return "", top.Digest.String()
	},
	"two names for one manifest": func(b *builder) (ref, want string) {
		image := b.image("a")
		b.list(image, imageName, "docker.io/acme/app:1.2", refName, "1.2").list(image, imageName, "docker.io/acme/app:latest", refName, "latest")
		return "", image.Digest.String()
	},
	"two names": func(b *builder) (ref, want string) {
		b.list(b.image("a"), refName, "a").list(b.image("b"), refName, "b")
		return "", "the layout has the names a, b; say which"
	},
	"many names": func(b *builder) (ref, want string) {
		for name := range strings.SplitSeq("abcdefghijkl", "") {
			b.list(b.image(name), refName, name)
		}
		return "", "the names a, b, c, d, e, f, g, h, i, j, …; say which"
	},
	"no entry": func(*builder) (ref, want string) { return "", "the layout has no image" },
	"an index, its children and a referrer, without names": func(b *builder) (ref, want string) {
		one, two := on(b.image("a"), "linux", "amd64"), on(b.image("b"), "linux", "arm64")
		top := b.indexOf(one, two)
		sbom := imageDoc("sbom")
		sbom["subject"] = top
		b.list(one).list(two).list(top).list(b.manifest(sbom))
		return "", top.Digest.String()
	},
	"one image and its signature's tag": func(b *builder) (ref, want string) {
		image := b.image("a")
		b.list(image).list(b.image("signature"), refName, strings.Replace(image.Digest.String(), ":", "-", 1)+".sig")
		return "", image.Digest.String()
	},
	"two images without names or platforms": func(b *builder) (ref, want string) {
		one, two := b.image("a"), b.image("b")
		b.list(one).list(two)
		return "", "no names, and " + one.Digest.String() + ", " + two.Digest.String()
	},
	"index.json is the index": func(b *builder) (ref, want string) {
		b.list(on(b.image("a"), "linux", "amd64")).list(on(b.image("b"), "linux", "arm64")).list(on(b.image("attestation"), "unknown", "unknown"))
		return "", "index.json"
	},
	"index.json by its digest": func(b *builder) (ref, want string) {
		b.list(on(b.image("a"), "linux", "amd64")).list(on(b.image("b"), "linux", "arm64"))
		raw, err := os.ReadFile(filepath.Join(b.dir, "index.json"))
		if err != nil {
			b.t.Fatal(err)
		}
		return digestOf(raw).String(), "index.json"
	},
	"a name": func(b *builder) (ref, want string) {
		image := b.image("b")
		b.list(b.image("a"), refName, "a").list(image, refName, "b")
		return "b", image.Digest.String()
	},
	"a name with a repository": func(b *builder) (ref, want string) {
		image := b.image("a")
		b.list(image, imageName, "registry.example:5000/acme/app:1.2")
		return "registry.example:5000/acme/app:1.2", image.Digest.String()
	},
	"the tag of a name": func(b *builder) (ref, want string) {
		image := b.image("a")
		b.list(image, imageName, "registry.example:5000/acme/app:1.2")
		return "1.2", image.Digest.String()
	},
	"the tag of podman's name": func(b *builder) (ref, want string) {
		image := b.image("a")
		b.list(image, refName, "localhost/acme/app:1.2").list(b.image("b"), refName, "app:1.3")
		return "1.2", image.Digest.String()
	},
	"no tag is not the port": func(b *builder) (ref, want string) {
		b.list(b.image("a"), imageName, "registry.example:5000/acme/app")
		return "5000/acme/app", "not found"
	},
	"a tag of two repositories": func(b *builder) (ref, want string) {
		one, two := b.image("a"), b.image("b")
		b.list(one, imageName, "docker.io/acme/a:latest", refName, "latest").list(two, imageName, "docker.io/acme/b:latest", refName, "latest")
		return "latest", "it is the name of several: " + one.Digest.String() + " (docker.io/acme/a:latest), " + two.Digest.String() + " (docker.io/acme/b:latest)"
	},
	"a digest that no entry has": func(b *builder) (ref, want string) {
		image := on(b.image("a"), "linux", "amd64")
		b.list(b.indexOf(image), refName, "a")
		return image.Digest.String(), image.Digest.String()
	},
	"no digest": func(b *builder) (ref, want string) {
		b.list(b.image("a"))
		return "sha256:../../oci-layout", "want sha256: and 64 hex digits"
	},
	"an entry whose blob is missing": func(b *builder) (ref, want string) {
		b.list(v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digestOf(nil), Size: 1}, refName, "a")
		return "a", "index.json lists it, but the layout does not hold it"
	},
	"a layout that is a part of one": func(b *builder) (ref, want string) {
		top := b.indexOf(on(b.image("a"), "linux", "amd64"))
		b.list(top).list(v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digestOf(nil), Size: 1})
		return "", "choosing an image"
	},
}

func TestManifest(t *testing.T) {
	t.Parallel()
	for name, prepare := range choices {
		for form, of := range forms {
			t.Run(name+" "+form, func(t *testing.T) {
				t.Parallel()
				b := build(t)
				ref, want := prepare(b)
				l := mustOpen(t, of(t, b.dir))
				got, err := l.Manifest(t.Context(), ref)
				if want == "index.json" {
					raw, err := os.ReadFile(filepath.Join(b.dir, "index.json"))
					if err != nil {
						t.Fatal(err)
					}
					want = digestOf(raw).String()
					if got.MediaType != types.OCIImageIndex {
						t.Errorf("media type = %s, want %s", got.MediaType, types.OCIImageIndex)
					}
				}
				switch {
				case err != nil && !strings.Contains(err.Error(), want):
					t.Errorf("Manifest(%q): %v, want %s", ref, err, want)
				case err == nil && (got.Digest.String() != want || digestOf(got.Raw) != got.Digest):
					t.Errorf("Manifest(%q) = %s, want %s", ref, got.Digest, want)
				}
			})
		}
	}
}

// A document says what it is, or its entry does, or its fields; not two things.
func TestMediaType(t *testing.T) {
	t.Parallel()
	const fields = `"config":{},"layers":[]`
	for doc, test := range map[string]struct{ listed, want string }{
		`{` + fields + `}`:                              {"", string(types.OCIManifestSchema1)},
		`{"manifests":[]}`:                              {"", string(types.OCIImageIndex)},
		`{"manifests":[],"schemaVersion":2}`:            {string(types.DockerManifestList), string(types.DockerManifestList)},
		`{"mediaType":"application/x","a":1}`:           {"", "application/x"},
		`{"mediaType":"application/x","a":2}`:           {"application/y", "error: its media type is application/x, where it is listed it is application/y"},
		`{"manifests":[],` + fields + `}`:               {"", "error: it has the fields of an image and of an index"},
		`{"manifests":[],"layers":[]}`:                  {string(types.OCIImageIndex), "error: it has the fields of an image and of an index"},
		`{` + fields + `,"a":3}`:                        {string(types.OCIImageIndex), "lacks the fields of one"},
		`{"layers":[]}`:                                 {string(types.OCIManifestSchema1), "lacks the fields of one"},
		`{"Config":{},"Manifests":[]}`:                  {"", "error: it is neither an image nor an index"},
		`[]`:                                            {"", "error: it is no manifest"},
		`<html>`:                                        {"", "error: it is no manifest"},
		`{"manifests":{}}`:                              {"", "error: reading manifests"},
		`{"a":[` + strings.Repeat(`1,`, 200_001) + `]}`: {"", "error: it has more than 200000 values"},
	} {
		t.Run(doc[:min(len(doc), 60)], func(t *testing.T) {
			t.Parallel()
			b := build(t)
			desc := b.blob([]byte(doc))
			ref := desc.Digest.String()
			if test.listed != "" {
				desc.MediaType = types.MediaType(test.listed)
				b.list(desc, refName, "a")
				ref = "a"
			}
			got, err := mustOpen(t, b.dir).Manifest(t.Context(), ref)
			said := string(got.MediaType)
			if err != nil {
				said = "error: " + strings.TrimPrefix(err.Error(), "reading "+desc.Digest.String()+": ")
			}
			if !strings.Contains(said, test.want) {
				t.Errorf("Manifest = %q, want %q", said, test.want)
			}
		})
	}
}
