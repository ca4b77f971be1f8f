// SPDX-License-Identifier: Apache-2.0

// Package action is the program: it reads inputs, wires the packages below
// internal together, and says what was done. It is the only package that
// imports all others; main only hands it the process.
package action

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/release"
)

// Exit statuses.
const (
	// ExitOK: the release is done, or planned.
	ExitOK = 0
	// ExitFailed: not every tag was published.
	ExitFailed = 1
	// ExitUsage: inputs are wrong; nothing was tried.
	ExitUsage = 2
	// ExitIncomplete: published and verified, but something after it failed.
	ExitIncomplete = 3
	// ExitInterrupted: a signal came before anything was written.
	ExitInterrupted = 130

	// ExitDiffer: the two references of inspect have another digest each.
	ExitDiffer = 1
	// ExitUnread: one of them could not be read, so that nobody knows.
	ExitUnread = 3
)

// Command is one run of polytag. The zero value of a field stands for nothing:
// no arguments, an empty environment, output that is thrown away.
type Command struct {
	// Args are the arguments without the program's name.
	Args []string
	// Getenv looks up an environment variable; nil: there are none.
	Getenv func(string) string
	// Stdin is read for --password-stdin alone.
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Terminal says that Stdout is a terminal, which colours are for.
	Terminal bool
	// Transport carries all requests, below the retries; nil: the network.
	Transport http.RoundTripper
	// Version is the version that the linker set; empty: the module's.
	Version string
}

// errUsage marks an error as the user's: nothing was tried.
var errUsage = errors.New("usage")

// Main runs the command and returns the exit status of the process.
func (c *Command) Main(ctx context.Context) int {
	if c.Getenv == nil {
		c.Getenv = func(string) string { return "" }
	}
	if c.Stdin == nil {
		c.Stdin = strings.NewReader("")
	}
	if c.Stdout == nil {
		c.Stdout = io.Discard
	}
	if c.Stderr == nil {
		c.Stderr = io.Discard
	}
	err := c.Run(ctx)
	if errors.Is(err, errDiffer) {
		return ExitDiffer
	}
	c.explain(ci.Detect(c.Getenv, c.Stdout), err)
	return status(ctx, err)
}

// Run runs the command. The error, if any, has not been printed.
func (c *Command) Run(ctx context.Context) error {
	verb, args := "release", c.Args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	} else if len(args) == 1 && strings.TrimLeft(args[0], "-") == "version" { // what people try first
		verb, args = "version", nil
	}
	switch verb {
	case "release":
		return c.release(ctx, args, false)
	case "plan":
		return c.release(ctx, args, true)
	case "inspect":
		return c.inspect(ctx, args)
	case "demo":
		return c.demo(ctx, args)
	case "version":
		return c.printVersion(args)
	case "help":
		return c.help(c.Stdout)
	default:
		return fmt.Errorf("%w: unknown command %s; want release, plan, inspect, demo or version", errUsage, quote(verb))
	}
}

// status is the exit status that stands for an error.
func status(ctx context.Context, err error) int {
	_, input := errors.AsType[*InputError](err)
	_, unfinished := errors.AsType[*unfinishedError](err)
	_, begun := errors.AsType[*release.PublishError](err)
	_, unread := errors.AsType[*unreadError](err)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return ExitOK
	case input || errors.Is(err, errUsage):
		return ExitUsage
	case unfinished:
		return ExitIncomplete
	case !begun && errors.Is(context.Cause(ctx), context.Canceled) && errors.Is(err, context.Canceled):
		return ExitInterrupted
	case unread:
		return ExitUnread
	default:
		return ExitFailed
	}
}
