// SPDX-License-Identifier: Apache-2.0

package release

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// check looks for violations in one state.
func (e *explorer) check(s state) error {
	quiet, well := true, true
	for i, m := range e.machines {
		n := e.node(s, i)
		there := e.at(s.registry, m.exact()) != 0
		switch {
		case n.end == nil:
			quiet = false
			if n.op.kind != reading && !e.mayPut(n.op.tag, n.op.to) {
				return fmt.Errorf("process %d sets %s to %s", i, e.tags[n.op.tag], e.text(n.op.to))
			}
		case n.end.fault != "":
			return fmt.Errorf("process %d: %s", i, n.end.fault)
		case n.end.released && !there:
			return fmt.Errorf("process %d says that it has released, but its exact tag is not there", i)
		default:
			well = well && n.end.ok
		}
	}
	if !quiet {
		return nil
	}
	if e.endings != nil {
		e.endings[e.summary(s)] = true
	}
	return e.checkQuiet(s, well)
}

// checkQuiet looks at the floating tags where all processes have ended.
func (e *explorer) checkQuiet(s state, well bool) error {
	var errs []error
	var failed []digest
	for i, m := range e.machines {
		if n := e.node(s, i); !n.end.ok {
			failed = append(failed, m.ours)
		}
	}
	if well && !e.complete(s.registry) {
		errs = append(errs, errors.New("all have succeeded, but an exact tag is not there"))
	}
	for f, tag := range e.floating {
		got, want := e.at(s.registry, f), e.highest(s.registry, f)
		switch {
		case e.admitted(s, f):
		case want != 0 && got == want:
		case want != 0:
			errs = append(errs, fmt.Errorf("%s is at %s, not at %s", tag.Name, e.text(got), e.text(want)))
		case !e.deletes: // nothing can be done
		case got == e.at(e.before, f): // back where it was
		case got == 0 && e.begunAgain(s): // as a rerun knows only what the run before it left
		case len(failed) > 1 && slices.Contains(failed, got): // the former of one failed release was the other's
		default:
			errs = append(errs, fmt.Errorf("%s is at %s, though its line is empty", tag.Name, e.text(got)))
		}
	}
	return errors.Join(errs...)
}

// begunAgain reports whether any process has been killed or run again.
func (e *explorer) begunAgain(s state) bool {
	start := e.queue[0]
	return s.left(killsLeft) < start.left(killsLeft) || s.left(rerunsLeft) < start.left(rerunsLeft)
}

// admitted reports whether a process has ended in saying that it could not write a floating tag.
func (e *explorer) admitted(s state, f int) bool {
	for i := range e.machines {
		if end := e.node(s, i).end; !end.ok && end.unwritten>>f&1 != 0 {
			return true
		}
	}
	return false
}

func (e *explorer) summary(s state) string {
	parts := []string{e.describe(s.registry)}
	for i := range e.machines {
		parts = append(parts, fmt.Sprintf("%+v", *e.node(s, i).end))
	}
	return strings.Join(parts, " ")
}
