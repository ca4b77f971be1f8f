// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
	"github.com/polytag/polytag/internal/transport"
	"github.com/polytag/polytag/internal/version"
)

// stale is how old the lists of tags may be when the first tag is written.
const stale = 2 * time.Second

// release runs the main job: inputs, plan, and, unless it is a dry run, the
// release itself. What was done is reported in every case.
func (c *Command) release(ctx context.Context, args []string, dryRun bool) error {
	given, err := c.flags(args)
	if err != nil {
		return err
	}
	in, err := parse(gather(given, c.Getenv), c.Getenv)
	if err != nil {
		return err
	}
	in.dryRun = in.dryRun || dryRun
	host := ci.Detect(c.Getenv, c.Stdout)
	for _, s := range in.secrets {
		host.Mask(s.Reveal())
	}
	for _, notice := range in.notices {
		host.Annotate(ci.Notice, "polytag", notice)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, in.timeout, fmt.Errorf("the run took longer than timeout, %s", in.timeout))
	defer cancel()

	run := &run{command: c, in: in, host: host, started: time.Now()}
	run.report.Version = in.request.Version.String()
	run.report.DryRun = in.dryRun
	err = run.do(ctx)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) && run.report.Result == nil {
		err = fmt.Errorf("publishing: nothing was written: %w", context.Cause(ctx)) // why whatever else failed
	}
	run.report.Err = distinct(err)
	return run.say()
}

// run is one release.
type run struct {
	command *Command
	in      settings
	host    ci.Host
	started time.Time
	report  report.Report
}

// do reads, plans and publishes. It leaves what it did in the report.
func (r *run) do(ctx context.Context) error {
	client, err := r.command.client(r.in, r.host)
	if err != nil {
		return err
	}
	end := r.host.Group("Reading sources and tags")
	read := time.Now() // the tags are read at once, and then sources may be waited for
	snap, err := release.Read(ctx, r.in.request, client, r.waiting)
	end()
	if err != nil {
		return err
	}
	plan, err := release.NewPlan(r.in.request, snap)
	if err != nil {
		return err
	}
	r.report.Plan = plan
	r.showPlan("Plan")
	if r.in.dryRun {
		return nil
	}
	if err := release.Stage(ctx, plan, client); err != nil {
		return err
	}
	if time.Since(read) > stale {
		if plan, err = r.replan(ctx, client, snap); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publishing: nothing was written: %w", context.Cause(ctx))
	}
	end = r.host.Group("Publishing")
	result := release.Publish(ctx, plan, client, release.Hooks{Wrote: r.wrote})
	end()
	r.report.Result = &result
	return result.Err()
}

// replan makes the plan anew from tags that were just listed: other releases
// may have moved on while sources were waited for or children were staged.
func (r *run) replan(ctx context.Context, client *registry.Client, snap release.Snapshot) (release.Plan, error) {
	targets, err := release.ReadTargets(ctx, r.in.request, client)
	if err != nil {
		return release.Plan{}, err
	}
	for i := range targets {
		targets[i].Lacks = snap.Targets[i].Lacks
	}
	snap.Targets = targets
	plan, err := release.NewPlan(r.in.request, snap)
	if err != nil {
		return plan, err
	}
	changed := !r.report.Plan.SameAs(plan)
	r.report.Plan = plan
	if changed {
		r.showPlan("Plan, made anew since tags have moved")
	}
	return plan, nil
}

// client makes the registry client of a run.
func (c *Command) client(in settings, host ci.Host) (*registry.Client, error) {
	files, err := registry.LoadFiles(c.Getenv)
	if err != nil {
		return nil, err
	}
	options := registry.Options{
		Transport: c.transport(in.plainHTTP, host),
		Keychain:  &registry.Keychain{Given: in.credentials, Files: files, Fallbacks: in.fallbacks},
	}
	if !in.dryRun {
		options.Push = in.request.Targets
	}
	return registry.New(options), nil
}

// transport makes the one transport of a run.
func (c *Command) transport(plainHTTP []string, host ci.Host) http.RoundTripper {
	return transport.New(transport.Options{
		Base:      c.Transport,
		UserAgent: "polytag/" + version.String(c.Version),
		PlainHTTP: plainHTTP,
		Notify:    func(w transport.Wait) { fmt.Fprintln(host.Text(), pausing(w)) },
	})
}

// pausing says what is being waited for.
func pausing(w transport.Wait) string {
	why := fmt.Sprintf("%d %s", w.Status, http.StatusText(w.Status))
	if w.Err != nil {
		why = w.Err.Error()
	}
	return fmt.Sprintf("waiting %s to try again: %s %s%s: %s", w.Delay.Round(100*time.Millisecond), w.Method, w.Host, w.Path, why)
}

// waiting says which sources are not there yet.
func (r *run) waiting(w release.Waiting) {
	names := make([]string, 0, len(w.Missing))
	for _, m := range w.Missing {
		names = append(names, m.Text)
	}
	left := min(w.Left, (r.in.timeout - time.Since(r.started)).Round(time.Second))
	fmt.Fprintf(r.host.Text(), "waiting for %s, not there yet (%s left)\n", strings.Join(names, ", "), left)
}

// wrote says what was written.
func (r *run) wrote(tag name.Tag, to v1.Hash) {
	switch to {
	case r.report.Plan.Manifest.Digest:
		fmt.Fprintf(r.host.Text(), "  pushed %s\n", tag)
	case v1.Hash{}:
		fmt.Fprintf(r.host.Text(), "  deleted %s\n", tag)
	default:
		fmt.Fprintf(r.host.Text(), "  set %s to %s\n", tag, to)
	}
}
