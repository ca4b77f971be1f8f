// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// polytagImage is how the examples name the image.
const polytagImage = "ghcr.io/polytag/polytag:1"

var errUsage = errors.New("not a command that stands in for docker's")

// docker is what the examples run as "docker". It knows the options that they use, and no others.
func docker(args []string) error {
	if slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, login.Password) }) {
		return errors.New("every process list shows the password")
	}
	switch {
	case len(args) > 0 && args[0] == "login":
		return dockerLogin(args[1:])
	case len(args) > 0 && args[0] == "run":
		return dockerRun(args[1:])
	case slices.Equal(args, []string{"buildx", "create", "--use"}):
		return nil
	case len(args) > 1 && args[0] == "buildx" && args[1] == "build":
		return dockerBuild(args[2:])
	}
	return fmt.Errorf("%w: %q", errUsage, args)
}

// options reads the options before the first argument that is none. Those in flags have no value.
func options(args []string, flags ...string) (map[string][]string, []string, error) {
	given := map[string][]string{}
	for len(args) > 0 && strings.HasPrefix(args[0], "--") {
		switch option := args[0]; {
		case slices.Contains(flags, option):
			given[option] = append(given[option], "")
			args = args[1:]
		case len(args) > 1:
			given[option] = append(given[option], args[1])
			args = args[2:]
		default:
			return nil, nil, fmt.Errorf("%w: %s without a value", errUsage, option)
		}
	}
	return given, args, nil
}

func dockerLogin(args []string) error {
	given, rest, err := options(args, "--password-stdin")
	if err != nil || len(rest) != 1 || given["--password-stdin"] == nil {
		return fmt.Errorf("%w: login %q", errUsage, args)
	}
	password, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	auth := authn.AuthConfig{Username: strings.Join(given["--username"], ""), Password: string(password)}
	return writeConfig(filepath.Join(os.Getenv("HOME"), ".docker"), rest[0], auth)
}

// writeConfig writes the config.json of a folder, as docker login does where there is no credential helper.
func writeConfig(dir, registry string, auth authn.AuthConfig) error {
	text, err := auth.MarshalJSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, `{"auths":{%q:%s}}`, registry, text), 0o600)
}

// dockerBuild pushes an image, or an index of images, as docker buildx build --push does.
func dockerBuild(args []string) error {
	given, rest, err := options(args, "--push")
	if err != nil || !slices.Equal(rest, []string{"."}) || given["--push"] == nil || len(given["--tag"]) != 1 {
		return fmt.Errorf("%w: buildx build %q", errUsage, args)
	}
	tag, err := name.NewTag(given["--tag"][0])
	if err != nil {
		return err
	}
	content, err := image(strings.Split(strings.Join(given["--platform"], ","), ","))
	if err != nil {
		return err
	}
	return remote.Push(tag, content, remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

// dockerRun runs polytag with the environment that its container would have. Of other images it proves that they can be pulled.
func dockerRun(args []string) error {
	given, rest, err := options(args, "--rm", "--privileged")
	if err != nil || len(rest) == 0 || given["--rm"] == nil {
		return fmt.Errorf("%w: run %q", errUsage, args)
	}
	switch rest[0] {
	case "docker.io/tonistiigi/binfmt":
		return nil
	case polytagImage:
	default:
		ref, err := name.ParseReference(rest[0])
		if err != nil {
			return err
		}
		_, err = remote.Get(ref, remote.WithAuthFromKeychain(authn.DefaultKeychain))
		return err
	}
	home, err := os.MkdirTemp(os.Getenv("HOME"), "container-")
	if err != nil {
		return err
	}
	args = rest[1:]
	for _, volume := range given["--volume"] {
		from, to, _ := strings.Cut(volume, ":")
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], to, from)
		}
	}
	cmd := exec.Command(os.Getenv("EXAMPLES_POLYTAG"), args...)
	cmd.Dir, cmd.Env = home, []string{"HOME=" + home, "PATH=/nowhere"}
	for _, variable := range given["--env"] {
		if value, set := os.LookupEnv(variable); set {
			variable += "=" + value
		}
		cmd.Env = append(cmd.Env, variable)
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
