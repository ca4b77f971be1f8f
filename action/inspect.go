// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/inspect"
	"github.com/polytag/polytag/internal/layout"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
)

// inspection is what inspect was asked for.
type inspection struct {
	refs      []string // one, or two to compare
	json, raw bool
}

// inspect shows an image or index as a table, as JSON, or byte for byte; or
// compares two.
func (c *Command) inspect(ctx context.Context, args []string) error {
	asked, err := c.inspection(args)
	if err != nil {
		return err
	}
	p := &parser{values: gather(nil, c.Getenv), getenv: c.Getenv, layouts: map[string]*layout.Layout{}}
	defer func() { p.out.close() }()
	p.network()
	refs, err := p.inspected(ctx, asked.refs)
	p.accounts()
	if err := errors.Join(err, errors.Join(p.errs...)); err != nil {
		return err
	}
	p.out.dryRun = true // nothing is written, so nothing has to be signed in for
	net, err := c.connect(ctx, p.out, ci.Detect(c.Getenv, c.Stderr))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.out.timeout)
	defer cancel()
	sources := make([]inspect.Source, 0, len(refs))
	for _, ref := range refs {
		source := inspect.Source{Name: ref.Text, Origin: ref.Layout, Ref: ref.Within}
		if ref.Layout == nil {
			source.Origin, source.Ref = net.registry.Repository(ref.Ref.Context()), ref.Ref.Identifier()
		}
		sources = append(sources, source)
	}
	if len(sources) > 1 {
		return c.compare(ctx, asked, sources[0], sources[1])
	}
	return c.show(ctx, asked, sources[0])
}

// inspection reads the arguments of inspect.
func (c *Command) inspection(args []string) (inspection, error) {
	var asked inspection
	set := flag.NewFlagSet("inspect", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&asked.json, "json", false, "print JSON")
	set.BoolVar(&asked.raw, "raw", false, "print the manifest byte for byte")
	var err error
	asked.refs, err = arguments(set, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return asked, errors.Join(err, c.help(c.Stdout))
	case err != nil:
		return asked, fmt.Errorf("%w: %w", errUsage, err)
	case len(asked.refs) == 0 || len(asked.refs) > 2:
		return asked, fmt.Errorf("%w: inspect takes one reference, as ghcr.io/acme/app:1.2.3, or two to compare", errUsage)
	case asked.json && asked.raw:
		return asked, fmt.Errorf("%w: --json and --raw cannot be given together", errUsage)
	case asked.raw && len(asked.refs) > 1:
		return asked, fmt.Errorf("%w: --raw takes one reference; to compare two, leave it out", errUsage)
	}
	return asked, nil
}

// inspected reads references to registries and OCI layouts. The first
// repository among them is the primary, whose account username and password
// are.
func (p *parser) inspected(ctx context.Context, texts []string) ([]release.SourceRef, error) {
	refs := make([]release.SourceRef, 0, len(texts))
	var errs []error
	for _, text := range texts {
		ref, err := p.toInspect(ctx, text)
		if err != nil {
			errs = append(errs, fmt.Errorf("%w: %s: %w", errUsage, quote(text), err))
			continue
		}
		if len(refs) > 0 && place(ref) == place(refs[0]) {
			errs = append(errs, fmt.Errorf("%w: %s and %s are the same reference; want two to compare", errUsage, quote(refs[0].Text), quote(text)))
		}
		if ref.Ref != nil {
			p.out.request.Targets = append(p.out.request.Targets, ref.Ref.Context())
		}
		refs = append(refs, ref)
	}
	return refs, errors.Join(errs...)
}

func (p *parser) toInspect(ctx context.Context, text string) (release.SourceRef, error) {
	ref := release.SourceRef{Text: text}
	if strings.HasPrefix(text, "oci:") {
		l, within, err := p.layout(ctx, text)
		if err != nil {
			return ref, err
		}
		ref.Layout, ref.Within = l, within
		return ref, nil
	}
	var err error
	if ref.Ref, err = name.ParseReference(text, p.options(text)...); err != nil {
		return ref, errors.New("want a reference, as ghcr.io/acme/app:1.2.3, or an OCI layout, as oci:DIR:1.2.3")
	}
	return ref, nil
}

// show prints what one reference leads to.
func (c *Command) show(ctx context.Context, asked inspection, source inspect.Source) error {
	if asked.raw {
		m, err := inspect.Manifest(ctx, source)
		if err != nil {
			return err
		}
		return c.print(m.Raw)
	}
	found, err := inspect.Read(ctx, source)
	if err != nil {
		return err
	}
	if asked.json {
		return c.printJSON(report.InspectionJSON(found))
	}
	report.WriteInspection(c.Stdout, found)
	return nil
}

// compare prints in what two references differ, and says by its error whether
// they do.
func (c *Command) compare(ctx context.Context, asked inspection, a, b inspect.Source) error {
	found, err := inspect.Compare(ctx, a, b)
	if err != nil {
		return &unreadError{err}
	}
	if asked.json {
		err = c.printJSON(report.ComparisonJSON(found))
	} else {
		report.WriteComparison(c.Stdout, found)
	}
	switch {
	case err != nil:
		return &unreadError{err}
	case !found.Same():
		return errDiffer
	}
	return nil
}

// errDiffer ends a comparison of two that differ, as has been printed.
var errDiffer = errors.New("they differ")

// unreadError means that two references could not be compared.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }

func (e *unreadError) Unwrap() error { return e.err }

func (c *Command) printJSON(raw []byte, err error) error {
	if err != nil {
		return err
	}
	return c.print(append(raw, '\n'))
}

func (c *Command) print(text []byte) error {
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
