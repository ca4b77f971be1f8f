// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/demo"
	"github.com/polytag/polytag/internal/platform"
)

// demoPlatforms are the platforms of the demo's image.
const demoPlatforms = "linux/amd64,linux/arm/v6,linux/arm64/v8"

// demoReadme is the README of the demo's repository.
const demoReadme = `# acme/app

Says hello. See the [guide](docs/guide.md).

![how it looks](screen.png)
`

// demo releases a version and then a patch of an older line, against a Docker
// Hub in this process. It needs nothing, and leaves nothing.
func (c *Command) demo(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: demo takes no argument", errUsage)
	}
	server, err := demo.Start(ctx)
	if err != nil {
		return err
	}
	defer server.Close()
	server.Create("acme/app")
	workspace, err := os.MkdirTemp("", "polytag-demo-")
	if err != nil {
		return fmt.Errorf("making a workspace: %w", err)
	}
	defer os.RemoveAll(workspace)
	if err := os.WriteFile(filepath.Join(workspace, "README.md"), []byte(demoReadme), 0o600); err != nil {
		return fmt.Errorf("writing a README: %w", err)
	}
	s := &story{command: c, server: server, workspace: workspace, image: "docker.io/acme/app"}
	return errors.Join(
		s.say("A Docker Hub in this process: its registry listens on %s, its API on %s. Three build jobs push one image each, under temporary tags:",
			server.Addr(name.DefaultRegistry), server.Addr("hub.docker.com")),
		s.build(ctx, "12be34", "hello from 1.2.3"),
		s.say("The git tag v1.2.3 is there. One step joins the images, publishes 1, 1.2, 1.2.3 and latest in this order, syncs the README, and removes the temporary tags:"),
		s.release(ctx, "v1.2.3", "12be34"),
		s.say("Now the older line gets a patch, v1.1.9. 1.1 and 1.1.9 are new; 1, latest and the page belong to 1.2.3 and stay:"),
		s.build(ctx, "77aa01", "hello from 1.1.9"),
		s.release(ctx, "v1.1.9", "77aa01"),
		s.say("This is what latest is, and what the page on Docker Hub shows:"),
		s.run(ctx, "inspect", s.image+":latest"),
		s.page(),
	)
}

// page shows the Hub's page.
func (s *story) page() error {
	if s.failed {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\ntags, newest first: %s\n\n", strings.Join(s.server.Tags("acme/app"), ", "))
	for line := range strings.Lines(s.server.Page("acme/app")) {
		b.WriteString("  | " + line)
	}
	_, err := io.WriteString(s.command.Stdout, b.String())
	return s.noting(err)
}

// story tells the demo.
type story struct {
	command   *Command
	server    *demo.Server
	workspace string
	image     string
	failed    bool
}

func (s *story) say(format string, args ...any) error {
	if s.failed {
		return nil
	}
	_, err := fmt.Fprintf(s.command.Stdout, "\n# "+format+"\n\n", args...)
	return s.noting(err)
}

// noting stops the story at the first failure.
func (s *story) noting(err error) error {
	s.failed = s.failed || err != nil
	return err
}

// build pushes an image for each platform, as build jobs do.
func (s *story) build(ctx context.Context, stem, hello string) error {
	if s.failed {
		return nil
	}
	specs, err := platform.ParseList(strings.Split(demoPlatforms, ","))
	if err != nil {
		return s.noting(err)
	}
	template, err := platform.ParseTemplate(input("source_template").Default)
	if err != nil {
		return s.noting(err)
	}
	for _, p := range specs {
		text, err := template.Tag(stem, p)
		if err != nil {
			return s.noting(err)
		}
		tag, err := name.NewTag(s.image + ":" + text)
		if err != nil {
			return s.noting(fmt.Errorf("naming an image: %w", err))
		}
		if err := s.server.Push(ctx, tag, p, hello+" on "+p.String()); err != nil {
			return s.noting(err)
		}
		fmt.Fprintf(s.command.Stdout, "  pushed %s\n", tag)
	}
	return nil
}

func (s *story) release(ctx context.Context, gitTag, stem string) error {
	return s.run(ctx, "release", "--images", s.image, "--git-tag", gitTag, "--source-tag", stem, "--platforms", demoPlatforms,
		"--readme", "README.md", "--cleanup")
}

// run shows a command line and runs it, in an environment of its own: the demo
// is no part of the CI job that it may run in.
func (s *story) run(ctx context.Context, args ...string) error {
	if s.failed {
		return nil
	}
	fmt.Fprintf(s.command.Stdout, "$ polytag %s\n", strings.Join(args, " "))
	c := *s.command
	c.Args, c.Transport = args, s.server.Transport()
	env := map[string]string{
		"POLYTAG_USERNAME": demo.Username, "POLYTAG_PASSWORD": demo.Password,
		"GITHUB_WORKSPACE": s.workspace, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/app",
	}
	c.Getenv = func(name string) string { return env[name] }
	return s.noting(c.Run(ctx))
}
