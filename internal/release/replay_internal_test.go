// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/semtag"
)

// op is what a process asks of the registry.
type op struct {
	kind opKind
	// refs are the tags that are read, in any order, one at a time; listing is the list of tags.
	refs []int
	// tag is written; to is the digest that it is set to.
	tag int
	to  digest
}

type opKind uint8

const (
	ended opKind = iota
	reading
	writing
	removing
)

const (
	listing = -1
	// unread marks a read that has not been answered.
	unread = 0xff
)

// The answers to a write.
const (
	done    = "done"
	refused = "refused" // certainly not applied
	lost    = "lost"    // not applied, which nobody knows
	late    = "late"    // applied, but reported as failed
)

// exhausted is the panic that stops a replay where its history ends.
type exhausted struct{}

// replay runs the product's code on a history of answers, and is the repository that it sees.
type replay struct {
	Repository // nil: publishing uses nothing but what is defined here
	*machine

	history []string
	asked   op
	pub     *publisher
	passes  int
	pauses  int
	wrote   bool
	hit     bool
}

// play runs a release until it asks for something that the history does not answer, or to its end.
func (r *replay) play(ctx context.Context) (end *ending) {
	defer func() {
		if cause := recover(); cause != nil && cause != (exhausted{}) {
			panic(cause)
		}
	}()
	plan, err := NewPlan(r.request, r.snapshot())
	if err != nil {
		return &ending{fault: fmt.Sprintf("no plan: %v", err)}
	}
	r.pub = newPublisher(plan, plan.Targets[0], r, Hooks{Wrote: func(name.Tag, v1.Hash) {}, Pause: r.pause})
	return r.judge(r.pub, r.variant.run(ctx, r.pub), r)
}

func (r *replay) take(o op) string {
	if len(r.history) == 0 {
		r.asked = o
		panic(exhausted{})
	}
	answer := r.history[0]
	r.history = r.history[1:]
	return answer
}

// snapshot is what ReadTargets does to a target, without its goroutines: the list and the lookups, in any order. Sources are
// left out, since a run that reads them again finds the same digests or does not publish.
func (r *replay) snapshot() Snapshot {
	refs := []int{listing}
	for _, t := range r.request.Tags {
		refs = append(refs, r.tag(t.Name))
	}
	answer := r.take(op{kind: reading, refs: refs})
	return Snapshot{
		Sources:  []Source{r.source},
		Promoted: true,
		Targets: []TargetState{{
			Repo:   r.repo,
			Tags:   r.names(answer[0]),
			Points: r.points(refs[1:], answer[1:]),
		}},
	}
}

// names are the exact tags that a list shows.
func (r *replay) names(set byte) []string {
	var out []string
	for i := range r.versions {
		tag := len(r.floating) + i
		if set>>i&1 != 0 && (!r.variant.blind || tag == r.exact()) {
			out = append(out, r.tags[tag])
		}
	}
	return out
}

func (r *replay) points(refs []int, answer string) map[string]v1.Hash {
	out := map[string]v1.Hash{}
	for i, tag := range refs {
		if d := answer[i]; d != 0 {
			out[r.tags[tag]] = r.manifests[d].Digest
		}
	}
	return out
}

func (r *replay) List(context.Context) ([]string, error) {
	answer := r.take(op{kind: reading, refs: []int{listing}})
	r.passes++
	return r.names(answer[0]), nil
}

func (r *replay) Resolve(_ context.Context, refs []string) (map[string]v1.Hash, error) {
	tags := make([]int, 0, len(refs))
	for _, ref := range refs {
		tags = append(tags, r.tag(ref))
	}
	return r.points(tags, r.take(op{kind: reading, refs: tags})), nil
}

// Manifest is answered at once, for digests alone are asked for here: content never changes, and a digest that a tag pointed at
// was pushed with that tag and is never deleted.
func (r *replay) Manifest(_ context.Context, ref string) (Manifest, error) {
	hash, err := v1.NewHash(ref)
	if err != nil {
		return Manifest{}, err
	}
	return r.manifests[r.number(hash)], nil
}

