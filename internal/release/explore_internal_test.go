// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"slices"
	"testing"
)

const maxProcesses = 3

// state is a state of everything: the registry with what is left of faults and kills, and where each process is.
type state struct {
	registry registry
	at       [maxProcesses]nodeID
}

const (
	faultsLeft = budgetBits
	killsLeft  = budgetBits + 2
	rerunsLeft = budgetBits + 4
	budgetMask = 3
)

func (s state) left(budget int) uint32      { return uint32(s.registry) >> budget & budgetMask }
func (s state) spend(budget int) state      { s.registry -= 1 << budget; return s }
func (s state) move(i int, to nodeID) state { s.at[i] = to; return s }

// step is one thing that one process does, or that is done to it.
type step struct {
	process int
	what    string
	tag     int
	to      digest
}

// explorer visits every state that can be reached, breadth first, so that a violation is shown by a shortest way to it.
//
// A step is an operation on the registry, a kill, or a rerun. [Tags].Resolve is not atomic: each of its lookups is a step, in any
// order, and so are the list and the lookups of a snapshot. A read whose answer nobody can change any more is no step, see
// advance; TestModelReductions compares this with explorations in which it is one.
type explorer struct {
	*world
	machines []*machine
	plain    bool
	seen     map[state]struct{}
	queue    []state
	parents  []int32
	// endings collects the states in which all processes have ended, if it is not nil.
	endings map[string]bool
}

func newExplorer(tb testing.TB, sc scenario, v variant) *explorer {
	tb.Helper()
	e := &explorer{world: newWorld(tb, sc), plain: v.plain, seen: map[state]struct{}{}}
	for i, text := range sc.releases {
		if first := slices.Index(sc.releases, text); first < i {
			e.machines = append(e.machines, e.machines[first])
			continue
		}
		e.machines = append(e.machines, newMachine(tb, e.world, text, v))
	}
	return e
}

// run visits everything, or stops at the first violation, which it returns.
func (e *explorer) run() error {
	// Nothing fails without a fault, but for tags that are immutable, where one rerun is as good as many.
	reruns := e.faults
	if len(e.immutable) > 0 {
		reruns++
	}
	start := e.before | registry(e.faults)<<faultsLeft | registry(e.kills)<<killsLeft | registry(reruns)<<rerunsLeft
	e.visit(e.advance(state{registry: start}), -1)
	for i := 0; i < len(e.queue); { // which grows
		s := e.queue[i]
		if err := e.check(s); err != nil {
			return fmt.Errorf("%w\n%s", err, e.trace(i))
		}
		e.each(s, func(_ step, next state) { e.visit(next, int32(i)) })
		i++
	}
	return nil
}

func (e *explorer) visit(s state, parent int32) {
	if _, ok := e.seen[s]; !ok {
		e.seen[s] = struct{}{}
		e.queue = append(e.queue, s)
		e.parents = append(e.parents, parent)
	}
}

func (e *explorer) node(s state, i int) *node { return &e.machines[i].nodes[s.at[i]] }

// each goes through everything that can happen next.
func (e *explorer) each(s state, visit func(step, state)) {
	for i, m := range e.machines {
		n := e.node(s, i)
		if n.end != nil {
			if !n.end.ok && s.left(rerunsLeft) > 0 {
				visit(step{process: i, what: "run again"}, e.advance(s.spend(rerunsLeft).move(i, root)))
			}
			continue
		}
		// A kill before the first write leaves nothing behind but a run that begins, which is explored anyhow.
		if n.wrote && s.left(killsLeft) > 0 {
			visit(step{process: i, what: "killed"}, e.advance(s.spend(killsLeft).move(i, root)))
		}
		if n.op.kind != reading {
			e.write(s, i, visit)
			continue
		}
		op, got := n.op, n.got
		for place, tag := range op.refs {
			if got[place] == unread {
				value := e.value(s, tag)
				visit(step{i, "read", tag, value}, e.advance(s.move(i, m.read(s.at[i], place, value))))
			}
		}
	}
}

// write goes through all answers to a write.
func (e *explorer) write(s state, i int, visit func(step, state)) {
	op := e.node(s, i).op
	answers := []string{done}
	switch {
	case e.refused[op.tag]:
		answers = []string{refused}
	case s.left(faultsLeft) > 0:
		answers = []string{done, refused, lost, late}
	}
	for _, answer := range answers {
		next := s
		if answer != done && !e.refused[op.tag] {
			next = next.spend(faultsLeft)
		}
		if answer == done || answer == late {
			next.registry = e.put(next.registry, op.tag, op.to)
		}
		visit(step{i, answer, op.tag, op.to}, e.advance(next.move(i, e.machines[i].answer(s.at[i], answer))))
	}
}
