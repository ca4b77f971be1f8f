// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/demo"
	"github.com/polytag/polytag/internal/platform"
)

// demoPlatforms are the platforms of the demo's image.
const demoPlatforms = "linux/amd64,linux/arm/v6,linux/arm64/v8"

// demo releases a version and then a patch of an older line, against a registry
// in this process. It needs nothing, and leaves nothing.
func (c *Command) demo(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: demo takes no argument", errUsage)
	}
	server, err := demo.Start(ctx)
	if err != nil {
		return err
	}
	defer server.Close()
	story := story{command: c, server: server, image: server.Addr() + "/acme/app"}
	return errors.Join(
		story.say("A registry listens on %s. Three build jobs push one image each, under temporary tags:", server.Addr()),
		story.build(ctx, "12be34", "hello from 1.2.3"),
		story.say("The git tag v1.2.3 is there. One step joins the images and publishes 1, 1.2, 1.2.3 and latest, in this order:"),
		story.release(ctx, "v1.2.3", "12be34"),
		story.say("Now the older line gets a patch, v1.1.9. 1.1 and 1.1.9 are new; 1 and latest belong to 1.2.3 and stay:"),
		story.build(ctx, "77aa01", "hello from 1.1.9"),
		story.release(ctx, "v1.1.9", "77aa01"),
		story.say("And this is what latest is:"),
		story.run(ctx, "inspect", story.image+":latest"),
	)
}

// story tells the demo.
type story struct {
	command *Command
	server  *demo.Server
	image   string
	failed  bool
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
	return s.run(ctx, "release", "--images", s.image, "--git-tag", gitTag, "--source-tag", stem, "--platforms", demoPlatforms)
}

// run shows a command line and runs it, without the environment: the demo is no
// part of the CI job that it may run in.
func (s *story) run(ctx context.Context, args ...string) error {
	if s.failed {
		return nil
	}
	fmt.Fprintf(s.command.Stdout, "$ polytag %s\n", strings.Join(args, " "))
	c := Command{Args: args, Stdout: s.command.Stdout, Stderr: s.command.Stderr, Terminal: s.command.Terminal, Version: s.command.Version}
	c.Getenv = func(string) string { return "" }
	return s.noting(c.Run(ctx))
}
