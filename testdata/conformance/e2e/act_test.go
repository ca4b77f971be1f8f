// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/polytag/polytag/testdata/conformance/engine"
)

// bot is the account of the workflows. Its password is one that only masks keep out of a log.
var bot = authn.Basic{Username: "bot", Password: "hunter2-100%-secret"}

// actImage is what act calls the image that it builds for an action in the workspace.
const actImage = "act-dockeraction:latest"

// TestAct runs a workflow with the action as it is on main. act, as Gitea and Forgejo, builds the image with the classic builder,
// from a context that it leaves .dockerignore out of.
func TestAct(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, bot)
	log, err := act(t, "action.yml", r, "--secret=PASSWORD="+bot.Password)
	if err != nil {
		t.Fatalf("the workflow failed: %v", err)
	}
	digest := r.wantTags(t)
	wantInLog(t, log, "a later step has "+digest, "a later job has "+r.image()+"@"+digest+" "+r.image()+":1 "+r.image()+":1.2 ", "Released `1.2.3`")
	wantNoSecrets(t, log)
	if got, want := programIn(t, actImage), programIn(t, image); !bytes.Equal(got, want) {
		t.Errorf("the classic builder and BuildKit make different programs, of %d and %d bytes", len(got), len(want))
	}
}

// TestActWithDockerLogin runs a workflow with the composite front, in a job whose container has what the real docker login wrote.
func TestActWithDockerLogin(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, bot)
	log, err := act(t, "with-docker-login.yml", r, "--container-options=--volume="+login(t, r)+":/root/.docker:ro")
	if err != nil {
		t.Fatalf("the workflow failed: %v", err)
	}
	digest := r.wantTags(t)
	wantInLog(t, log, "a later step has done "+digest, "a later job has "+r.image()+"@"+digest)
	wantNoSecrets(t, log)
}

// TestActWithDockerLoginFailing lets the registry refuse a tag, with all that it knows: the workflow fails, and later steps still
// have the outputs.
func TestActWithDockerLoginFailing(t *testing.T) {
	t.Parallel()
	r := newRegistry(t, bot)
	r.instead("1.2.3", refuseWithSecrets)
	log, err := act(t, "with-docker-login.yml", r, "--container-options=--volume="+login(t, r)+":/root/.docker:ro")
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		t.Fatalf("the workflow ended with %v, want a failure", err)
	}
	wantInLog(t, log, "DENIED: denied to ***", "a later step has failed")
	wantNoSecrets(t, log)
}

// login signs in to a registry with the real docker login, as docker/login-action does, and returns the folder with its config.
func login(t *testing.T, r *registry) string {
	t.Helper()
	dir := t.TempDir()
	cmd := docker.Command(t.Context(), "--config="+dir, "login", "--username="+r.login.Username, "--password-stdin", r.host)
	cmd.Stdin = strings.NewReader(r.login.Password)
	if err := run(cmd); err != nil {
		t.Fatal(err)
	}
	return dir
}

// act runs a workflow of testdata for the tag v1.2.3, in a repository with what the action is made of, and returns its log.
func act(t *testing.T, workflow string, r *registry, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("act")
	if err != nil {
		t.Fatalf("%v: go install github.com/nektos/act@v0.2.89", err)
	}
	dir := checkout(t)
	// act names its containers after the file: two runs of one would take them from each other.
	path := filepath.Join(t.TempDir(), t.Name()+".yml")
	if err := run(exec.Command("cp", filepath.Join("testdata", workflow), path)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{
		"push", "--workflows=" + path, "--rm", "--pull=false", "--no-cache-server",
		"--platform=ubuntu-latest=" + engine.Alpine, "--var=REGISTRY=" + r.host,
	}, args...)...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, docker.Env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	return string(out), err
}

// checkout returns a git repository, on the tag v1.2.3, with what the action is made of.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{
		"action.yml", "Dockerfile", ".dockerignore", "entrypoint.sh", "go.mod", "go.sum", "main.go", "action", "internal", "with-docker-login",
	} {
		if err := run(exec.Command("cp", "-R", filepath.Join(root, name), dir)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "."},
		{"-c", "user.name=e2e", "-c", "user.email=e2e@example.com", "commit", "--quiet", "--message=e2e"},
		{"tag", "v1.2.3"},
		{"remote", "add", "origin", "https://github.com/acme/app.git"},
	} {
		if err := run(exec.Command("git", append([]string{"-C", dir}, args...)...)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wantInLog checks that a log holds some texts.
func wantInLog(t *testing.T, log string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(log, text) {
			t.Errorf("the log lacks %q", text)
		}
	}
}

// wantNoSecrets checks that a log holds the password in no form.
func wantNoSecrets(t *testing.T, log string) {
	t.Helper()
	for _, secret := range []string{
		bot.Password,
		base64.StdEncoding.EncodeToString([]byte(bot.Password)),
		base64.StdEncoding.EncodeToString([]byte(bot.Username + ":" + bot.Password)),
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
