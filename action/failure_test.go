// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/polytag/polytag/internal/registrytest"
)

// failure is a way in which requests fail.
type failure struct {
	way   string
	fault registrytest.Fault
	// match says which requests it can hit. Nil: all.
	match func(registrytest.Request) bool
	// once means one request alone, and otherwise all from that one on.
	once bool
	// timeout is the input; empty: the default.
	timeout time.Duration
	// cancel means that the run is cancelled when the request arrives, and hang that this and all later ones get no answer then.
	cancel, hang bool
	// harmless means that the release must come to the same end nevertheless.
	harmless func(registrytest.Request) bool
}

func failures(s scenario) []failure {
	always := func(registrytest.Request) bool { return true }
	never := func(registrytest.Request) bool { return false }
	renews := func(q registrytest.Request) bool { return s.options.Bearer && strings.HasPrefix(q.Path, "/v2/") }
	challenge := http.Header{"Www-Authenticate": {`Bearer realm="https://` + host + `/token",service="registry"`}}
	ways := []struct {
		name     string
		fault    registrytest.Fault
		harmless func(registrytest.Request) bool
	}{
		{"503", registrytest.Fault{Status: 503}, always},
		{"429", registrytest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, always},
		{"reset", registrytest.Fault{Reset: true}, always},
		{"answer lost", registrytest.Fault{Reset: true, Applied: true}, always},
		{"applied but 500", registrytest.Fault{Status: 500, Applied: true}, always},
		{"truncated", registrytest.Fault{Truncate: true}, always},
		{"401", registrytest.Fault{Status: 401, Header: challenge}, renews},
		{"403", registrytest.Fault{Status: 403}, never},
		{"404", registrytest.Fault{Status: 404}, never},
		{"405", registrytest.Fault{Status: 405}, never},
		{"HTML", registrytest.Fault{Status: 200, HTML: true}, never},
		{"HTML 404", registrytest.Fault{Status: 404, HTML: true}, never},
		{"HTML 502", registrytest.Fault{Status: 502, HTML: true}, always},
	}
	var out []failure
	for _, w := range ways {
		out = append(out,
			failure{way: w.name + " once", fault: w.fault, once: true, harmless: w.harmless},
			failure{way: w.name + " from there on", fault: w.fault, harmless: never})
	}
	lie := registrytest.Fault{Status: http.StatusCreated}
	out = append(out,
		failure{way: "write that is only acknowledged, once", fault: lie, match: isWrite, once: true, harmless: never},
		failure{way: "writes that are only acknowledged, from there on", fault: lie, match: isWrite, harmless: never})
	stuck := registrytest.Fault{Delay: time.Hour}
	out = append(out,
		failure{way: "no answer once", fault: stuck, once: true, timeout: 20 * time.Second, harmless: never},
		failure{way: "no answer from there on", fault: stuck, timeout: 20 * time.Second, harmless: never},
		failure{way: "cancelled", cancel: true, once: true, harmless: never},
		failure{way: "cancelled, and no answer from there on", cancel: true, hang: true, harmless: never})
	for _, w := range ways {
		switch w.name {
		case "503", "403", "404", "405", "HTML":
			out = append(out,
				failure{way: w.name + " for writes from there on", fault: w.fault, match: isWrite, harmless: never},
				failure{way: w.name + " for reads from there on", fault: w.fault, match: isRead, harmless: never})
		}
	}
	return out
}

func isWrite(q registrytest.Request) bool {
	return q.Method == http.MethodPut || q.Method == http.MethodDelete
}

func isRead(q registrytest.Request) bool {
	return !isWrite(q) && strings.HasPrefix(q.Path, "/v2/"+repo)
}

// at is the fault that strikes at a point.
func (f failure) at(p point, cancel func()) registrytest.Fault {
	fault := f.fault
	fault.Match, fault.From = p.match, p.n
	if f.once {
		fault.Times = 1
	}
	if f.cancel {
		seen := 0
		fault.From, fault.Times, fault.Delay = 0, 0, time.Hour
		fault.Match = func(q registrytest.Request) bool {
			if p.match == nil || p.match(q) {
				if seen++; seen == p.n {
					cancel()
				}
			}
			return f.hang && seen >= p.n
		}
	}
	return fault
}
