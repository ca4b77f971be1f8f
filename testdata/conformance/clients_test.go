// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestClients releases the attested images and lets other people's programs choose from the index.
func TestClients(t *testing.T) {
	t.Parallel()
	engine := startEngine(t)
	for _, s := range []server{distribution2(true), distribution3(true)} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			at := newTarget(t, s, s.start(t), "acme/app")
			at.push(at.fixture("attested"))
			digest := at.wantPublished(at.release(sevenSources()...), versionTags()...)

			t.Run("skopeo", func(t *testing.T) {
				t.Parallel()
				at.as(t).pullWithSkopeo(digest)
			})
			t.Run("regctl", func(t *testing.T) {
				t.Parallel()
				at.as(t).pullWithRegctl(digest)
			})
			t.Run("docker", func(t *testing.T) {
				t.Parallel()
				at.as(t).pullWithDocker(engine)
			})
		})
	}
}

// hello is what the file /hello.txt says in a platform's image.
func hello(platform string) string {
	return "hello from " + strings.ReplaceAll(platform, "/", "-")
}

// split returns the parts of a platform's name.
func split(platform string) (system, arch, variant string) {
	parts := append(strings.Split(platform, "/"), "")
	return parts[0], parts[1], parts[2]
}

// wantImage checks that a config is that of a platform's image.
func wantImage(t *testing.T, config []byte, platform string) {
	t.Helper()
	var got v1.ConfigFile
	if err := json.Unmarshal(config, &got); err != nil {
		t.Fatalf("%v in %s", err, config)
	}
	is := plainARM64([]string{got.Platform().String()})[0]
	if want := plainARM64([]string{platform})[0]; is != want {
		t.Errorf("platform of the image for %s = %s", platform, is)
	}
}

// wantHello checks the text in a platform's image.
func wantHello(t *testing.T, got, platform string) {
	t.Helper()
	if got, want := strings.TrimSpace(got), hello(platform); got != want {
		t.Errorf("hello.txt of %s = %q, want %q", platform, got, want)
	}
}

func (at target) pullWithSkopeo(digest string) {
	skopeo := lookPath(at.T, "skopeo", "skopeo")
	ref := "docker://" + at.image() + ":1.2.3"
	raw := tool(at.T, nil, skopeo, "inspect", "--tls-verify=false", "--raw", ref)
	if got := digestOf(raw); got != digest {
		at.Errorf("digest of the raw index = %s, want %s", got, digest)
	}
	for _, platform := range sevenPlatforms() {
		config := tool(at.T, nil, skopeo, append(choice(platform), "inspect", "--tls-verify=false", "--config", ref)...)
		wantImage(at.T, config, platform)
	}
	at.copyWithSkopeo()
}

// choice makes skopeo choose a platform.
func choice(platform string) []string {
	system, arch, variant := split(platform)
	return []string{"--override-os=" + system, "--override-arch=" + arch, "--override-variant=" + variant}
}

// copyWithSkopeo copies each platform of the release, whole, and looks at what came.
func (at target) copyWithSkopeo() {
	skopeo := lookPath(at.T, "skopeo", "skopeo")
	for _, platform := range sevenPlatforms() {
		dir := filepath.Join(at.TempDir(), "image")
		tool(at.T, nil, skopeo, append(choice(platform), "--insecure-policy", "copy", "--src-tls-verify=false",
			"docker://"+at.image()+":1.2.3", "dir:"+dir)...)
		wantHello(at.T, helloOf(at.T, dir), platform)
	}
}

// helloOf returns the text in the one layer of an image in skopeo's dir format.
func helloOf(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var image v1.Manifest
	if err := json.Unmarshal(data, &image); err != nil || len(image.Layers) != 1 {
		t.Fatalf("%v, %d layers in %s, want 1", err, len(image.Layers), data)
	}
	layer, err := os.Open(filepath.Join(dir, image.Layers[0].Digest.Hex))
	if err != nil {
		t.Fatal(err)
	}
	defer layer.Close()
	unzipped, err := gzip.NewReader(layer)
	if err != nil {
		t.Fatal(err)
	}
	return fileIn(t, unzipped, "hello.txt")
}

// fileIn returns the content of a file in a tar archive.
func fileIn(t *testing.T, archive io.Reader, name string) string {
	t.Helper()
	for files := tar.NewReader(archive); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("no %s in the archive", name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == name {
			content, err := io.ReadAll(files)
			if err != nil {
				t.Fatal(err)
			}
			return string(content)
		}
	}
}

func (at target) pullWithRegctl(digest string) {
	regctl := goTool(at.T, "regctl")
	env := []string{"REGCTL_CONFIG=" + filepath.Join(at.TempDir(), "regctl.json")}
	host := "--host=reg=" + at.proxy.addr + ",tls=disabled"
	ref := at.image() + ":1.2.3"
	raw := tool(at.T, env, regctl, host, "manifest", "get", "--format=raw-body", ref)
	if got := digestOf(raw); got != digest {
		at.Errorf("digest of the raw index = %s, want %s", got, digest)
	}
	for _, platform := range sevenPlatforms() {
		raw := tool(at.T, env, regctl, host, "manifest", "get", "--format=raw-body", "--platform="+platform, ref)
		var image v1.Manifest
		if err := json.Unmarshal(raw, &image); err != nil {
			at.Fatalf("%v in %s", err, raw)
		}
		wantImage(at.T, tool(at.T, env, regctl, host, "blob", "get", at.image(), image.Config.Digest.String()), platform)
		layer := tool(at.T, env, regctl, host, "image", "get-file", "--platform="+platform, ref, "/hello.txt")
		wantHello(at.T, string(layer), platform)
	}
}
