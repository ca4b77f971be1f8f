// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestCopyLayout uploads images that a build job handed over as files. There is never a tag but those of the release.
func TestCopyLayout(t *testing.T) {
	t.Parallel()
	for _, r := range start(t, servers()) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			var j journal
			folder := func(layout string) string {
				path, err := filepath.Abs(filepath.Join("..", "fixtures", layout))
				if err != nil {
					t.Fatal(err)
				}
				return path
			}
			packed := filepath.Join(t.TempDir(), "oci.tar.gz")
			pack(t, folder("oci"), packed)
			multi, oci := loadFixture(t, "multi"), loadFixture(t, "oci")

			promoted := newPlace(t, &j, r, "layout/promoted")
			out := releaseTo(t, 0, []place{promoted}, "--git-tag=v1.2.3", "--sources=oci:"+folder("multi")+":"+tested)
			promoted.blobs(out.result.Digest)
			promoted.wantOnlyTags(multi[tested].digest, versionTags()...)

			joined := promoted.beside("layout/joined")
			from := func(tag string) string { return "oci:" + packed + ":12be34-linux-" + tag }
			args := []string{"--git-tag=v1.2.3", "--sources=" + join(from("s390x"), from("amd64"), "linux/arm/v6="+from("arm-v6"))}
			out = releaseTo(t, 0, []place{joined}, args...)
			joined.blobs(out.result.Digest)
			joined.wantPlatforms(joined.index("1.2.3"), "linux/amd64", "linux/arm/v6", "linux/s390x")
			joined.wantChildren(joined.index("1.2.3"), oci.only("12be34-linux-s390x", "12be34-linux-amd64", "12be34-linux-arm-v6").images())
			joined.wantOnlyTags(out.result.Digest, versionTags()...)
			wantNothingLeft(t, &j, joined, args...)

			copied := promoted.beside("layout/copied")
			archive := copied.archive(promoted.image() + ":1.2.3")
			releaseTo(t, 0, []place{copied}, "--git-tag=v1.2.3", "--sources=oci:"+archive)
			copied.blobs(multi[tested].digest)
			copied.wantOnlyTags(multi[tested].digest, versionTags()...)
		})
	}
}

// archive is what skopeo makes of an index.
func (at place) archive(ref string) string {
	at.Helper()
	path := filepath.Join(at.TempDir(), "image.tar")
	tool(at.T, nil, lookPath(at.T, "skopeo", "skopeo"), "--insecure-policy", "copy", "--all", "--preserve-digests",
		"--src-tls-verify=false", "docker://"+ref, "oci-archive:"+path+":handed-over")
	return path
}

// pack makes a packed tar of a folder.
func pack(t *testing.T, folder, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	packed := gzip.NewWriter(file)
	archive := tar.NewWriter(packed)
	if err := archive.AddFS(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []io.Closer{archive, packed, file} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
