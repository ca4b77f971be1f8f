// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"go.yaml.in/yaml/v3"
)

// TestSpec gives the files of manifest-tool's documentation, its tests and its own release to it and to polytag, each with a registry of
// its own that has the images. Both publish the same images, for the same platforms, under the same tags.
func TestSpec(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("specs/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	manifestTool := goToolOf(t, "manifesttool", "manifest-tool")
	all := start(t, []server{distribution3(true), distribution3(true)})
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			var j journal
			// The file names only the host.
			theirs, ours := newSpecified(t, &j, all[0], file), newSpecified(t, &j, all[1], file)
			push := []string{"push"}
			if strings.HasSuffix(file, ".oci.yaml") {
				push = []string{"push", "--type=oci"}
			}
			tool(t, nil, manifestTool, slices.Concat([]string{"--plain-http"}, push, []string{"from-spec", theirs.file})...)
			out := command{args: []string{"release", "--spec=" + ours.file, "--plain-http=" + ours.tap.addr}}.start(t).wait(t)
			if out.exit != 0 {
				t.Fatalf("exit status = %d\n%s", out.exit, out.output)
			}
			for _, tag := range ours.tags() {
				want, got := theirs.published(tag), ours.published(tag)
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-manifest-tool +polytag):\n%s\n%s", tag, diff, out.output)
				}
			}
			if writes := j.find(ours.tap, isUpload); len(writes) > 0 {
				t.Errorf("%d blobs were sent, want them mounted\n%s", len(writes), out.output)
			}
		})
	}
}

// specified is what a file asks for, in a registry that has the images.
type specified struct {
	place
	file string
	spec struct {
		Image     string
		Tags      []string
		Manifests []struct {
			Image    string
			Platform struct{ OS, Architecture string }
		}
	}
}

// newSpecified pushes the images of a file.
func newSpecified(t *testing.T, j *journal, r registry, file string) *specified {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &specified{place: newPlace(t, j, r, "unused")}
	s.file = filepath.Join(t.TempDir(), "spec.yaml")
	// One registry for all files: each has repositories of its own.
	here := s.tap.addr + "/" + strings.TrimSuffix(filepath.Base(file), ".yaml")
	content := strings.ReplaceAll(string(text), "__REGISTRY__", here)
	writeFile(t, s.file, content)
	if err := yaml.Unmarshal([]byte(content), &s.spec); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.spec.Manifests {
		ref, err := name.NewTag(m.Image)
		if err != nil {
			t.Fatal(err)
		}
		s.repo = s.repo.Repo(ref.RepositoryStr())
		config := v1.ConfigFile{
			OS: cmp.Or(m.Platform.OS, "linux"), Architecture: cmp.Or(m.Platform.Architecture, "amd64"),
			Config: v1.Config{Cmd: []string{ref.TagStr()}}, RootFS: v1.RootFS{Type: "layers"},
		}
		config.OSVersion = map[string]string{"win2019_v2.2.1": "10.0.17763.1", "win2016_v2.2.1": "10.0.14393.1"}[ref.TagStr()]
		s.pushImage(config, strings.HasSuffix(file, ".oci.yaml"), ref.TagStr())
	}
	ref, err := name.NewTag(s.spec.Image)
	if err != nil {
		t.Fatal(err)
	}
	s.repo = s.repo.Repo(ref.RepositoryStr())
	s.spec.Tags = append([]string{ref.TagStr()}, s.spec.Tags...)
	return s
}

// pushImage pushes an image of one layer, as Docker or as OCI writes it.
func (at place) pushImage(config v1.ConfigFile, oci bool, tag string) {
	at.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		at.Fatal(err)
	}
	image, configType, layer := types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer
	if oci {
		image, configType, layer = types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer
	}
	at.pushManifest(v1.Manifest{
		SchemaVersion: 2, MediaType: image, Config: at.pushBlob(configType, raw),
		Layers: []v1.Descriptor{at.pushBlob(layer, gzipped(at.T, []byte(tag)))},
	}, tag)
}

func (s *specified) tags() []string { return s.spec.Tags }

// published is the index that a tag points at, with its entries in an order of their own: manifest-tool leaves them as the file has them.
func (s *specified) published(tag string) v1.IndexManifest {
	s.Helper()
	list := *s.index(tag)
	slices.SortFunc(list.Manifests, func(a, b v1.Descriptor) int { return strings.Compare(a.Digest.String(), b.Digest.String()) })
	return list
}

// goToolOf is goTool for a tool that has a module of its own, in a folder.
func goToolOf(t *testing.T, folder, tool string) string {
	t.Helper()
	cmd := exec.Command("go", "tool", "-n", tool)
	cmd.Dir = folder
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("building %s: %v", tool, stderrOf(err))
	}
	return strings.TrimSpace(string(out))
}
