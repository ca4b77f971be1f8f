// SPDX-License-Identifier: Apache-2.0

package bench_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// contender is a program that copies an image with all its platforms.
type contender struct {
	name string
	// copying returns the command that does it.
	copying func(from, to name.Tag) []string
}

// contenders returns who is measured, the program under test first. All publish one tag.
func contenders(tb testing.TB, others ...contender) []contender {
	tb.Helper()
	crane, skopeo := goTool(tb, "crane"), lookPath(tb, "skopeo")
	all := []contender{
		{"polytag", polytag(current)},
		{"crane", func(from, to name.Tag) []string { return []string{crane, "copy", from.String(), to.String()} }},
		{"skopeo", func(from, to name.Tag) []string {
			return []string{
				skopeo, "copy", "--all", "--insecure-policy", "--src-tls-verify=false", "--dest-tls-verify=false",
				"docker://" + from.String(), "docker://" + to.String(),
			}
		}},
	}
	if *before != "" {
		all = append(all, contender{"before", polytag(*before)})
	}
	return append(all, others...)
}

// skipping copies no signatures, and looks for none. Nor do crane and skopeo.
func skipping() contender { return contender{"polytag-skip", polytag(current, "--referrers=skip")} }

func polytag(exe string, flags ...string) func(from, to name.Tag) []string {
	return func(from, to name.Tag) []string {
		return append([]string{exe, "--images=" + to.Repository.String(), "--tags=" + to.TagStr(), "--sources=" + from.String()}, flags...)
	}
}

// inTurn returns the contenders in the order of a round: each is first, second and so on equally often.
func inTurn(all []contender, round int) []contender {
	first := round % len(all)
	return append(all[first:len(all):len(all)], all[:first]...)
}

// run is what one run of a program took.
type run struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory that were resident at most
	requests  int   // that it sent, if they were counted
}

// measure runs a program, which has to succeed, in an empty folder and with no other environment than that.
//
// What the kernel counts as the peak of a process includes what its parent had resident when it was started, so this process has to
// stay small.
func measure(tb testing.TB, command []string, env ...string) run {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Minute)
	defer cancel()
	dir := tb.TempDir()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+dir)
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(begin)
	if err != nil {
		tb.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	state := cmd.ProcessState
	return run{wall: wall, cpu: state.UserTime() + state.SystemTime(), peak: state.SysUsage().(*syscall.Rusage).Maxrss << 10}
}
