// SPDX-License-Identifier: Apache-2.0

package release

// advance answers the reads whose answer nobody can change any more, since it does not matter when they happen: exact tags that
// are there, the list once all exact tags are, and what only this process writes.
func (e *explorer) advance(s state) state {
	if e.plain {
		return s
	}
	for i, m := range e.machines {
	again:
		n := e.node(s, i)
		if n.end != nil || n.op.kind != reading {
			continue
		}
		for place, tag := range n.op.refs {
			if n.got[place] == unread && e.final(s, i, tag) {
				s.at[i] = m.read(s.at[i], place, e.value(s, tag))
				goto again
			}
		}
	}
	return s
}

// value is what a read finds.
func (e *explorer) value(s state, tag int) byte {
	if tag == listing {
		return e.listed(s.registry)
	}
	return e.at(s.registry, tag)
}

// final reports whether no other process can change what process i reads.
func (e *explorer) final(s state, i, tag int) bool {
	switch {
	case tag == listing && e.complete(s.registry):
		return true
	case tag >= len(e.floating) && e.at(s.registry, tag) != 0:
		return true
	}
	for j, m := range e.machines {
		if end := e.node(s, j).end; j != i && (end == nil || !end.ok) && m.writes(tag) {
			return false
		}
	}
	return true
}
