// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/describe"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
	"github.com/polytag/polytag/internal/untag"
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
	in, err := parse(ctx, gather(given, c.Getenv), c.Getenv)
	if err != nil {
		return err
	}
	defer in.close()
	in.dryRun = in.dryRun || dryRun
	host := ci.Detect(c.Getenv, c.Stdout)
	for _, s := range in.secrets {
		host.Mask(s.Reveal())
	}
	for _, notice := range in.notices {
		host.Annotate(ci.Notice, "polytag", notice)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, in.timeout, fmt.Errorf("the run took longer than timeout, %s: %w", in.timeout, context.DeadlineExceeded))
	defer cancel()

	run := &run{command: c, in: in, host: host, started: time.Now()}
	run.report.Version = in.request.Version.String()
	run.report.DryRun = in.dryRun
	err = run.do(ctx)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) && run.report.Result == nil {
		err = fmt.Errorf("releasing: no tag was written: %w", context.Cause(ctx)) // why whatever else failed
	}
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(err, context.Cause(ctx)) // settling has a time of its own, and says nothing of this one
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
	// waited is when a person was last told what is waited for.
	waited time.Time
}

// do reads, plans, publishes and finishes. It leaves what it did in the report.
func (r *run) do(ctx context.Context) error {
	net, err := r.command.connect(ctx, r.in, r.host)
	if err != nil {
		return err
	}
	read := time.Now() // the tags are read at once, and then sources may be waited for
	snap, err := r.read(ctx, net)
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
	staged, err := r.stage(ctx, plan, net)
	if err != nil {
		return err
	}
	if time.Since(read) > stale {
		if plan, err = r.replan(ctx, net, snap); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("releasing: no tag was written: %w", context.Cause(ctx))
	}
	end := r.host.Group("Publishing")
	result := release.Publish(ctx, plan, net.registry, release.Hooks{Wrote: r.wrote})
	end()
	result.Staged = staged
	r.report.Result = &result
	if err := result.Err(); err != nil {
		return err
	}
	return r.finish(ctx, plan, snap, net)
}

// read reads everything that the plan is made from.
func (r *run) read(ctx context.Context, net network) (release.Snapshot, error) {
	defer r.host.Group("Reading sources and tags")()
	rules := make(chan map[name.Repository]func(string) bool, 1)
	go func() { rules <- net.rules(ctx, r.in.request.Targets) }()
	snap, err := release.Read(ctx, r.in.request, net.registry, r.waiting)
	frozen := <-rules
	for i := range snap.Targets {
		snap.Targets[i].Frozen = frozen[snap.Targets[i].Repo]
	}
	return snap, err
}

// finish syncs the pages and removes the temporary tags of a verified release.
func (r *run) finish(ctx context.Context, plan release.Plan, snap release.Snapshot, net network) error {
	if !r.in.request.Page && !r.in.request.Cleanup {
		return nil
	}
	defer r.host.Group("Finishing")()
	pages := describe.New(describe.Options{
		Hosts:    net.hosts,
		Markdown: r.in.page.markdown,
		Short:    r.in.page.short,
		Source:   r.in.page.source,
		AWS:      r.in.page.aws,
		Notify:   func(text string) { r.host.Annotate(ci.Notice, "polytag", oneLine(text)) },
	})
	untagger := untag.New(untag.Options{Hosts: net.hosts, Registry: net.registry})
	result := r.report.Result
	result.Finished = release.Finish(ctx, plan, snap, net.registry, pages, untagger)
	return result.FinishErr()
}

// replan makes the plan anew from tags that were just listed: other releases
// may have moved on while sources were waited for or children were staged.
func (r *run) replan(ctx context.Context, net network, snap release.Snapshot) (release.Plan, error) {
	targets, err := release.ReadTargets(ctx, r.in.request, net.registry)
	if err != nil {
		return release.Plan{}, err
	}
	for i := range targets {
		targets[i].Lacks, targets[i].Frozen = snap.Targets[i].Lacks, snap.Targets[i].Frozen
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

// waitNote is how often a person is told that sources are still waited for.
const waitNote = 10 * time.Second

// waiting says which sources are not there yet, now and then.
func (r *run) waiting(w release.Waiting) {
	if time.Since(r.waited) < waitNote {
		return
	}
	r.waited = time.Now()
	names := make([]string, 0, len(w.Missing))
	for _, m := range w.Missing {
		names = append(names, m.Text)
	}
	left := min(w.Left, (r.in.timeout - time.Since(r.started)).Round(time.Second))
	fmt.Fprintf(r.host.Text(), "waiting for %s, not there yet (%s left)\n", strings.Join(names, ", "), left)
}

// wrote says what was written.
func (r *run) wrote(tag name.Tag, to v1.Hash) {
	text := strings.TrimPrefix(tag.Name(), "index.") // docker.io, as people know it
	switch to {
	case r.report.Plan.Manifest.Digest:
		fmt.Fprintf(r.host.Text(), "  pushed %s\n", text)
	case v1.Hash{}:
		fmt.Fprintf(r.host.Text(), "  deleted %s\n", text)
	default:
		fmt.Fprintf(r.host.Text(), "  set %s to %s\n", text, to)
	}
}
