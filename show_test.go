// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/platform"
)

func cmdTags(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "tags REPO")
	h, repo, _ := locate(ts, args[0])
	out := ts.Stdout()
	tags := h.Tags(repo)
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		fmt.Fprintln(out, tag, short(tags[tag]))
	}
}

func cmdIndex(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "index REF")
	h, repo, ref := locate(ts, args[0])
	raw, mediaType, ok := h.Manifest(repo, ref)
	if !ok {
		ts.Fatalf("there is no %s", args[0])
	}
	out := ts.Stdout()
	fmt.Fprintln(out, mediaType)
	if !index.IsIndex(mediaType) {
		return
	}
	m, err := v1.ParseIndexManifest(strings.NewReader(string(raw)))
	ts.Check(err)
	for _, key := range slices.Sorted(maps.Keys(m.Annotations)) {
		fmt.Fprintf(out, "%s=%s\n", key, m.Annotations[key])
	}
	for _, entry := range m.Manifests {
		of := ""
		if image := entry.Annotations["vnd.docker.reference.digest"]; image != "" {
			of = " attests " + short(image)
		}
		fmt.Fprintf(out, "%s %s%s\n", short(entry.Digest.String()), cmp.Or(platform.FromOCI(entry.Platform).String(), "-"), of)
	}
}

func cmdManifest(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "manifest REF")
	h, repo, ref := locate(ts, args[0])
	raw, _, ok := h.Manifest(repo, ref)
	if !ok {
		ts.Fatalf("there is no %s", args[0])
	}
	_, err := ts.Stdout().Write(raw)
	ts.Check(err)
}

func cmdWrites(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "writes HOST")
	h := find(ts, args[0])
	out := ts.Stdout()
	for _, write := range h.Writes() {
		fmt.Fprintln(out, write)
	}
	h.ResetRequests()
}

func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "requests HOST")
	h := find(ts, args[0])
	out := ts.Stdout()
	for _, q := range h.Requests() {
		fmt.Fprintln(out, q)
	}
	h.ResetRequests()
}

// volatile is what differs from run to run.
var volatile = []struct {
	text *regexp.Regexp
	mask string
}{
	{regexp.MustCompile(`, [0-9.]+m?s\b`), ", TIME"},
	{regexp.MustCompile(`ghadelimiter_[A-Z2-7]+`), "DELIMITER"},
	{regexp.MustCompile(`(section_(?:start|end)):[0-9]+:`), "$1:UNIX:"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]+`), "LOOPBACK"},
}

func cmdMask(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "mask FROM TO")
	text := ts.ReadFile(args[0])
	for _, v := range volatile {
		text = v.text.ReplaceAllString(text, v.mask)
	}
	writeFile(tb(ts), ts.MkAbs(args[1]), []byte(text))
}

func short(digest string) string { return digest[:len("sha256:")+12] }
