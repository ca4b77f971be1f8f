// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polytag/polytag/internal/registrytest"
)

func cmdFault(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 4, "fault HOST METHOD PATH ANSWER [OPTION…]")
	h := find(ts, args[0])
	f := registrytest.Fault{Match: match(args[1], args[2])}
	switch args[3] {
	case "reset":
		f.Reset = true
	case "lost":
		f.Applied, f.Reset = true, true
	case "truncate":
		f.Truncate = true
	case "echo":
		h.mu.Lock()
		defer h.mu.Unlock()
		h.echo = f.Match
		return
	default:
		var err error
		if late, ok := strings.CutPrefix(args[3], "delay="); ok {
			f.Delay, err = time.ParseDuration(late)
		} else {
			f.Status, err = strconv.Atoi(args[3])
		}
		ts.Check(err)
	}
	for _, option := range args[4:] {
		key, value, _ := strings.Cut(option, "=")
		var err error
		switch key {
		case "from":
			f.From, err = strconv.Atoi(value)
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "applied":
			f.Applied = true
		case "html":
			f.HTML = true
		case "body":
			f.Body = value
		case "header":
			name, text, _ := strings.Cut(value, ":")
			f.Header = http.Header{name: {text}}
		default:
			ts.Fatalf("unknown option %q", option)
		}
		ts.Check(err)
	}
	h.Inject(f)
}

func cmdHeal(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "heal HOST")
	h := find(ts, args[0])
	h.Heal()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.echo = nil
}

func cmdHold(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 3, "hold HOST METHOD PATH")
	find(ts, args[0]).hold(match(args[1], args[2]))
}

func cmdLet(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "let HOST")
	find(ts, args[0]).release()
}

func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 3, "await HOST METHOD PATH")
	h, matches := find(ts, args[0]), match(args[1], args[2])
	const patience, pause = 30 * time.Second, 5 * time.Millisecond
	for range patience / pause {
		if h.seen(matches) {
			return
		}
		<-time.After(pause)
	}
	ts.Fatalf("no such request came")
}

// match matches requests; the method may be any.
func match(method, path string) func(registrytest.Request) bool {
	if method == "any" {
		method = ""
	}
	return registrytest.On(method, path)
}
