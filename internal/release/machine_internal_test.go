// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/semtag"
)

// machine is one release as an automaton. The product's code is deterministic: what it does next follows from the answers that
// it got. So a node stands for a history of answers, and is expanded by running the product's code once more, with that history,
// up to the first operation that the history does not answer.
type machine struct {
	*world

	tb      testing.TB
	ours    digest
	request Request
	source  Source
	variant variant
	nodes   []node
	merged  map[string]nodeID
	// passes is the highest number of passes that any run took.
	passes int
}

// variant is what runs in a machine. The zero value is the product; the others are broken, to prove that it would show.
type variant struct {
	// run replaces (*publisher).run.
	run func(context.Context, *publisher) TargetResult
	// blind says that lists show no exact tag but our own.
	blind bool
	// plain switches all reductions off: the merging of nodes, and (*explorer).advance.
	plain bool
}

type nodeID int32

// root is the node of a process that has not begun, or has been killed.
const root nodeID = 0

// node is a state of a process: waiting for an answer, or at its end.
type node struct {
	op op
	// history leads here; where nodes were merged, it is one of several.
	history []string
	// got is what a read has found so far, by place in op.refs.
	got string
	// partial are the nodes of the same read that have found more, by what they got, and base is the one that has found
	// nothing. They share both.
	partial map[string]nodeID
	base    nodeID
	edges   []edge
	// wrote: the run has tried to write. hit: a write was answered otherwise than with success.
	wrote, hit bool
	end        *ending
}

type edge struct {
	answer string
	to     nodeID
}

// ending is all that counts of a result.
type ending struct {
	ok, released, hit bool
	// unwritten is the set of floating tags of which the run says that it could not write them.
	unwritten uint8
	// fault is what is wrong with the result as such.
	fault string
}

func newMachine(tb testing.TB, w *world, release string, v variant) *machine {
	tb.Helper()
	if v.run == nil {
		v.run = func(ctx context.Context, p *publisher) TargetResult { return p.run(ctx) }
	}
	m := &machine{world: w, tb: tb, variant: v, merged: map[string]nodeID{}, source: w.sourceOf(manifestOf(release))}
	m.ours = w.number(m.source.Manifest.Digest)
	version := w.versions[m.ours-1]
	m.request = Request{
		Targets: []name.Repository{w.repo},
		Version: version, Tags: w.expand(tb, version), Scheme: w.scheme,
	}
	m.follow(nil)
	return m
}

// exact is the exact tag of this release.
func (m *machine) exact() int { return len(m.floating) + int(m.ours) - 1 }

// writes reports whether this release may change a tag, or the list of tags.
func (m *machine) writes(tag int) bool {
	if tag == listing || tag >= len(m.floating) {
		return tag == listing || tag == m.exact()
	}
	return m.covers[tag][m.ours-1]
}

// read gives the answer to one of the reads that the node waits for.
func (m *machine) read(id nodeID, place int, value byte) nodeID {
	n := &m.nodes[id]
	got := n.got[:place] + string([]byte{value}) + n.got[place+1:]
	if strings.IndexByte(got, unread) < 0 {
		return m.answer(n.base, got)
	}
	if to, ok := n.partial[got]; ok {
		return to
	}
	to := nodeID(len(m.nodes))
	n.partial[got] = to
	more := *n
	more.got, more.edges = got, nil
	m.nodes = append(m.nodes, more)
	return to
}

// answer gives the answer to a node's operation.
func (m *machine) answer(id nodeID, answer string) nodeID {
	for _, e := range m.nodes[id].edges {
		if e.answer == answer {
			return e.to
		}
	}
	to := m.follow(append(slices.Clip(m.nodes[id].history), answer))
	m.nodes[id].edges = append(m.nodes[id].edges, edge{answer, to})
	return to
}

// follow returns the node that a history leads to.
func (m *machine) follow(history []string) nodeID {
	r := &replay{machine: m, history: history}
	n := node{history: history}
	n.end = r.play(m.tb.Context())
	n.op, n.wrote, n.hit = r.asked, r.wrote, r.hit
	m.passes = max(m.passes, r.passes)
	if n.op.kind == reading {
		n.got = strings.Repeat(string([]byte{unread}), len(n.op.refs))
		n.partial = map[string]nodeID{}
	}
	key := r.key(n.end)
	if id, ok := m.merged[key]; ok {
		return id
	}
	id := nodeID(len(m.nodes))
	n.base = id
	m.nodes = append(m.nodes, n)
	if key != "" {
		m.merged[key] = id
	}
	return id
}

// judge sums a result up.
func (m *machine) judge(p *publisher, result TargetResult, r *replay) *ending {
	end := &ending{ok: result.Err == nil, released: result.Released, hit: r.hit}
	failed := false
	for _, row := range result.Rows {
		failed = failed || row.Status == Failed
		switch {
		case row.Status == Failed || row.By == "":
		case m.versionOf(row.By) != m.number(row.To):
			end.fault = fmt.Sprintf("%s is %s by %s, but at %s", row.Tag, row.Status, row.By, m.text(m.number(row.To)))
		}
	}
	for _, t := range p.tags {
		if t.Kind == semtag.Floating && t.err != nil {
			end.unwritten |= 1 << m.tag(t.Name)
		}
	}
	switch {
	case end.ok == failed:
		end.fault = fmt.Sprintf("the error is %v, but the rows say %v", result.Err, result.Rows)
	case end.ok && !end.released:
		end.fault = "success without the exact tag"
	case !end.ok && !r.hit:
		end.fault = fmt.Sprintf("failure although every write succeeded: %v", result.Err)
	case r.passes >= maxPasses:
		end.fault = fmt.Sprintf("%d passes", r.passes)
	}
	return end
}

// versionOf is the digest of the version that an exact tag names.
func (m *machine) versionOf(tag string) digest {
	return digest(m.tag(tag) - len(m.floating) + 1)
}
