// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"testing"

	"github.com/polytag/polytag/testdata/conformance/engine"
)

// startEngine runs a private Docker engine until the end of the test.
func startEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// pullWithDocker pulls each platform and looks at what came. The containers that it looks into are never started.
func (at target) pullWithDocker(e *engine.Engine) {
	ref := at.image() + ":1.2.3"
	for _, platform := range sevenPlatforms() {
		at.docker(e, "pull", "--platform="+platform, ref)
		config := at.docker(e, "image", "inspect", `--format={"os":"{{.Os}}","architecture":"{{.Architecture}}","variant":"{{.Variant}}"}`, ref)
		wantImage(at.T, []byte(config), platform)

		container := at.docker(e, "create", "--platform="+platform, ref)
		archive := tool(at.T, e.Env, e.Docker, "cp", container+":/hello.txt", "-")
		wantHello(at.T, fileIn(at.T, bytes.NewReader(archive), "hello.txt"), platform)
		at.docker(e, "rm", container)
	}
}

// docker runs the engine's client and returns what it wrote.
func (at target) docker(e *engine.Engine, args ...string) string {
	at.Helper()
	out, err := e.Run(at.Context(), args...)
	if err != nil {
		at.Fatal(err)
	}
	return out
}
