// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"fmt"
	"sync/atomic"
	"time"
)

// gitlab is a job of GitLab CI/CD, whose log has sections:
// https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
type gitlab struct {
	plain

	now      func() time.Time
	sections atomic.Int64
}

func (g *gitlab) Group(title string) (end func()) {
	const hide = "\r\x1b[0K" // keeps the marker itself out of sight
	name := fmt.Sprintf("polytag_%d", g.sections.Add(1))
	g.out.line(fmt.Sprintf("\x1b[0Ksection_start:%d:%s[collapsed=true]%s%s", g.now().Unix(), name, hide, oneLine(title)))
	return func() {
		g.out.line(fmt.Sprintf("\x1b[0Ksection_end:%d:%s%s", g.now().Unix(), name, hide))
	}
}
