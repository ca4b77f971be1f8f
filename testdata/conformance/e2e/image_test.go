// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/testdata/conformance/engine"
	"github.com/polytag/polytag/testdata/conformance/program"
)

// revision is what the image is said to be built from.
const revision = "12be34e0c5d4a3b2c1d0e9f8a7b6c5d4e3f2a1b0"

// TestImage checks what a runner wants of an image: root, a shell, and the tools with which runners on Kubernetes set up a step.
// https://github.com/actions/runner-container-hooks/tree/main/packages/k8s
func TestImage(t *testing.T) {
	t.Parallel()
	var config struct {
		Config v1.Config `json:"Config"`
	}
	if err := json.Unmarshal([]byte(inDocker(t, "image", "inspect", "--format={{json .}}", image)), &config); err != nil {
		t.Fatal(err)
	}
	got := config.Config
	if diff := cmp.Diff([]string{"/entrypoint.sh"}, got.Entrypoint); diff != "" || got.User != "" {
		t.Errorf("user %q, want none; entrypoint (-want +got):\n%s", got.User, diff)
	}
	const prefix, url = "org.opencontainers.image.", "https://github.com/polytag/polytag"
	want := map[string]string{
		prefix + "title": "polytag", prefix + "licenses": "Apache-2.0", prefix + "revision": revision, prefix + "version": "",
		prefix + "description": "Publishes a multi-architecture container image under its release tags",
		prefix + "url":         url, prefix + "source": url, prefix + "documentation": url + "#readme",
	}
	if diff := cmp.Diff(want, got.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	inDocker(t, "run", "--rm", "--network=host", image, "sh", "-c",
		`for tool in sh tail tar env rm mv cp cat; do command -v $tool || exit; done; [ "$(id -u)" = 0 ] && [ -s /etc/ssl/certs/ca-certificates.crt ]`)
	if out := inDocker(t, "run", "--rm", "--network=host", image, "version"); !strings.HasPrefix(out, "polytag ") {
		t.Errorf("version = %q", out)
	}
}

// TestSizes holds the image to the sizes that the README names.
func TestSizes(t *testing.T) {
	t.Parallel()
	const whole, ours = 13e6, 5.5e6
	if got := len(programIn(t, image)); got > whole {
		t.Errorf("the program has %d bytes, want at most %.0f", got, whole)
	}
	sum := 0
	for i, layer := range layers(t, image) {
		t.Logf("layer %d: %d bytes, compressed %d", i, len(layer), compressed(t, layer))
		if i > 0 { // the first is Alpine's
			sum += compressed(t, layer)
		}
	}
	if sum > ours {
		t.Errorf("the layers on top of Alpine have %d bytes compressed, want at most %.0f", sum, ours)
	}
}

// TestReproducible builds the program elsewhere, with another cache and another folder, and wants the same bytes.
func TestReproducible(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "polytag")
	if err := program.Build(t.Context(), root, path); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := programIn(t, image); !bytes.Equal(got, want) {
		t.Errorf("the program in the image has %d bytes and differs from the one built here, which has %d", len(got), len(want))
	}
}

// TestPlatforms checks what the Dockerfile asks Go for on each platform: the base image has a program in Go's place that writes down
// its environment.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	const recorder = "recorder:latest"
	const script = "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = -o ] && echo \"$CGO_ENABLED $GOOS $GOARCH $GOARM\" >\"$2\"; shift; done\n"
	if err := docker.ImportAlpine(t.Context(), recorder, map[string][]byte{"bin/go": []byte(script)}); err != nil {
		t.Fatal(err)
	}
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	recorded := strings.Replace(string(dockerfile), engine.Golang, recorder, 1)
	for platform, want := range map[string]string{
		"linux/amd64": "0 linux amd64", "linux/arm64": "0 linux arm64", "linux/arm/v7": "0 linux arm 7", "linux/arm/v6": "0 linux arm 6",
		"linux/386": "0 linux 386", "linux/ppc64le": "0 linux ppc64le", "linux/s390x": "0 linux s390x", "linux/riscv64": "0 linux riscv64",
	} {
		tag := "recorded:" + strings.ReplaceAll(platform, "/", "-")
		cmd := build(t.Context(), "--platform="+platform, "--target=build", "--tag="+tag, "--file=-", ".")
		cmd.Stdin = strings.NewReader(recorded)
		if err := run(cmd); err != nil {
			t.Error(err)
			continue
		}
		if got := strings.TrimSpace(string(fileIn(t, tag, "/polytag"))); got != want {
			t.Errorf("%s: Go builds with %q, want %q", platform, got, want)
		}
	}
}

// programIn returns the program of an image.
func programIn(t *testing.T, image string) []byte {
	t.Helper()
	return fileIn(t, image, "/usr/local/bin/polytag")
}

// fileIn returns a file of an image, which is not run.
func fileIn(t *testing.T, image, path string) []byte {
	t.Helper()
	container := inDocker(t, "create", "--network=host", image, "never run")
	defer inDocker(t, "rm", container)
	archive, err := docker.Command(t.Context(), "cp", container+":"+path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := tar.NewReader(bytes.NewReader(archive))
	if _, err := files.Next(); err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(files)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// layers returns the layers of an image as they are on the disk, uncompressed.
func layers(t *testing.T, image string) [][]byte {
	t.Helper()
	archive, err := docker.Command(t.Context(), "save", image).Output()
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for files := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if content[header.Name], err = io.ReadAll(files); err != nil {
			t.Fatal(err)
		}
	}
	var manifests []struct {
		Layers []string `json:"Layers"`
	}
	if err := json.Unmarshal(content["manifest.json"], &manifests); err != nil || len(manifests) != 1 {
		t.Fatalf("%v, %d manifests", err, len(manifests))
	}
	var all [][]byte
	for _, name := range manifests[0].Layers {
		all = append(all, content[name])
	}
	return all
}

// compressed is the size of what a registry holds of a layer.
func compressed(t *testing.T, layer []byte) int {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(layer); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}