func (r *replay) Blob(context.Context, v1.Descriptor) ([]byte, error) {
	return nil, errors.New("publishing reads no blob")
}

func (r *replay) Put(_ context.Context, ref string, m Manifest) error {
	answer := r.take(op{kind: writing, tag: r.tag(ref), to: r.number(m.Digest)})
	return r.answered(answer)
}

// Delete is answered at once where it is not supported.
func (r *replay) Delete(_ context.Context, tag string) error {
	if !r.deletes {
		return ErrUnsupported
	}
	return r.answered(r.take(op{kind: removing, tag: r.tag(tag)}))
}

func (r *replay) answered(answer string) error {
	r.wrote = true
	if answer == done {
		return nil
	}
	r.hit = true
	if answer == refused {
		return ErrRefused
	}
	return errors.New("connection reset")
}

// pause is over at once. Settling counts its pauses, so that they are part of a node.
func (r *replay) pause(context.Context, time.Duration) error {
	r.pauses++
	return nil
}

// key tells nodes apart that go on differently, and no others where it can: two histories that led the publisher to the same
// state, at the same place of its code, are one node. The places are those where no local variable holds more than the key does:
// before a tag is published (the loop's variable is the tag), and before a pass of settling (which counts passes and pauses).
// Empty: the node is not merged. TestModelReductions proves that merging changes nothing.
func (r *replay) key(end *ending) string {
	var b strings.Builder
	switch {
	case end != nil:
		fmt.Fprintf(&b, "end %+v", *end)
		return b.String()
	case r.pub == nil || r.variant.plain:
		return ""
	case r.asked.kind == writing && r.passes == 0:
		fmt.Fprintf(&b, "put %d ", r.asked.tag)
	case r.asked.kind == reading && r.asked.refs[0] == listing:
		fmt.Fprintf(&b, "pass %d %d ", r.passes, r.pauses)
	default:
		return ""
	}
	fmt.Fprintf(&b, "%t %t ", r.wrote, r.hit)
	write(&b, reflect.ValueOf(remembered(*r.pub)))
	return b.String()
}

// remembered is a publisher without what it found out about floating tags, which each pass finds out anew before it is used.
func remembered(p publisher) publisher {
	tags := make([]*tagState, 0, len(p.tags))
	for _, t := range p.tags {
		kept := *t
		if t.Kind == semtag.Floating {
			kept.now, kept.known, kept.owner = v1.Hash{}, false, ""
		}
		if p.stopped == t {
			p.stopped = &kept
		}
		tags = append(tags, &kept)
	}
	p.tags = tags
	return p
}

// write writes a value with all that it leads to, fields that are not exported included. What every node of a machine has in
// common is left out, and so is the cache of manifests, which changes nothing.
func write(b *strings.Builder, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[Plan](), reflect.TypeFor[TargetPlan](), reflect.TypeFor[Repository](), reflect.TypeFor[Hooks](),
		reflect.TypeFor[map[v1.Hash]Manifest](), reflect.TypeFor[semtag.Tag](), reflect.TypeFor[Manifest]():
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		b.WriteByte('{')
		for _, field := range v.Fields() {
			write(b, field)
		}
		b.WriteByte('}')
	case reflect.Slice, reflect.Array:
		b.WriteByte('[')
		for i := range v.Len() {
			write(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil ")
			return
		}
		write(b, v.Elem())
	case reflect.String:
		fmt.Fprintf(b, "%q ", v.String())
	case reflect.Bool:
		fmt.Fprintf(b, "%t ", v.Bool())
	case reflect.Int, reflect.Int64:
		fmt.Fprintf(b, "%d ", v.Int())
	default:
		panic("the key of a node does not know " + v.Type().String())
	}
}
