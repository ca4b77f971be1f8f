// SPDX-License-Identifier: Apache-2.0

// Package runner does with a docker action what GitHub's runner does: the same folders, mounts and variables, the same command
// line, the same reading of what the action leaves. It was written after the runner's source, of which file names are given:
// https://github.com/actions/runner/tree/main/src/Runner.Worker
//
// The one deviation is the network, the host's, so that a container reaches a registry on loopback.
package runner

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polytag/polytag/testdata/conformance/engine"
)

// Job is a job on a runner.
type Job struct {
	// GitHub and Env are the contexts github and env. New fills the first with what each run has.
	GitHub, Env map[string]string
	// Workspace and Temp are github.workspace and runner.temp on the host.
	Workspace, Temp string
	// Secrets are the workflow's, which the runner hides by itself.
	Secrets []string
	// Signalled is called after each signal that was sent to a step.
	Signalled func()

	docker *engine.Engine
	paths  []mapping
}

// mapping is a folder of the host and what a container calls it.
type mapping struct{ host, container string }

// New returns a job of the repository acme/app for the tag v1.2.3, with its folders below dir.
func New(docker *engine.Engine, dir string) (*Job, error) {
	j := &Job{
		Workspace: filepath.Join(dir, "app", "app"), Temp: filepath.Join(dir, "_temp"),
		Env: map[string]string{}, Signalled: func() {}, docker: docker,
	}
	// Container/ContainerInfo.cs: the first that fits translates a path.
	j.paths = []mapping{
		{j.Workspace, "/github/workspace"},
		{filepath.Join(j.Temp, "_runner_file_commands"), "/github/file_commands"},
		{filepath.Join(j.Temp, "_github_workflow"), "/github/workflow"},
		{filepath.Join(j.Temp, "_github_home"), "/github/home"},
		{j.Temp, "/github/runner_temp"},
	}
	for _, m := range j.paths {
		if err := os.MkdirAll(m.host, 0o755); err != nil {
			return nil, err
		}
	}
	j.GitHub = map[string]string{
		"action": "__self", "actor": "octocat", "api_url": "https://api.github.com", "event_name": "push",
		"event_path": filepath.Join(j.host("/github/workflow"), "event.json"), "graphql_url": "https://api.github.com/graphql",
		"job": "release", "ref": "refs/tags/v1.2.3", "ref_name": "v1.2.3", "ref_type": "tag", "repository": "acme/app",
		"repository_owner": "acme", "run_attempt": "1", "run_id": "1", "run_number": "1", "server_url": "https://github.com",
		"sha": "12be34e0c5d4a3b2c1d0e9f8a7b6c5d4e3f2a1b0", "token": "", "workflow": "release", "workspace": j.Workspace,
	}
	return j, os.WriteFile(j.GitHub["event_path"], []byte("{}"), 0o644)
}

// host returns the folder that a container's is mounted from.
func (j *Job) host(container string) string {
	i := slices.IndexFunc(j.paths, func(m mapping) bool { return m.container == container })
	return j.paths[i].host
}

// translate rewrites a variable that is a path, or begins with one, as the container knows it.
func (j *Job) translate(value string) string {
	for _, m := range j.paths {
		if value == m.host || strings.HasPrefix(value, m.host+"/") {
			return m.container + value[len(m.host):]
		}
	}
	return value
}

// Result is what became of a step.
type Result struct {
	ExitCode int
	// Failed says whether the step failed: the action ended with another status than 0, or left what the runner cannot read.
	Failed  bool
	Outputs map[string]string
	Summary string
	// Log is what people see, with the masks in place.
	Log string
	// Signals were sent to end it.
	Signals []os.Signal
	// Errors are the runner's own.
	Errors []string
}

// Run runs a step that uses the action in a folder, with an image in place of the one that the action builds. The end of ctx
// cancels the workflow.
func (j *Job) Run(ctx context.Context, dir, image string, with map[string]string) (Result, error) {
	action, err := readAction(dir)
	if err != nil {
		return Result{}, err
	}
	files, err := newFileCommands(j.host("/github/file_commands"))
	if err != nil {
		return Result{}, err
	}
	env := j.variables(action.inputs(with, j.context()), files)
	cmd := exec.Command(j.docker.Docker, splitArguments(j.commandLine(env, action.Runs.Entrypoint, image))...)
	cmd.Dir = j.Workspace
	cmd.Env = append(os.Environ(), j.docker.Env...)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	log := log{masked: slices.Clone(j.Secrets)}
	cmd.Stdout, cmd.Stderr = &log, &log
	signals, err := end(ctx, cmd, j.Signalled)
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return Result{}, err
	}
	r := Result{ExitCode: cmd.ProcessState.ExitCode(), Signals: signals}
	r.Log = log.shown()
	files.read(&r) // ActionRunner.cs: in a finally block, so of a failed step too
	r.Failed = r.ExitCode != 0 || len(r.Errors) > 0
	return r, nil
}

// context is what the default of an input may use.
func (j *Job) context() map[string]map[string]string {
	return map[string]map[string]string{"github": j.GitHub, "runner": {"temp": j.Temp}}
}

// variables are those of the container. Handlers/ContainerActionHandler.cs
func (j *Job) variables(inputs map[string]string, files fileCommands) map[string]string {
	env := maps.Clone(j.Env)
	for name, value := range inputs {
		env["INPUT_"+strings.ToUpper(strings.ReplaceAll(name, " ", "_"))] = value // Handlers/Handler.cs
	}
	env["HOME"] = j.host("/github/home")
	for name, value := range j.GitHub {
		if name != "token" {
			env["GITHUB_"+strings.ToUpper(name)] = value
		}
	}
	maps.Copy(env, files.variables())
	env["RUNNER_OS"], env["RUNNER_ARCH"], env["RUNNER_NAME"], env["RUNNER_TEMP"] = "Linux", "X64", "runner", j.Temp
	for name, value := range env {
		env[name] = j.translate(value)
	}
	return env
}

// commandLine is what the runner hands to .NET, which splits it. Container/DockerCommandManager.cs
func (j *Job) commandLine(env map[string]string, entrypoint, image string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `run --name polytag_%s --label e2e --workdir /github/workspace --rm`, rand.Text()[:6])
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, ` -e "%s"`, name)
	}
	b.WriteString(` -e GITHUB_ACTIONS=true -e CI=true`)
	if entrypoint != "" {
		fmt.Fprintf(&b, ` --entrypoint "%s"`, entrypoint)
	}
	b.WriteString(` --network host`)
	for _, m := range j.paths {
		fmt.Fprintf(&b, ` -v "%s":"%s"`, m.host, m.container)
	}
	fmt.Fprintf(&b, ` %s`, image)
	return b.String()
}
