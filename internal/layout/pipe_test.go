// SPDX-License-Identifier: Apache-2.0

//go:build unix

package layout_test

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe has no end, and no beginning until somebody writes into it.
func TestOpenPipe(t *testing.T) {
	t.Parallel()
	b := build(t)
	b.remove("index.json")
	pipe := filepath.Join(b.dir, "index.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, b.dir)
	check(t, "Open of a layout", err, "opening index.json: it is no regular file")
	_, err = open(t, pipe)
	check(t, "Open", err, "it is neither a folder nor a file")
}
