// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/polytag/polytag/testdata/conformance/engine"
)

const (
	// image is the default of the component's input image.
	image = "ghcr.io/polytag/polytag:main"
	// helper is the image that gitlab-ci-local moves files with.
	helper = "helper:local"
)

// TestContainers runs the jobs in containers, the release in the image of the Dockerfile.
func TestContainers(t *testing.T) {
	t.Parallel()
	docker, err := engine.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docker.Stop(); err != nil {
			t.Error(err)
		}
	})
	importBases(t, docker)
	build(t, docker, image, root)
	buildHelper(t, docker)

	reg := startRegistry(t, "gitlab-ci-token", "glcbt-64_s3cr3t")
	reg.pushBuild(t)
	p := newProject(t, strings.Replace(release, "stage: after", "stage: after\n  image: "+engine.Alpine, 1), reg)
	p.path = filepath.Dir(docker.Docker)
	p.env = docker.Env
	p.flags = []string{"--pull-policy=if-not-present", "--helper-image=" + helper, "--network=host"}
	out := p.succeed(t)
	checkRelease(t, p, reg, out)
	if !strings.Contains(out.log, "polytag-release starting "+image) {
		t.Errorf("the job did not run in %s:\n%s", image, out.log)
	}
}

// importBases makes stand-ins for the base images of the Dockerfile. In place of Go is a script that has the program already:
// that Go builds the same there, package e2e proves.
func importBases(t *testing.T, docker *engine.Engine) {
	t.Helper()
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	const script = "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = -o ] && cp /bin/polytag \"$2\"; shift; done\n"
	for name, programs := range map[string]map[string][]byte{
		engine.Alpine: nil,
		engine.Golang: {"bin/go": []byte(script), "bin/polytag": content},
	} {
		if err := docker.ImportAlpine(t.Context(), name, programs); err != nil {
			t.Fatal(err)
		}
	}
}

// build builds the Dockerfile of a folder with the classic builder, which takes base images from the engine.
func build(t *testing.T, docker *engine.Engine, name, dir string) {
	t.Helper()
	cmd := docker.Command(t.Context(), "build", "--quiet", "--network=host", "--tag="+name, dir)
	cmd.Env = append(cmd.Env, "DOCKER_BUILDKIT=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", name, err, out)
	}
}

// buildHelper makes an image of this machine's bash and rsync and the libraries that they need.
func buildHelper(t *testing.T, docker *engine.Engine) {
	t.Helper()
	dir := t.TempDir()
	library := regexp.MustCompile(`(/\S+) \(0x`)
	for _, program := range []string{"bash", "rsync"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatalf("%v: apt-get install %s", err, program)
		}
		list, err := exec.Command("ldd", path).Output()
		if err != nil {
			t.Fatalf("listing the libraries of %s: %v", program, err)
		}
		copyFile(t, path, filepath.Join(dir, "bin", program))
		for _, m := range library.FindAllStringSubmatch(string(list), -1) {
			copyFile(t, m[1], filepath.Join(dir, m[1]))
		}
	}
	dockerfile := "FROM " + engine.Alpine + "\nCOPY . /\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	build(t, docker, helper, dir)
}

// copyFile copies a program or a library.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		t.Fatal(err)
	}
}
