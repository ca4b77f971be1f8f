// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const releaseImage = ".github/workflows/release-image.yml"

// newReleaseImage begins a run of the reusable workflow.
func newReleaseImage(t *testing.T, given contexts) *trial {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, releaseImage))
	if err != nil {
		t.Fatal(err)
	}
	return newTrial(t, string(text), given)
}

func TestGitHubExample(t *testing.T) {
	t.Parallel()
	repository := newRegistry(t)
	r := newTrial(t, source(t, "github/native-runners.yml", repository), nil)
	r.env = secrets() // in place of the job's token, which is good for ghcr.io alone
	r.run(t, "build", "release")
	got := read(t, repository)
	want := published{[]string{"1", "1.2", "1.2.3", "latest"}, got.digest, []string{"linux/amd64", "linux/arm64"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(published{})); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
}

// TestReusableExample checks that the example gives the workflow what it needs, and nothing else.
func TestReusableExample(t *testing.T) {
	t.Parallel()
	var example struct {
		Jobs struct {
			Image struct {
				Uses              string
				Permissions, With map[string]string
			}
		}
	}
	repository := newRegistry(t)
	decode(t, source(t, "github/reusable.yml", repository), &example)
	call := example.Jobs.Image
	if want := "polytag/polytag/" + releaseImage + "@v1"; call.Uses != want {
		t.Errorf("uses = %s, want %s", call.Uses, want)
	}
	given := contexts{"secrets.password": login.Password, "inputs.username": login.Username}
	r := newReleaseImage(t, nil)
	for input, value := range call.With {
		if _, known := r.workflow.On.Call.Inputs[input]; !known {
			t.Errorf("the workflow has no input %q", input)
		}
		given["inputs."+input] = value
	}
	want := map[string]string{"contents": "read", "packages": "write", "id-token": "write", "attestations": "write"}
	if diff := cmp.Diff(want, call.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	outputs := newReleaseImage(t, given).run(t, "plan", "build", "release")
	if outputs["status"] != "done" {
		t.Errorf("status = %q, want done", outputs["status"])
	}
}

func TestReleaseImage(t *testing.T) {
	t.Parallel()
	auth := "- {registry: HOST, username: releaser, password: '" + strings.ReplaceAll(login.Password, "'", "''") + "'}"
	tests := map[string]contexts{
		"password": {"secrets.password": login.Password, "inputs.username": login.Username},
		"list":     {"secrets.registry_auth": auth, "inputs.suffix": "-alpine"},
	}
	for name, given := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRegistry(t)
			given["secrets.registry_auth"] = strings.ReplaceAll(given["secrets.registry_auth"], "HOST", repository.RegistryStr())
			given["inputs.images"] = "# where it goes, first\n" + strings.ToUpper(repository.Name())
			given["inputs.platforms"] = "linux/arm64/v8, linux/amd64\n  # later: linux/s390x, linux/386\nlinux/arm/v7"
			given["inputs.runners"] = "linux/arm/v7=my-arm"
			r := newReleaseImage(t, given)
			outputs := r.run(t, "plan", "build", "release")
			got := read(t, repository)
			want := map[string]string{
				"digest": got.digest, "image": repository.Name() + "@" + got.digest, "version": "1.2.3", "status": "done",
				"platforms": "linux/amd64,linux/arm/v7,linux/arm64", "result": outputs["result"],
				"tag_names": strings.ReplaceAll("1_\n1.2_\n1.2.3_\nlatest_", "_", given["inputs.suffix"]),
			}
			want["tags"] = repository.Name() + ":" + strings.ReplaceAll(want["tag_names"], "\n", "\n"+repository.Name()+":")
			if diff := cmp.Diff(want, outputs); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{want["image"]}, r.attested); diff != "" {
				t.Errorf("attested (-want +got):\n%s", diff)
			}
			matrix := `[{"platform":"linux/arm64/v8","runner":"ubuntu-24.04-arm","emulated":false,"name":"linux-arm64-v8"},` +
				`{"platform":"linux/amd64","runner":"ubuntu-24.04","emulated":false,"name":"linux-amd64"},` +
				`{"platform":"linux/arm/v7","runner":"my-arm","emulated":false,"name":"linux-arm-v7"}]`
			if diff := cmp.Diff(matrix, r.contexts["needs.plan.outputs.matrix"]); diff != "" {
				t.Errorf("matrix (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReleaseImagePlan runs the plan with inputs that it has to refuse, or to make harmless.
func TestReleaseImagePlan(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env  map[string]string
		says string
	}{
		"ghcr":              {nil, ""},
		"no image":          {map[string]string{"IMAGES": "# none\n"}, "::error::images: name a repository, as ghcr.io/acme/app\n"},
		"an image's spaces": {map[string]string{"IMAGES": "ghcr.io/acme/$(touch x)"}, "::error::images: the first is no repository as ghcr.io/acme/app\n"},
		"another registry":  {map[string]string{"IMAGES": "acme/app"}, "::error::the job's token is good for ghcr.io alone: pass the secret password or registry_auth\n"},
		"nobody's password": {map[string]string{"LOGIN": "password"}, "::error::username: name whose password it is\n"},
		"no platform":       {map[string]string{"PLATFORMS": ","}, "::error::platforms: name at least one, as linux/amd64\n"},
		"half a platform":   {map[string]string{"PLATFORMS": "amd64"}, "::error::platforms: want os/arch or os/arch/variant, as linux/arm/v7\n"},
		"JSON":              {map[string]string{"PLATFORMS": `linux/amd64","runner":"evil`}, "::error::platforms: want os/arch or os/arch/variant, as linux/arm/v7\n"},
		"an output":         {map[string]string{"PLATFORMS": "linux/amd64\nmatrix=[]"}, "::error::platforms: want os/arch or os/arch/variant, as linux/arm/v7\n"},
		"no runner":         {map[string]string{"RUNNERS": `linux/amd64=a"b`}, "::error::runners: want PLATFORM=LABEL, as linux/arm/v7=my-arm-runner\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReleaseImage(t, nil)
			file := filepath.Join(t.TempDir(), "output")
			env := with(map[string]string{
				"IMAGES": "GHCR.io/Acme/app", "PLATFORMS": "linux/amd64,linux/riscv64", "RUNNERS": "", "SUFFIX": "", "USERNAME": "",
				"LOGIN": "token", "GITHUB_OUTPUT": file, "PATH": "/usr/bin:/bin",
			}, tt.env)
			command := bash(r.workflow.Jobs["plan"].Steps[0].Run)
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			for key, value := range env {
				cmd.Env = append(cmd.Env, key+"="+value)
			}
			out, err := cmd.CombinedOutput()
			if string(out) != tt.says || (err != nil) != (tt.says != "") {
				t.Errorf("the plan says %q, %v, want %q", out, err, tt.says)
			}
			want := map[string]string{}
			if tt.says == "" {
				want = map[string]string{
					"primary": "ghcr.io/acme/app", "registry": "ghcr.io", "login": "token", "artifact": outputs(t, file)["artifact"],
					"matrix": `[{"platform":"linux/amd64","runner":"ubuntu-24.04","emulated":false,"name":"linux-amd64"},` +
						`{"platform":"linux/riscv64","runner":"ubuntu-24.04","emulated":true,"name":"linux-riscv64"}]`,
				}
			}
			if diff := cmp.Diff(want, outputs(t, file)); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
		})
	}
}
