// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata/script")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"polytag": main})
}

// TestScript runs the real program, as a process, against registries that have real names: see the commands in commands_test.go
// and the network in network_test.go. Each file shows one behaviour and is named after it.
//
//	go test -run TestScript/^release$ .
//	go test -run TestScript -update .   # rewrites what cmp compares with; read the difference
func TestScript(t *testing.T) {
	t.Parallel()
	cmds := maps.Clone(commands)
	maps.Copy(cmds, hubCommands)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		Cmds:                cmds,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			tb, ok := env.T().(testing.TB)
			if !ok {
				t.Fatalf("a script's T is a %T", env.T())
			}
			n := newNetwork(tb)
			env.Values[networkKey{}] = n
			env.Values[servicesKey{}] = &services{}
			env.Vars = append(env.Vars, n.internet.Env()...)
			fixtures, err := filepath.Abs(filepath.Join("testdata", "fixtures"))
			env.Setenv("FIXTURES", fixtures)
			return err
		},
	})
}

// writeFile is for what a test needs outside its scripts.
func writeFile(tb testing.TB, path string, content []byte) {
	tb.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
}
