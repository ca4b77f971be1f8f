// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/inspect"
	"github.com/polytag/polytag/internal/report"
)

// inspection is what inspect was asked for.
type inspection struct {
	ref       string
	json, raw bool
}

// inspect shows an image or index as a table, as JSON, or byte for byte.
func (c *Command) inspect(ctx context.Context, args []string) error {
	asked, err := c.inspection(args)
	if err != nil {
		return err
	}
	p := &parser{values: gather(nil, c.Getenv), getenv: c.Getenv}
	p.network()
	ref, err := name.ParseReference(asked.ref, p.options(asked.ref)...)
	if err != nil {
		return fmt.Errorf("%w: %s: want a reference, as ghcr.io/acme/app:1.2.3", errUsage, quote(asked.ref))
	}
	p.out.request.Targets = []name.Repository{ref.Context()} // whose account username and password are
	p.accounts()
	if err := errors.Join(p.errs...); err != nil {
		return err
	}
	p.out.dryRun = true // nothing is written, so nothing has to be signed in for
	net, err := c.connect(ctx, p.out, ci.Detect(c.Getenv, c.Stderr))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.out.timeout)
	defer cancel()
	found, err := inspect.Read(ctx, net.registry.Repository(ref.Context()), ref)
	if err != nil {
		return err
	}
	return c.show(asked, found)
}

// inspection reads the arguments of inspect.
func (c *Command) inspection(args []string) (inspection, error) {
	var asked inspection
	set := flag.NewFlagSet("inspect", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&asked.json, "json", false, "print JSON")
	set.BoolVar(&asked.raw, "raw", false, "print the manifest byte for byte")
	refs, err := arguments(set, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return asked, errors.Join(err, c.help(c.Stdout))
	case err != nil:
		return asked, fmt.Errorf("%w: %w", errUsage, err)
	case len(refs) != 1:
		return asked, fmt.Errorf("%w: inspect takes one reference, as ghcr.io/acme/app:1.2.3", errUsage)
	case asked.json && asked.raw:
		return asked, fmt.Errorf("%w: --json and --raw cannot be given together", errUsage)
	}
	asked.ref = refs[0]
	return asked, nil
}

// show prints what was found.
func (c *Command) show(asked inspection, found inspect.Inspection) error {
	text := found.Raw
	switch {
	case asked.json:
		raw, err := report.InspectionJSON(found)
		if err != nil {
			return err
		}
		text = append(raw, '\n')
	case !asked.raw:
		report.WriteInspection(c.Stdout, found)
		return nil
	}
	if _, err := c.Stdout.Write(text); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

// arguments parses flags before, between and behind other arguments.
func arguments(set *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := set.Parse(args); err != nil {
			return nil, fmt.Errorf("reading flags: %w", err)
		}
		if set.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, set.Arg(0)), set.Args()[1:]
	}
}
