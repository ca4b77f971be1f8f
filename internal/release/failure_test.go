// SPDX-License-Identifier: Apache-2.0

package release_test

import (
	"context"
	"testing"

	"github.com/polytag/polytag/internal/release"
)

// TestPublishFailures: without its exact tag a release takes everything back, with it everything goes forward.
func TestPublishFailures(t *testing.T) {
	t.Parallel()
	const (
		app     = "registry.example/acme/app:"
		pushing = "pushing " + app
		removed = "removing " + app
		because = ": 403 Forbidden: refused"
		reset   = ": connection reset"
		stopped = ": not written, because pushing stopped at "
	)
	failing := func(faults ...fault) func(*store) *store {
		return func(s *store) *store { return faulty(s, faults...) }
	}
	patch := map[string]string{"1": "1.2.2", "1.2.2": "1.2.2", "latest": "1.2.2"}
	usual := []string{"{major}", "{version}", "latest"}
	for _, tt := range []publishCase{
		{
			name: "the first tag is refused", req: request(t, "1.2.3", usual...), before: patch,
			change: failing(fault{op: opPut, ref: "1", err: errRefused}),
			rows: []string{
				"1 failed from 1.2.2 to 1.2.2 by 1.2.2: " + pushing + "1" + because,
				"1.2.3 failed" + stopped + "1", "latest failed from 1.2.2 to 1.2.2 by 1.2.2" + stopped + "1",
			},
			after: "1=1.2.2 1.2.2=1.2.2 latest=1.2.2", err: pushing + "1" + because,
		},
		{
			name: "the exact tag is refused", req: request(t, "1.2.3", usual...), before: patch,
			change: failing(fault{op: opPut, ref: "1.2.3", err: errRefused}),
			rows: []string{
				"1 rolled back from 1.2.2 to 1.2.2 by 1.2.2", "1.2.3 failed: " + pushing + "1.2.3" + because,
				"latest failed from 1.2.2 to 1.2.2 by 1.2.2" + stopped + "1.2.3",
			},
			writes: []string{"put 1 ours", "put 1 1.2.2"},
			after:  "1=1.2.2 1.2.2=1.2.2 latest=1.2.2", err: pushing + "1.2.3" + because,
		},
		{
			name: "the exact tag is refused, the line is empty", req: request(t, "1.2.3", usual...),
			change: failing(fault{op: opPut, ref: "1.2.3", err: errRefused}),
			rows:   []string{"1 rolled back", "1.2.3 failed: " + pushing + "1.2.3" + because, "latest failed" + stopped + "1.2.3"},
			writes: []string{"put 1 ours", "delete 1"}, err: pushing + "1.2.3" + because,
		},
		{
			name: "the exact tag is refused, and no version is known", req: request(t, "1.2.3", usual...),
			before: map[string]string{"1": "old", "latest": "old"},
			change: failing(fault{op: opPut, ref: "1.2.3", err: errRefused}),
			rows: []string{
				"1 rolled back from old to old", "1.2.3 failed: " + pushing + "1.2.3" + because,
				"latest failed from old to old" + stopped + "1.2.3",
			},
			writes: []string{"put 1 ours", "put 1 old"},
			after:  "1=old latest=old", err: pushing + "1.2.3" + because,
		},
		{
			name: "what it pointed at before is gone", req: request(t, "1.2.3", usual...), before: map[string]string{"1": "old"},
			change: func(s *store) *store {
				delete(s.manifests, opaque("old").Digest)
				return faulty(s, fault{op: opPut, ref: "1.2.3", err: errRefused})
			},
			rows:   []string{"1 rolled back from old", "1.2.3 failed: " + pushing + "1.2.3" + because, "latest failed" + stopped + "1.2.3"},
			writes: []string{"put 1 ours", "delete 1"}, err: pushing + "1.2.3" + because,
		},
		{
			name: "the exact tag is refused, and tags cannot be deleted", req: request(t, "1.2.3", usual...),
			change: failing(fault{op: opPut, ref: "1.2.3", err: errRefused}, fault{op: opDelete, ref: "1", err: release.ErrUnsupported}),
			rows: []string{
				"1 failed to ours: " + removed + "1: not supported by this registry",
				"1.2.3 failed: " + pushing + "1.2.3" + because, "latest failed" + stopped + "1.2.3",
			},
			writes: []string{"put 1 ours"},
			after:  "1=ours", err: pushing + "1.2.3" + because + "\n" + removed + "1: not supported by this registry",
		},
		{
			name: "a tag behind the exact one is refused once", req: request(t, "1.2.3", usual...), before: patch,
			change: failing(fault{op: opPut, ref: "latest", n: 1, err: errRefused}),
			rows:   []string{"1 moved from 1.2.2 to ours", "1.2.3 created to ours", "latest moved from 1.2.2 to ours"},
			writes: []string{"put 1 ours", "put 1.2.3 ours", "put latest ours"},
			after:  "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours", released: true,
		},
		{
			name: "a tag behind the exact one is always refused", req: request(t, "1.2.3", "{version}", "{major}", "latest"), before: patch,
			change: failing(fault{op: opPut, ref: "1", err: errRefused}),
			rows: []string{
				"1.2.3 created to ours", "1 failed from 1.2.2 to 1.2.2: " + pushing + "1" + because, "latest moved from 1.2.2 to ours",
			},
			writes: []string{"put 1.2.3 ours", "put latest ours"},
			after:  "1=1.2.2 1.2.2=1.2.2 1.2.3=ours latest=ours", released: true, err: pushing + "1" + because,
		},
		{
			name: "every answer is lost", req: request(t, "1.2.3", usual...), before: patch,
			change: failing(
				fault{op: opPut, ref: "1", applied: true, err: errLost}, fault{op: opPut, ref: "1.2.3", applied: true, err: errLost},
				fault{op: opPut, ref: "latest", applied: true, err: errLost},
			),
			rows:   []string{"1 moved from 1.2.2 to ours", "1.2.3 created to ours", "latest moved from 1.2.2 to ours"},
			writes: []string{"put 1 ours", "put 1.2.3 ours", "put latest ours"},
			after:  "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours", released: true,
		},
		{
			name: "the answer to the exact tag is lost, and the look at it too", req: request(t, "1.2.3", usual...), before: patch,
			change: failing(fault{op: opPut, ref: "1.2.3", applied: true, err: errLost}, fault{op: opResolve, ref: "1.2.3", n: 1, err: errLost}),
			rows:   []string{"1 moved from 1.2.2 to ours", "1.2.3 created to ours", "latest moved from 1.2.2 to ours"},
			writes: []string{"put 1 ours", "put 1.2.3 ours", "put latest ours"},
			after:  "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours", released: true,
		},
		{
			// DESIGN 3: a write whose answer was lost is looked up before it is judged.
			name: "the answer to a delete is lost", req: request(t, "1.2.3", usual...),
			change: failing(fault{op: opPut, ref: "1.2.3", err: errRefused}, fault{op: opDelete, ref: "1", applied: true, err: errLost}),
			rows:   []string{"1 rolled back", "1.2.3 failed: " + pushing + "1.2.3" + because, "latest failed" + stopped + "1.2.3"},
			writes: []string{"put 1 ours", "delete 1"}, err: pushing + "1.2.3" + because,
		},
		{
			name: "a delete fails", req: request(t, "1.2.3", usual...),
			change: failing(fault{op: opPut, ref: "1.2.3", err: errRefused}, fault{op: opDelete, ref: "1", err: errLost}),
			rows: []string{
				"1 failed to ours: " + removed + "1" + reset,
				"1.2.3 failed: " + pushing + "1.2.3" + because, "latest failed" + stopped + "1.2.3",
			},
			writes: []string{"put 1 ours"},
			after:  "1=ours", err: pushing + "1.2.3" + because + "\n" + removed + "1" + reset,
		},
		{
			name: "what is there already is refused", req: request(t, "1.2.3", usual...),
			before: map[string]string{"1": "1.2.2", "1.2.2": "1.2.2", "1.2.3": "ours", "latest": "ours"},
			change: failing(fault{op: opPut, ref: "latest", err: errRefused}),
			rows:   []string{"1 moved from 1.2.2 to ours", "1.2.3 unchanged from ours to ours", "latest unchanged from ours to ours"},
			writes: []string{"put 1 ours"},
			after:  "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours", released: true,
		},
		{
			name: "the same release is run twice at once", req: request(t, "1.2.3", usual...),
			change: func(s *store) *store {
				s.answer = func(_ context.Context, op, ref string, apply func()) error {
					if op == opPut && ref == "1.2.3" { // which the registry lets nobody write again
						s.locked(func() { s.tags[ref] = opaque("tested").Digest })
						return errRefused
					}
					apply()
					return nil
				}
				return s
			},
			rows:   []string{"1 created to ours", "1.2.3 unchanged to ours", "latest created to ours"},
			writes: []string{"put 1 ours", "put latest ours"},
			after:  "1=ours 1.2.3=ours latest=ours", released: true,
		},
		{
			name: "literals go back in reverse order", req: request(t, "1.2.3", "nightly", "stable", "edge", "{version}"),
			before: map[string]string{"nightly": "old", "edge": "older"},
			change: failing(fault{op: opPut, ref: "1.2.3", err: errRefused}),
			rows: []string{
				"nightly rolled back from old to old", "stable rolled back", "edge rolled back from older to older",
				"1.2.3 failed: " + pushing + "1.2.3" + because,
			},
			writes: []string{"put nightly ours", "put stable ours", "put edge ours", "put edge older", "delete stable", "put nightly old"},
			after:  "edge=older nightly=old", err: pushing + "1.2.3" + because,
		},
		{
			name: "a literal that somebody else has moved stays", req: request(t, "1.2.3", "nightly", "{version}"), before: map[string]string{"nightly": "old"},
			change: func(s *store) *store {
				s.answer = func(_ context.Context, op, ref string, apply func()) error {
					if op == opPut && ref == "1.2.3" {
						s.locked(func() { s.add("newer", opaque("newer"), "nightly") })
						return errRefused
					}
					apply()
					return nil
				}
				return s
			},
			rows: []string{
				"nightly failed from old to newer: it does not point at what was pushed", "1.2.3 failed: " + pushing + "1.2.3" + because,
			},
			writes: []string{"put nightly ours"},
			after:  "nightly=newer", err: pushing + "1.2.3" + because,
		},
		{
			name: "forced tags go back like literals", req: func() release.Request {
				r := request(t, "1.1.9", usual...)
				r.Force = true
				return r
			}(), before: map[string]string{"1": "1.2.3", "1.2.3": "1.2.3"},
			change: failing(fault{op: opPut, ref: "latest", err: errRefused}),
			rows: []string{
				"1 rolled back from 1.2.3 to 1.2.3", "1.1.9 created to ours", "latest failed: " + pushing + "latest" + because,
			},
			writes: []string{"put 1 ours", "put 1.1.9 ours", "put 1 1.2.3"},
			after:  "1=1.2.3 1.1.9=ours 1.2.3=1.2.3", released: true, err: pushing + "latest" + because,
		},
		{
			name: "a literal cannot be put back", req: request(t, "1.2.3", "nightly", "{version}"), before: map[string]string{"nightly": "old"},
			change: failing(fault{op: opPut, ref: "nightly", n: 2, err: errLost}, fault{op: opPut, ref: "1.2.3", err: errRefused}),
			rows: []string{
				"nightly failed from old to ours: " + pushing + "nightly" + reset, "1.2.3 failed: " + pushing + "1.2.3" + because,
			},
			writes: []string{"put nightly ours"},
			after:  "nightly=ours", err: pushing + "1.2.3" + because + "\n" + pushing + "nightly" + reset,
		},
		{
			name: "the list fails while settling", req: request(t, "1.2.3", usual...), before: patch,
			change: failing(fault{op: opList, err: errLost}),
			rows: []string{
				"1 failed from 1.2.2 to what is not known: what it points at could not be read",
				"1.2.3 failed to what is not known: what it points at could not be read",
				"latest failed from 1.2.2 to what is not known: what it points at could not be read",
			},
			writes: []string{"put 1 ours", "put 1.2.3 ours", "put latest ours"},
			after:  "1=ours 1.2.2=1.2.2 1.2.3=ours latest=ours", released: true,
			err: "settling: listing the tags of registry.example/acme/app" + reset,
		},
		{
			name: "the look at the tags fails", req: request(t, "1.2.3", "{version}"),
			change: failing(fault{op: opResolve, ref: "1.2.3", err: errLost}),
			rows:   []string{"1.2.3 failed to what is not known: what it points at could not be read"},
			writes: []string{"put 1.2.3 ours"},
			after:  "1.2.3=ours", released: true, err: "reading back" + reset,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t)
		})
	}
}
