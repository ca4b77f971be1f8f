// SPDX-License-Identifier: Apache-2.0

package gitlab_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stub stands for docker and buildah: it notes under which names they push.
const stub = `#!/bin/sh
if [ "$1" = login ]; then
	cat >/dev/null
	exit
fi
while [ $# -gt 0 ]; do
	if [ "$1" = --tag ]; then
		echo "$2" >>%q
	fi
	shift
done
`

// TestDocs runs the pipelines of docs/gitlab.md and the project's own: the build jobs with stubs, then all of it with what they
// would have pushed.
func TestDocs(t *testing.T) {
	t.Parallel()
	pipelines := map[string]string{"project": read(t, ".gitlab-ci.yml")}
	for i, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, "docs/gitlab.md"), -1) {
		pipelines[fmt.Sprintf("docs %d", i+1)] = m[1]
	}
	if len(pipelines) != 6 {
		t.Errorf("found %d pipelines, want 6", len(pipelines))
	}
	for name, pipeline := range pipelines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := startRegistry(t, "acme", "glcbt-64_s3cr3t")
			pipeline = strings.ReplaceAll(pipeline, "polytag/polytag/release@1", "$CI_PROJECT_PATH/release@$CI_COMMIT_SHA")
			pipeline = strings.ReplaceAll(pipeline, "acme/app", reg.image())
			// gitlab-ci-local would start it with the stub.
			pipeline = strings.ReplaceAll(pipeline, "  services: [docker:28-dind]\n", "")
			p := newProject(t, pipeline, reg)
			p.write(t, "README.md", "# App\n")
			p.variables = append(p.variables, "DOCKERHUB_TOKEN="+reg.password)
			for _, ref := range p.built(t, reg) {
				_, arch, _ := strings.Cut(ref, "-linux-")
				reg.push(t, ref, arch)
			}
			out := p.succeed(t)
			if !strings.Contains(out.log, " released ") {
				t.Errorf("nothing was released:\n%s", out.log)
			}
		})
	}
}

// built returns what the pipeline's build jobs push, or what a pipeline without any releases.
func (p *project) built(t *testing.T, reg *registry) []string {
	t.Helper()
	dir := t.TempDir()
	list := filepath.Join(dir, "pushed")
	for _, name := range []string{"docker", "buildah"} {
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, stub, list), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.path += ":" + dir
	if strings.Contains(p.run(t, "--list").log, "build") {
		if out := p.run(t, "--stage=build"); out.failed {
			t.Fatalf("the build failed:\n%s", out.log)
		}
		pushed, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(pushed))
	}
	git := exec.Command("git", "rev-parse", "--short=8", "HEAD")
	git.Dir = p.dir
	sha, err := git.Output()
	if err != nil {
		t.Fatal(err)
	}
	stem := reg.image() + ":" + strings.TrimSpace(string(sha))
	return []string{stem + "-linux-amd64", stem + "-linux-arm64"}
}

// read reads a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
