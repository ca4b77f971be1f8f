// SPDX-License-Identifier: Apache-2.0

//go:build cosign

package conformance_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCosign signs with cosign, copies, and verifies with cosign in the target. It has a build tag of its own, because cosign is built
// for it, which takes minutes.
func TestCosign(t *testing.T) {
	t.Parallel()
	c := newCosign(t)
	for _, from := range start(t, []server{distribution3(true), {name: "olareg", start: startOlareg}}) {
		for _, to := range start(t, []server{distribution2(true), {name: "olareg", start: startOlareg}}) {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				t.Parallel()
				var j journal
				source, target := newPlace(t, &j, from, to.name+"/staging"), newPlace(t, &j, to, from.name+"/app")
				image := source.fixture("multi")
				source.push(image)
				c.sign(t, source, image)
				args := []string{"--git-tag=v1.2.3", "--sources=" + source.image() + ":" + tested}
				releaseTo(t, 0, []place{target}, args...)
				c.verify(t, target, image)
				wantNothingLeft(t, &j, target, args...)
			})
		}
	}
}

// cosign is the cosign that cosign/go.mod pins, with a key of its own.
type cosign struct{ exe, dir string }

func newCosign(t *testing.T) cosign {
	t.Helper()
	dir := t.TempDir()
	c := cosign{exe: filepath.Join(dir, "cosign"), dir: dir}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", c.exe, "github.com/sigstore/cosign/v2/cmd/cosign")
	build.Dir = "cosign"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building cosign: %v\n%s", err, out)
	}
	writeFile(t, filepath.Join(dir, "sbom.json"), `{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"hello","packages":[]}`)
	// Nobody but the key is trusted. Without a file cosign would fetch one.
	writeFile(t, filepath.Join(dir, "trusted.json"), `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`)
	c.run(t, "generate-key-pair", "--output-key-prefix="+filepath.Join(dir, "cosign"))
	return c
}

// sign stores signatures, attestations and an SBOM in every way that cosign has.
func (c cosign) sign(t *testing.T, at place, image fixture) {
	t.Helper()
	index, amd64 := at.image()+"@"+image[tested].digest, at.image()+"@"+image[tested].images[0]
	key := []string{"--yes", "--key=" + filepath.Join(c.dir, "cosign.key"), "--tlog-upload=false"}
	predicate := []string{"--type=spdxjson", "--predicate=" + filepath.Join(c.dir, "sbom.json")}
	for _, ref := range []string{index, amd64} {
		c.run(t, "sign", append(key, ref)...)
		c.run(t, "sign", append(key, "--registry-referrers-mode=oci-1-1", ref)...)
		c.run(t, "sign", append(key, "--new-bundle-format", ref)...)
		c.run(t, "attest", append(append(key, predicate...), ref)...)
		c.run(t, "attest", append(append(key, predicate...), "--new-bundle-format", ref)...)
	}
	c.run(t, "attach", "sbom", "--sbom="+filepath.Join(c.dir, "sbom.json"), "--type=spdx", amd64)
	c.run(t, "sign", append(key, "--attachment=sbom", amd64)...)
}

// verify finds and verifies all of that.
func (c cosign) verify(t *testing.T, at place, image fixture) {
	t.Helper()
	index, amd64 := at.image()+":1.2.3", at.image()+"@"+image[tested].images[0]
	key := []string{"--key=" + filepath.Join(c.dir, "cosign.pub"), "--insecure-ignore-tlog"}
	bundle := append(key, "--new-bundle-format", "--trusted-root="+filepath.Join(c.dir, "trusted.json"))
	for _, ref := range []string{index, amd64} {
		c.run(t, "verify", append(key, ref)...)
		c.run(t, "verify", append(key, "--experimental-oci11", ref)...)
		c.run(t, "verify", append(bundle, ref)...)
		c.run(t, "verify-attestation", append(key, "--type=spdxjson", ref)...)
		c.run(t, "verify-attestation", append(bundle, "--type=spdxjson", ref)...)
	}
	c.run(t, "verify", append(key, "--attachment=sbom", amd64)...)
	c.run(t, "download", "sbom", amd64)
}

// run runs cosign, which must succeed.
func (c cosign) run(t *testing.T, command string, args ...string) {
	t.Helper()
	env := []string{"HOME=" + c.dir, "COSIGN_PASSWORD=conformance", "COSIGN_EXPERIMENTAL=1"}
	tool(t, env, c.exe, append([]string{command}, args...)...)
}
