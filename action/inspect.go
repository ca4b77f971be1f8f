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

// inspect shows an image or index as a table, as JSON, or byte for byte.
func (c *Command) inspect(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("inspect", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	asJSON := set.Bool("json", false, "print JSON")
	raw := set.Bool("raw", false, "print the manifest byte for byte")
	refs, err := arguments(set, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return errors.Join(err, c.help(c.Stdout))
	case err != nil:
		return fmt.Errorf("%w: %w", errUsage, err)
	case len(refs) != 1:
		return fmt.Errorf("%w: inspect takes one reference, as ghcr.io/acme/app:1.2.3", errUsage)
	case *asJSON && *raw:
		return fmt.Errorf("%w: --json and --raw cannot be given together", errUsage)
	}

	v := gather(nil, c.Getenv)
	p := &parser{values: v, getenv: c.Getenv}
	p.network()
	p.accounts()
	ref, err := name.ParseReference(refs[0], p.options(refs[0])...)
	if err != nil {
		return fmt.Errorf("%w: %s: want a reference, as ghcr.io/acme/app:1.2.3", errUsage, quote(refs[0]))
	}
	if err := errors.Join(v.errs...); err != nil {
		return err
	}
	p.out.dryRun = true // nothing is written, so nothing has to be signed in for
	client, err := c.client(p.out, ci.Detect(c.Getenv, c.Stderr))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.out.timeout)
	defer cancel()
	found, err := inspect.Read(ctx, client.Repository(ref.Context()), ref)
	if err != nil {
		return err
	}
	switch {
	case *raw:
		_, err = c.Stdout.Write(found.Raw)
	case *asJSON:
		var text []byte
		if text, err = report.InspectionJSON(found); err == nil {
			_, err = c.Stdout.Write(append(text, '\n'))
		}
	default:
		report.WriteInspection(c.Stdout, found)
	}
	return err
}

// arguments parses flags before, between and behind other arguments.
func arguments(set *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		if err := set.Parse(args); err != nil {
			return nil, err
		}
		if set.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, set.Arg(0)), set.Args()[1:]
	}
}
