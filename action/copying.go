// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
)

// How often a person is told how far copying is: on a terminal, and in a log.
const (
	onTerminal = 200 * time.Millisecond
	inLog      = 5 * time.Second
)

// stage brings every target what it lacks, and says how far that is.
func (r *run) stage(ctx context.Context, plan release.Plan, net network) ([]release.Staged, error) {
	var meter release.Meter
	if !slices.ContainsFunc(plan.Targets, func(t release.TargetPlan) bool { return len(t.Loads) > 0 }) {
		return release.Stage(ctx, plan, net.registry, &meter)
	}
	defer r.host.Group("Copying")()
	stop := watch(r.host.Text(), r.command.Terminal, meter.Now)
	staged, err := release.Stage(ctx, plan, net.registry, &meter)
	stop()
	for _, s := range staged {
		for _, notice := range s.Notices {
			r.host.Annotate(ci.Notice, "polytag", oneLine(report.Plain(notice)))
		}
	}
	return staged, err
}

// watch writes progress from time to time until it is stopped: a bar that is
// drawn over itself on a terminal, lines in a log.
func watch(w io.Writer, terminal bool, now func() release.Progress) (stop func()) {
	every := inLog
	if terminal {
		every = onTerminal
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				report.WriteProgress(w, now(), terminal)
			case <-end:
				report.WriteProgress(w, now(), terminal)
				if terminal {
					fmt.Fprintln(w)
				}
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
