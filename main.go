// SPDX-License-Identifier: Apache-2.0

// Command polytag publishes a multi-architecture container image under its
// release tags. See https://github.com/polytag/polytag.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/polytag/polytag/action"
)

// version is set by the linker.
var version string

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	info, err := os.Stdout.Stat()
	command := &action.Command{
		Args: os.Args[1:], Getenv: os.Getenv, Version: version,
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "",
	}
	return command.Main(ctx)
}
