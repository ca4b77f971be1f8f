// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"cmp"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/polytag/polytag/internal/internettest"
	"github.com/polytag/polytag/internal/registrytest"
)

// hostility is a release whose source, or whose target, means harm. The run has to end with an error before anything is written, and
// in little memory; what is given for one host must not be seen by another.
type hostility struct {
	name string
	// source and target stand in front of an honest registry. Nil: it stays honest.
	source, target func(honest *registrytest.Registry) http.Handler
	// others are further hosts by name.
	others map[string]func(honest *registrytest.Registry) http.Handler
	// args are further arguments; sources in place of the source's one image.
	args, sources []string
	// want is part of the error; hint, if not empty, of a hint.
	want, hint string
	// trusted are the hosts besides the source that may see the source's credentials.
	trusted []string
	// uploads says that blobs were uploaded when the harm was done, which nobody sees; written that manifests were, too; and published
	// that the release comes to its end.
	uploads, written, published bool
	// memory and requests are how much it may take; 0: maxMemory and maxRequests.
	memory   int64
	requests int
}

const (
	sourceHost = "source.example"
	// maxMemory bounds what a run may take, the program itself included, however much it is sent.
	maxMemory = 96 << 20
	// maxRequests bounds how many requests a run may be made to send.
	maxRequests = 2000
)

// short is a time limit for what would never end by itself.
var short = []string{"--timeout", "2s"}

// TestHostile runs the real program against them.
func TestHostile(t *testing.T) {
	t.Parallel()
	p := build(t)
	for group, all := range map[string][]hostility{
		"manifests": hostileManifests(),
		"lists":     hostileLists(),
		"referrers": hostileReferrers(),
		"sign-in":   hostileSignIns(),
		"copies":    hostileCopies(),
		"texts":     hostileTexts(),
	} {
		for _, h := range all {
			t.Run(group+"/"+h.name, func(t *testing.T) {
				t.Parallel()
				h.run(t, p)
			})
		}
	}
}

func (h hostility) run(t *testing.T, p program) {
	t.Helper()
	n := internettest.New(t)
	w := &watch{seen: map[string][]string{}}
	honest := registrytest.New(registrytest.Options{Users: map[string]string{"reader": "s0urce-pw"}, Bearer: true})
	for _, platform := range []string{"amd64", "arm64"} {
		honest.PushImage(t, repo+":"+platform, "linux/"+platform)
	}
	goal := registrytest.New(registrytest.Options{Users: map[string]string{"writer": "t4rget-pw"}, Bearer: true})
	goal.PushImage(t, "acme/staging:amd64", "linux/amd64") // beside the target
	n.Add(t, sourceHost, w.on(sourceHost, front(honest, h.source)))
	n.Add(t, host, w.on(host, front(goal, h.target)))
	for name, other := range h.others {
		n.Add(t, name, w.on(name, other(honest)))
	}
	sources := h.sources
	if sources == nil {
		sources = []string{sourceHost + "/" + repo + ":amd64"}
	}
	args := append([]string{"--images", host + "/" + repo, "--git-tag", "v1.2.3", "--sources", strings.Join(sources, ",")}, h.args...)
	summary := filepath.Join(t.TempDir(), "summary")
	env := append(n.Env(), "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+summary,
		"POLYTAG_REGISTRY_AUTH=[{registry: "+sourceHost+", username: reader, password: s0urce-pw}, {registry: "+host+", username: writer, password: t4rget-pw}]")
	if err := syscall.Mkfifo(summary, 0o600); err != nil {
		t.Fatal(err)
	}
	run := p.prepare(t, env, args...)
	g := &gauge{process: run, summary: summary}
	run.Stdout = g
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	status := run.wait(t)
	if g.done == nil {
		t.Fatalf("exit status %d, and no word of what was done\n%s%s", status, clipped(run.stdout.String()), clipped(run.stderr.String()))
	}
	<-g.done
	t.Logf("exit status %d, %s, %d MiB: %s", status, run.ProcessState.UserTime(), g.peak>>20, clipped(strings.ReplaceAll(run.stderr.String(), "\n", " | ")))
	if want := map[bool]int{false: 1, true: 0}[h.published]; status != want {
		t.Errorf("exit status %d, want %d\n%s%s", status, want, clipped(run.stdout.String()), clipped(run.stderr.String()))
	}
	h.checkText(t, run, string(g.page))
	if most := cmp.Or(h.memory, maxMemory); g.peak > most || g.peak == 0 || g.err != nil {
		t.Errorf("the run took %d MiB (%v), want %d at most", g.peak>>20, g.err, most>>20)
	}
	w.check(t, h)
	if tags := goal.Tags(repo); !h.written && !h.published && len(tags) > 0 {
		t.Errorf("the target has the tags %v", tags)
	}
}

// front puts a registry that means harm in front of an honest one.
func front(honest *registrytest.Registry, hostile func(*registrytest.Registry) http.Handler) http.Handler {
	if hostile == nil {
		return honest
	}
	return hostile(honest)
}

var (
	// command matches what a runner takes for a command: in a line that begins as one, it does not look for the other kind.
	command = regexp.MustCompile(`(?m)^\s*::([\w-]+)|^\s*[^:\s].*##\[`)
	// masked matches how the runner is told what to mask.
	masked = regexp.MustCompile(`(?m)^::add-mask::.*\n`)
)

// checkText proves that what is said is clear, short, and no more than text.
func (h hostility) checkText(t *testing.T, run *process, page string) {
	t.Helper()
	stdout, stderr := masked.ReplaceAllString(run.stdout.String(), ""), run.stderr.String()
	if !h.published && !contains(stderr, "error: ", h.want) || h.hint != "" && !contains(stderr, "hint: ", h.hint) {
		t.Errorf("want an error with %q and a hint with %q, got:\n%s", h.want, h.hint, clipped(stderr))
	}
	for name, text := range map[string]string{"stdout": stdout, "stderr": stderr, "summary": strings.ReplaceAll(page, "##[", "")} {
		const enough = 16 << 10
		if len(text) > enough {
			t.Errorf("%s has %d bytes, want %d at most: %s", name, len(text), enough, clipped(text))
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); i >= 0 {
			t.Errorf("%s has control characters: %q", name, text[max(0, i-20):min(len(text), i+20)])
		}
		for _, secret := range []string{"s0urce-pw", "t4rget-pw"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has a password:\n%s", name, text)
			}
		}
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			if name != "stdout" || !slices.Contains([]string{"group", "endgroup", "error", "notice"}, m[1]) {
				t.Errorf("%s has the command %q:\n%s", name, m[0], clipped(text))
			}
		}
	}
}

// contains reports whether a line begins and goes on like that.
func contains(text, beginning, want string) bool {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, beginning); ok && strings.Contains(rest, want) {
			return true
		}
	}
	return false
}

func clipped(text string) string { return text[:min(len(text), 4<<10)] }
