// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"slices"
	"strings"
)

// trace tells how a state came about, for a person who has to find out why.
func (e *explorer) trace(at int) string {
	var lines []string
	for i := at; i >= 0; i = int(e.parents[i]) {
		how := "start"
		if p := e.parents[i]; p >= 0 {
			e.each(e.queue[p], func(st step, next state) {
				if next == e.queue[i] {
					how = e.tell(st)
				}
			})
		}
		for p := range slices.Backward(e.machines) {
			lines = append(lines, "\t"+e.next(e.queue[i], p))
		}
		lines = append(lines, "\t"+e.describe(e.queue[i].registry), how)
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

func (e *explorer) tell(st step) string {
	switch st.what {
	case "killed", "run again":
		return fmt.Sprintf("%d %s", st.process, st.what)
	case "read":
		return fmt.Sprintf("%d reads %s", st.process, e.ref(st.tag))
	default:
		return fmt.Sprintf("%d sets %s to %s: %s", st.process, e.tags[st.tag], e.text(st.to), st.what)
	}
}

// next says what a process is about to do.
func (e *explorer) next(s state, i int) string {
	n := e.node(s, i)
	who := fmt.Sprintf("%d (%s) ", i, e.releases[i])
	switch {
	case n.end != nil:
		return who + fmt.Sprintf("ended: %+v", *n.end)
	case n.op.kind != reading:
		return who + fmt.Sprintf("is going to set %s to %s", e.tags[n.op.tag], e.text(n.op.to))
	}
	parts := make([]string, 0, len(n.op.refs))
	for place, tag := range n.op.refs {
		switch value := n.got[place]; {
		case value == unread:
			parts = append(parts, e.ref(tag)+"=?")
		case tag == listing:
			parts = append(parts, fmt.Sprintf("list=%b", value))
		default:
			parts = append(parts, e.ref(tag)+"="+e.text(value))
		}
	}
	return who + "is reading " + strings.Join(parts, " ")
}

func (e *explorer) ref(tag int) string {
	if tag == listing {
		return "list"
	}
	return e.tags[tag]
}
