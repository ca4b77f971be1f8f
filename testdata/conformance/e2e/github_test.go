// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/polytag/polytag/testdata/conformance/e2e/runner"
)

// platforms are those of the images in a new registry.
const platforms = "linux/amd64,linux/386,linux/arm/v6,linux/arm/v7,linux/arm64/v8,linux/ppc64le,linux/s390x"

// newJob returns a job on GitHub's runner.
func newJob(t *testing.T) *runner.Job {
	t.Helper()
	job, err := runner.New(docker, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// step runs the action. The end of ctx cancels the workflow.
func step(ctx context.Context, t *testing.T, job *runner.Job, with map[string]string) runner.Result {
	t.Helper()
	result, err := job.Run(ctx, root, image, with)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Errors) > 0 {
		t.Errorf("the runner says %q", result.Errors)
	}
	if testing.Verbose() {
		t.Logf("exit status %d\n%s", result.ExitCode, result.Log)
	}
	return result
}

// inputs are those of a release of the images in a registry.
func inputs(r *registry) map[string]string {
	return map[string]string{"images": r.image(), "source_tag": "12be34", "platforms": platforms}
}

// versionTags are the tags of v1.2.3, in push order.
func versionTags() []string { return []string{"1", "1.2", "1.2.3", "latest"} }

// TestRelease releases with nothing but the inputs that a workflow needs.
func TestRelease(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, authn.Basic{})
	got := step(t.Context(), t, newJob(t), inputs(r))
	if got.Failed {
		t.Fatalf("the step failed:\n%s", got.Log)
	}
	digest := r.wantTags(t)
	outputs := maps.Clone(got.Outputs)
	if !strings.HasPrefix(outputs["result"], "{") {
		t.Errorf("output result = %q, want JSON", outputs["result"])
	}
	delete(outputs, "result")
	want := map[string]string{
		"digest": digest, "image": r.image() + "@" + digest, "version": "1.2.3", "status": "done",
		"tags":      r.image() + ":" + strings.Join(versionTags(), "\n"+r.image()+":"),
		"tag_names": strings.Join(versionTags(), "\n"),
		"platforms": strings.Replace(platforms, "arm64/v8", "arm64", 1),
	}
	if diff := cmp.Diff(want, outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	golden(t, "release.md", r.anonymous(got.Summary))
}

// TestFailure lets the registry refuse one tag: the step fails, and still says what there is.
func TestFailure(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, authn.Basic{})
	r.instead("1.2.3", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"errors":[{"code":"DENIED","message":"no more of this"}]}`, http.StatusForbidden)
	})
	got := step(t.Context(), t, newJob(t), inputs(r))
	if got.ExitCode != 1 || !got.Failed {
		t.Errorf("exit status %d, failed %t, want 1 and true", got.ExitCode, got.Failed)
	}
	if got.Outputs["status"] != "failed" || got.Outputs["tags"] != "" {
		t.Errorf("outputs status %q and tags %q, want failed and none", got.Outputs["status"], got.Outputs["tags"])
	}
	for _, tag := range versionTags() {
		if digest := r.digest(t, tag); digest != "" {
			t.Errorf("%s = %s, want no such tag", tag, digest)
		}
	}
	if !strings.Contains(got.Log, "::error ") {
		t.Errorf("no annotation in the log:\n%s", got.Log)
	}
	golden(t, "failure.md", r.anonymous(got.Summary))
}

// TestCancel cancels the workflow while a tag is being written: the program ends the release in good order at the first signal.
func TestCancel(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, authn.Basic{})
	job := newJob(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	signalled := make(chan struct{})
	job.Signalled = sync.OnceFunc(func() { close(signalled) })
	r.intercept(func(_ http.ResponseWriter, req *http.Request) bool {
		if puts(req, "1.2") {
			cancel()
			<-signalled
		}
		return false
	})
	got := step(ctx, t, job, inputs(r))
	wantInterrupted(t, got)
	digest := r.wantTags(t)
	if got.Outputs["status"] != "done" || got.Outputs["digest"] != digest {
		t.Errorf("outputs status %q and digest %q, want done and %s", got.Outputs["status"], got.Outputs["digest"], digest)
	}
}

// TestCancelEarly cancels the workflow while the program waits for a registry that does not answer: nothing is written.
func TestCancelEarly(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, authn.Basic{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.intercept(func(_ http.ResponseWriter, req *http.Request) bool {
		if strings.HasSuffix(req.URL.Path, "/tags/list") {
			cancel()
			<-req.Context().Done()
		}
		return false
	})
	got := step(ctx, t, newJob(t), inputs(r))
	wantInterrupted(t, got)
	if got.ExitCode != 130 || got.Outputs["status"] != "failed" {
		t.Errorf("exit status %d and output status %q, want 130 and failed", got.ExitCode, got.Outputs["status"])
	}
	for _, tag := range versionTags() {
		if digest := r.digest(t, tag); digest != "" {
			t.Errorf("%s = %s, want no such tag", tag, digest)
		}
	}
}

// wantInterrupted checks that the first signal was enough, and so the time that GitHub leaves.
func wantInterrupted(t *testing.T, got runner.Result) {
	t.Helper()
	if want := []os.Signal{syscall.SIGINT}; !slices.Equal(got.Signals, want) {
		t.Errorf("it took the signals %v to end it, want %v", got.Signals, want)
	}
}

// TestPaths gives the action a folder in runner.temp and a file in the workspace, by their paths on the host.
func TestPaths(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, authn.Basic{})
	job := newJob(t)
	digests := filepath.Join(job.Temp, "digests")
	if err := os.Mkdir(digests, 0o755); err != nil {
		t.Fatal(err)
	}
	var all []string
	for platform := range strings.SplitSeq(platforms, ",") {
		digest := r.digest(t, "12be34-"+strings.ReplaceAll(platform, "/", "-"))
		all = append(all, digest)
		if err := os.WriteFile(filepath.Join(digests, strings.TrimPrefix(digest, "sha256:")), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	json := filepath.Join(job.Workspace, "result.json")
	got := step(t.Context(), t, job, map[string]string{"images": r.image(), "digests": digests, "platforms": platforms, "json": json})
	if got.Failed || r.digest(t, "latest") == "" {
		t.Fatalf("the release of the digests %q failed:\n%s", all, got.Log)
	}
	if raw, err := os.ReadFile(json); err != nil || !strings.Contains(string(raw), got.Outputs["digest"]) {
		t.Errorf("the result in the workspace = %s, %v, want the digest in it", raw, err)
	}
}
