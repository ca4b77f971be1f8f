// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/action"
	"github.com/polytag/polytag/internal/registrytest"
	"github.com/polytag/polytag/internal/report"
)

const (
	host = "registry.example"
	repo = "acme/app"
)

// scenario is a release, and the registries before it.
type scenario struct {
	name    string
	options registrytest.Options
	// hosts are the registries; each is published to, and has the sources. None: host alone.
	hosts []string
	// from is another registry, which has the sources: a signed index. Empty: each host has them, image by image.
	from string
	// before are the versions that were released before, in any order: their exact tags, and the floating tags of the highest ones.
	before []string
	// points sets further tags, to the image of a version in before.
	points map[string]string
	// version is released, from the stem build and two platforms.
	version string
	args    []string
}

const platforms = "linux/amd64,linux/arm64"

// command is the release as its command line.
func (s scenario) command() []string {
	args := []string{"--git-tag", "v" + s.version}
	if s.from == "" {
		args = append(args, "--source-tag", "build", "--platforms", platforms)
	} else {
		args = append(args, "--sources", s.from+"/"+repo+":tested")
	}
	if s.options.Users != nil {
		args = append(args, "--username", "bot")
	}
	for _, h := range s.names() {
		args = append(args, "--images", h+"/"+repo)
	}
	return append(args, s.args...)
}

// names are the hosts that are published to.
func (s scenario) names() []string {
	if len(s.hosts) == 0 {
		return []string{host}
	}
	return s.hosts
}

// images are the images of a scenario by tag.
func (s scenario) images(tb testing.TB) map[string]v1.Image {
	tb.Helper()
	out := map[string]v1.Image{}
	for p := range strings.SplitSeq(platforms, ",") {
		out["build-"+strings.ReplaceAll(p, "/", "-")] = image(tb, p)
	}
	for _, v := range s.before {
		out[v] = image(tb, "linux/amd64", v)
	}
	return out
}

// image is an image without a layer, which costs next to nothing to store.
func image(tb testing.TB, platform string, cmd ...string) v1.Image {
	tb.Helper()
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		tb.Fatal(err)
	}
	config := &v1.ConfigFile{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant, Config: v1.Config{Cmd: cmd}, RootFS: v1.RootFS{Type: "layers"}}
	img, err := mutate.ConfigFile(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), config)
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

// registries returns a fresh copy of the registries by host.
func (s scenario) registries(tb testing.TB, images map[string]v1.Image) map[string]*registrytest.Registry {
	tb.Helper()
	out := map[string]*registrytest.Registry{}
	for _, h := range s.names() {
		r := registrytest.New(s.options)
		for tag, img := range images {
			if s.from == "" || !strings.HasPrefix(tag, "build-") {
				r.Push(tb, repo+":"+tag, img)
			}
		}
		for _, v := range s.before {
			for _, tag := range floating(v) {
				copyTag(tb, r, tag, owner(s.before, tag))
			}
		}
		for tag, v := range s.points {
			copyTag(tb, r, tag, v)
		}
		out[h] = r
	}
	if s.from != "" {
		out[s.from] = signed(tb, images)
	}
	return out
}

// copyTag sets a tag to what another points at.
func copyTag(tb testing.TB, r *registrytest.Registry, tag, from string) {
	tb.Helper()
	r.Tag(tb, repo, hash(tb, r.Tags(repo)[from]), tag)
}

// wire is a network without sockets. As a real one it takes the body of a request that is refused, too, and says why a request was given up.
type wire registrytest.Net

func (w wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := registrytest.Net(w).RoundTrip(req)
	switch {
	case err == nil && req.Body != nil:
		_, _ = io.Copy(io.Discard, req.Body)
	case err != nil && req.Context().Err() != nil:
		err = context.Cause(req.Context())
	}
	return resp, err
}

// network is the network that the registries are on.
func network(registries map[string]*registrytest.Registry) wire {
	w := wire{}
	for h, r := range registries {
		w[h] = r
	}
	return w
}

// outcome is what is seen of a run from outside.
type outcome struct {
	status         int
	stdout, stderr string
	result         report.Document // zero if the run wrote none
}

// run runs polytag in this process.
func run(ctx context.Context, tb testing.TB, net http.RoundTripper, args []string) outcome {
	tb.Helper()
	var stdout, stderr bytes.Buffer
	file := filepath.Join(tb.ArtifactDir(), "result.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	c := action.Command{
		Args:   append(slices.Clone(args), "--json", file),
		Getenv: func(key string) string { return map[string]string{"POLYTAG_PASSWORD": password(args)}[key] },
		Stdout: &stdout, Stderr: &stderr,
		Transport: net,
	}
	out := outcome{status: c.Main(ctx)}
	out.stdout, out.stderr = stdout.String(), stderr.String()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &out.result)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	return out
}

// password is the one of every user of these tests.
func password(args []string) string {
	if slices.Contains(args, "--username") {
		return "secret"
	}
	return ""
}

// state is what the tags of all registries point at, by "host:tag".
func state(registries map[string]*registrytest.Registry) map[string]string {
	out := map[string]string{}
	for h, r := range registries {
		for tag, digest := range r.Tags(repo) {
			out[h+":"+tag] = digest
		}
	}
	return out
}

// tagsOf is the part of a state that belongs to one host.
func tagsOf(state map[string]string, host string) map[string]string {
	out := map[string]string{}
	for key, digest := range state {
		if tag, ok := strings.CutPrefix(key, host+":"); ok {
			out[tag] = digest
		}
	}
	return out
}

func hash(tb testing.TB, digest string) v1.Hash {
	tb.Helper()
	h, err := v1.NewHash(digest)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}
