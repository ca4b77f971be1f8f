// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/polytag/polytag/internal/registrytest"
)

// host is a registry on the network of a script, with what the scripts need in front of it.
type host struct {
	*registrytest.Registry

	// plain says that it speaks no TLS, loopback which variable holds its address.
	plain    bool
	loopback string
	// public hands out tokens to pull to those who have no account, as Docker Hub and GHCR do.
	public bool

	mu    sync.Mutex
	holds []*hold
	echo  func(registrytest.Request) bool // nil: nothing
}

// hold makes the next request of a kind wait.
type hold struct {
	match   func(registrytest.Request) bool
	caught  bool
	release chan struct{}
}

// guest is the account of those who have none.
const guest = "guest"

// newHost reads the options of the command registry.
func newHost(options []string) (*host, error) {
	h := &host{}
	var o registrytest.Options
	for _, option := range options {
		key, value, _ := strings.Cut(option, "=")
		var err error
		switch key {
		case "plain":
			h.plain = true
		case "loopback":
			h.plain, h.loopback = true, value
		case "delete":
			o.Delete = map[string]registrytest.Delete{"manifests": registrytest.DeleteManifests, "nothing": registrytest.DeleteNothing}[value]
		case "referrers":
			o.Referrers = registrytest.ReferrersAPI
		case "no-digest-header":
			o.NoDigestHeader = true
		case "page":
			o.PageSize, err = strconv.Atoi(value)
		case "immutable":
			o.ImmutableTags = func(_, tag string) bool { return slices.Contains(strings.Split(value, ","), tag) }
		case "users":
			o.Users = accounts(value)
		case "bearer":
			o.Bearer = true
		case "token-lifetime":
			o.TokenLifetime, err = time.ParseDuration(value)
		case "public":
			h.public, o.Bearer, o.Users = true, true, accounts(guest+":"+","+value)
			o.Allow = func(user, _, action string) bool { return user != guest || action == "pull" }
		case "pull-only":
			o.Allow = func(user, _, action string) bool { return user != value || action == "pull" }
		case "own-namespace":
			o.Allow = func(user, repo, _ string) bool { return strings.HasPrefix(repo, user+"/") }
		default:
			return nil, fmt.Errorf("unknown option %q", option)
		}
		if err != nil {
			return nil, fmt.Errorf("option %q: %w", option, err)
		}
	}
	h.Registry = registrytest.New(o)
	return h, nil
}

// accounts reads NAME:PASSWORD, separated by commas.
func accounts(text string) map[string]string {
	users := map[string]string{}
	for account := range strings.SplitSeq(text, ",") {
		name, password, _ := strings.Cut(account, ":")
		users[name] = password
	}
	return users
}

func (h *host) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	q := registrytest.Request{Method: req.Method, Path: req.URL.Path}
	if wait := h.catch(q); wait != nil {
		select {
		case <-wait:
		case <-req.Context().Done():
			return
		}
	}
	if h.public && req.URL.Path == "/token" && req.Header.Get("Authorization") == "" {
		req.SetBasicAuth(guest, "")
	}
	if h.echoes(q) {
		echo(w, req)
		return
	}
	h.Registry.ServeHTTP(w, req)
}

// catch returns what a request has to wait for; nil: nothing.
func (h *host) catch(q registrytest.Request) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, held := range h.holds {
		if !held.caught && held.match(q) {
			held.caught = true
			return held.release
		}
	}
	return nil
}

// hold makes the next request that matches wait until release.
func (h *host) hold(match func(registrytest.Request) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds = append(h.holds, &hold{match: match, release: make(chan struct{})})
}

// release lets all requests go that wait.
func (h *host) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, held := range h.holds {
		close(held.release)
	}
	h.holds = nil
}

// seen reports whether a request that matches was answered, or is being held.
func (h *host) seen(match func(registrytest.Request) bool) bool {
	h.mu.Lock()
	held := slices.ContainsFunc(h.holds, func(held *hold) bool { return held.caught })
	h.mu.Unlock()
	return held || slices.ContainsFunc(h.Requests(), func(q registrytest.Request) bool { return q.Status != 0 && match(q) })
}

func (h *host) echoes(q registrytest.Request) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.echo != nil && h.echo(q)
}

// echo refuses a request with what it was authorised with, as it came and decoded, wherever an answer has room for a text.
func echo(w http.ResponseWriter, req *http.Request) {
	sent := req.Header.Get("Authorization")
	text := sent
	if encoded, ok := strings.CutPrefix(sent, "Basic "); ok {
		decoded, _ := base64.StdEncoding.DecodeString(encoded) // the header is the program's own
		text += " is " + string(decoded)
	}
	type item struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Detail  string `json:"detail"`
	}
	body, err := json.Marshal(map[string][]item{"errors": {{"DENIED", "denied to " + text, text}}})
	if err != nil {
		panic(err) // strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Echo", sent)
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write(body)
}
