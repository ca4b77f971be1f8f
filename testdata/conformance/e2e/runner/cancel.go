// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// end starts a process and waits for it. A cancelled workflow's gets SIGINT, 7.5 s later SIGTERM, and 2.5 s later it is killed.
// https://github.com/actions/runner/blob/main/src/Runner.Sdk/ProcessInvoker.cs
//
// It calls sent after each signal.
func end(ctx context.Context, cmd *exec.Cmd, sent func()) (signals []os.Signal, err error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return nil, err
	case <-ctx.Done():
	}
	for _, next := range []struct {
		signal os.Signal
		grace  time.Duration
	}{{syscall.SIGINT, 7500 * time.Millisecond}, {syscall.SIGTERM, 2500 * time.Millisecond}, {syscall.SIGKILL, time.Minute}} {
		if err := cmd.Process.Signal(next.signal); errors.Is(err, os.ErrProcessDone) {
			return signals, <-ended
		}
		signals = append(signals, next.signal)
		sent()
		select {
		case err := <-ended:
			return signals, err
		case <-time.After(next.grace):
		}
	}
	return signals, errors.New("the process did not end when it was killed")
}
