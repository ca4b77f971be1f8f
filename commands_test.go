// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/registrytest"
)

// commands are what scripts have beside testscript's own. REPO is registry.example/acme/app, REF is a REPO with a tag or
// a digest behind it. What prints, prints to stdout, so that stdout and cmp can look at it.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// registry HOST [OPTION…] starts a registry that the program finds under this name, with TLS. HOST is a name below .example,
	// ghcr.io or index.docker.io; or any other, if plain. Options: plain (no TLS), loopback=VAR (plain, and VAR is its address
	// on this machine), delete=manifests|nothing, referrers (it has the API for them), no-digest-header, page=N,
	// immutable=TAG,…, users=NAME:PASSWORD,…, bearer, token-lifetime=D, pull-only=NAME, own-namespace (a user may act below
	// NAME/ alone), public=NAME:PASSWORD,… (bearer, and all may pull).
	"registry": cmdRegistry,
	// seed REPO:STEM PLATFORM… stores a small image for each platform, under the tags that the default source_template gives.
	"seed": cmdSeed,
	// push REF PLATFORM [SEED] stores one small image. Without a tag in REF it has none. The tag, or SEED, makes its bytes.
	"push": cmdPush,
	// layout FIXTURE REPO stores what BuildKit made: attested, docker, multi, oci or windows.
	"layout": cmdLayout,
	// settag REPO FROM TAG… points tags at what another tag, or a digest, points at.
	"settag": cmdSetTag,
	// untag REPO TAG… removes tags, as a clean-up does.
	"untag": cmdUntag,
	// many-tags REPO FROM N adds N tags, 0.0.0, 0.0.1, … 0.1.0, …, a hundred of a minor.
	"many-tags": cmdManyTags,
	// digest VAR REF sets a variable to the digest of what is there.
	"digest": cmdDigest,
	// tags REPO prints each tag with its digest, shortened.
	"tags": cmdTags,
	// index REF prints what an index lists; manifest REF prints its bytes.
	"index":    cmdIndex,
	"manifest": cmdManifest,
	// writes HOST prints the PUTs and DELETEs of manifests that were carried out, in order, and requests HOST every request; then
	// they forget both.
	"writes":   cmdWrites,
	"requests": cmdRequests,
	// fault HOST METHOD PATH ANSWER [OPTION…] makes requests fail: METHOD may be any, PATH is a regular expression, ANSWER is a
	// status, reset, lost (carried out, and then the connection breaks), truncate, echo (403, and all that authorised the request
	// in its body) or delay=D (it is answered late). Options: from=N, times=N, applied (carried out, and then ANSWER), html,
	// header=KEY:VALUE, body=TEXT.
	"fault": cmdFault,
	// heal HOST takes faults away.
	"heal": cmdHeal,
	// hold HOST METHOD PATH makes the next such request wait until let HOST. await HOST METHOD PATH returns when such a request
	// was answered, or any is being held.
	"hold":  cmdHold,
	"let":   cmdLet,
	"await": cmdAwait,
	// exits STATUS COMMAND… runs a command that has to end with this very status.
	"exits": cmdExits,
	// mask FROM TO copies a text and replaces what differs from run to run: durations, Unix times, GitHub's delimiters.
	"mask": cmdMask,
}

func cmdRegistry(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "registry HOST [OPTION…]")
	h, err := newHost(args[1:])
	ts.Check(err)
	address := internet(ts).add(args[0], h)
	if h.loopback != "" {
		ts.Setenv(h.loopback, address)
	}
}

func cmdSeed(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "seed REPO:STEM PLATFORM…")
	h, repo, stem := locate(ts, args[0])
	template, err := platform.ParseTemplate("{source_tag}-{os}-{arch}{-variant}")
	ts.Check(err)
	for _, text := range args[1:] {
		spec, err := platform.Parse(text)
		ts.Check(err)
		tag, err := template.Tag(stem, spec)
		ts.Check(err)
		h.PushImage(tb(ts), repo+":"+tag, text)
	}
}

func cmdPush(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "push REF PLATFORM [SEED]")
	h, repo, tag := locate(ts, args[0])
	seed := tag
	if len(args) > 2 {
		seed = args[2]
	}
	if tag != "" {
		repo += ":" + tag
	}
	h.Push(tb(ts), repo, registrytest.Image(tb(ts), seed, args[1]))
}

func cmdLayout(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "layout FIXTURE REPO")
	h, repo, _ := locate(ts, args[1])
	h.PushLayout(tb(ts), filepath.Join(ts.Getenv("FIXTURES"), args[0]), repo)
}

func cmdSetTag(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 3, "settag REPO FROM TAG…")
	h, repo, _ := locate(ts, args[0])
	h.Tag(tb(ts), repo, resolve(ts, h, repo, args[1]), args[2:]...)
}

func cmdUntag(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "untag REPO TAG…")
	h, repo, _ := locate(ts, args[0])
	for _, tag := range args[1:] {
		answer := httptest.NewRecorder()
		h.Registry.ServeHTTP(answer, httptest.NewRequest(http.MethodDelete, "/v2/"+repo+"/manifests/"+tag, http.NoBody))
		if answer.Code != http.StatusAccepted {
			ts.Fatalf("%s", answer.Body)
		}
	}
}

func cmdManyTags(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 3, "many-tags REPO FROM N")
	h, repo, _ := locate(ts, args[0])
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf("0.%d.%d", i/100, i%100)
	}
	h.Tag(tb(ts), repo, resolve(ts, h, repo, args[1]), tags...)
}

func cmdDigest(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "digest VAR REF")
	h, repo, ref := locate(ts, args[1])
	ts.Setenv(args[0], resolve(ts, h, repo, ref).String())
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "exits STATUS COMMAND…")
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != status {
		ts.Fatalf("exit status %d, want %d", got, status)
	}
}

// want ends a script that uses a command wrongly.
func want(ts *testscript.TestScript, neg bool, args []string, least int, usage string) {
	if neg || len(args) < least {
		ts.Fatalf("usage: %s", usage)
	}
}

func internet(ts *testscript.TestScript) *network { return ts.Value(networkKey{}).(*network) }

func tb(ts *testscript.TestScript) testing.TB { return internet(ts).tb }

func find(ts *testscript.TestScript, name string) *host {
	h := internet(ts).hosts[name]
	if h == nil {
		ts.Fatalf("there is no registry %s", name)
	}
	return h
}

// locate takes REPO:TAG or REPO@DIGEST apart.
func locate(ts *testscript.TestScript, text string) (h *host, repo, ref string) {
	name, path, _ := strings.Cut(text, "/")
	h = find(ts, name)
	if repo, ref, ok := strings.Cut(path, "@"); ok {
		return h, repo, ref
	}
	repo, ref, _ = strings.Cut(path, ":")
	return h, repo, ref
}

func resolve(ts *testscript.TestScript, h *host, repo, ref string) v1.Hash {
	text := ref
	if !strings.HasPrefix(ref, "sha256:") {
		text = h.Tags(repo)[ref]
	}
	digest, err := v1.NewHash(text)
	if err != nil {
		ts.Fatalf("there is no %s in %s", ref, repo)
	}
	return digest
}
