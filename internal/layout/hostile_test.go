// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/polytag/polytag/internal/layout"
)

// Folders that are refused, with the words that say why.
func TestOpenFolderFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(b *builder)
		want  string
	}{
		"no oci-layout":       {func(b *builder) { b.remove("oci-layout") }, "it has no file oci-layout"},
		"no index.json":       {func(b *builder) { b.remove("index.json") }, "it has no file index.json"},
		"another version":     {func(b *builder) { b.file("oci-layout", []byte(`{"imageLayoutVersion":"2.0.0"}`)) }, `reading oci-layout: imageLayoutVersion is "2.0.0", not 1.0.0`},
		"no version":          {func(b *builder) { b.file("oci-layout", []byte(`{}`)) }, `reading oci-layout: imageLayoutVersion is "", not 1.0.0`},
		"no JSON":             {func(b *builder) { b.file("oci-layout", []byte("1.0.0")) }, "reading oci-layout: invalid character"},
		"index.json: no JSON": {func(b *builder) { b.file("index.json", []byte("<html>")) }, "reading index.json: parsing index: reading JSON"},
		"index.json: an image": {func(b *builder) {
			b.file("index.json", []byte(`{"schemaVersion":2,"manifests":[],"config":{}}`))
		}, "it has the fields of an image too"},
		"index.json: a digest that leads out": {func(b *builder) {
			b.file("index.json", []byte(`{"schemaVersion":2,"manifests":[{"mediaType":"a","size":1,"digest":"sha256:../../../../etc/passwd"}]}`))
		}, "reading index.json"},
		"index.json: endless":     {func(b *builder) { b.truncate("index.json", 4<<20+1) }, "reading index.json: it has 4194305 bytes, more than the 4194304 that are read"},
		"index.json: many values": {func(b *builder) { b.file("index.json", []byte("["+strings.Repeat("1,", 200_001)+"1]")) }, "reading index.json: it has more than 200000 values"},
		"oci-layout: endless":     {func(b *builder) { b.truncate("oci-layout", 1<<40) }, "reading oci-layout: it has 1099511627776 bytes, more than the 4194304 that are read"},
		"a link out":              {func(b *builder) { b.remove("index.json"); b.link("../../index.json", "index.json") }, "path escapes from parent"},
		"an absolute link":        {func(b *builder) { b.remove("oci-layout"); b.link("/etc/hostname", "oci-layout") }, "path escapes from parent"},
		"a folder for a file":     {func(b *builder) { b.remove("index.json"); b.mkdir("index.json") }, "opening index.json: it is no regular file"},
		"docker save, unpacked":   {func(b *builder) { b.remove("oci-layout"); b.file("manifest.json", []byte("[]")) }, "it is a docker-archive, not an OCI layout; write one with docker buildx build --output type=oci"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := build(t)
			test.spoil(b)
			_, err := open(t, b.dir)
			if err == nil {
				t.Fatalf("Open succeeded, want an error: %s", test.want)
			}
			if got := err.Error(); !strings.HasPrefix(got, `opening OCI layout "out": `) || !strings.Contains(got, test.want) {
				t.Errorf("Open: %s, want %s", got, test.want)
			}
		})
	}
}

func (b *builder) remove(name string) {
	b.t.Helper()
	if err := os.Remove(filepath.Join(b.dir, name)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *builder) link(to, name string) {
	b.t.Helper()
	if err := os.Symlink(to, filepath.Join(b.dir, name)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *builder) mkdir(name string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Join(b.dir, name), 0o755); err != nil {
		b.t.Fatal(err)
	}
}

func (b *builder) truncate(name string, size int64) {
	b.t.Helper()
	if err := os.Truncate(filepath.Join(b.dir, name), size); err != nil {
		b.t.Fatal(err)
	}
}

// Tars that are refused.
func TestOpenTarFaults(t *testing.T) {
	t.Parallel()
	b := build(t)
	b.list(b.image("a"), refName, "a")
	good := members(t, b.dir, "")
	with := func(more ...member) []byte { return tarOf(t, append(append([]member(nil), good...), more...)...) }
	whole := with()
	for name, test := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":              {nil, "it has no file oci-layout"},
		"no tar":               {bytes.Repeat([]byte("no tar"), 1000), "it is neither a folder nor a tar"},
		"zstd":                 {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0}, "it is packed with zstd; unpack it first: zstd -d FILE"},
		"gzip of no tar":       {gzipped(t, bytes.Repeat([]byte("no tar"), 1000)), "it is neither a folder nor a tar"},
		"gzip that is cut":     {gzipped(t, whole)[:200], "unpacking gzip: copying: unexpected EOF"},
		"gzip that is no":      {[]byte{0x1f, 0x8b, 1}, "unpacking gzip: unexpected EOF"},
		"a tar that is cut":    {whole[:len(whole)-1024-500], "reading the tar: unexpected EOF"},
		"index.json twice":     {with(member{name: "./index.json", raw: []byte("{}")}), "reading the tar: index.json is there twice"},
		"index.json by dots":   {with(member{name: "x/../index.json", raw: []byte("{}")}), "reading the tar: index.json is there twice"},
		"a link":               {tarOf(t, member{name: "oci-layout", kind: tar.TypeSymlink, link: "/etc/hostname"}), "reading the tar: oci-layout: it is no regular file"},
		"a hard link":          {tarOf(t, member{name: "index.json", kind: tar.TypeLink, link: "oci-layout"}), "reading the tar: index.json: it is no regular file"},
		"a device":             {tarOf(t, member{name: "index.json", kind: tar.TypeChar}), "reading the tar: index.json: it is no regular file"},
		"a layout in a folder": {tarOf(t, members(t, b.dir, "build/out/")...), `the layout is in the folder "build/out" of the tar; pack the contents of that folder (tar -C build/out -cf FILE .)`},
		"docker save of old":   {tarOf(t, member{name: "manifest.json", raw: []byte("[]")}, member{name: "repositories", raw: []byte("{}")}), "it is a docker-archive, not an OCI layout"},
		"sparse":               {sparse(t), "reading the tar: index.json is a sparse file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, save(t, test.raw))
			if err == nil {
				t.Fatalf("Open succeeded, want an error: %s", test.want)
			}
			if got := err.Error(); !strings.HasPrefix(got, `opening OCI layout "out.tar": `+test.want) {
				t.Errorf("Open: %s, want %s", got, test.want)
			}
		})
	}
}

// sparse is a tar of format GNU 1.0 as GNU tar writes it: 1 TiB, of which the tar has one block. The writer of archive/tar
// refuses to make one, so its key is put in afterwards.
func sparse(t *testing.T) []byte {
	t.Helper()
	raw := tarOf(t, member{name: "index.json", raw: []byte("0\n" + strings.Repeat("\x00", 510)), pax: map[string]string{
		"ABC.sparse.major": "1", "ABC.sparse.minor": "0", "ABC.sparse.realsize": "1099511627776",
	}})
	return bytes.ReplaceAll(raw, []byte("ABC.sparse"), []byte("GNU.sparse"))
}

func TestOpenMissing(t *testing.T) {
	t.Parallel()
	if _, err := open(t, filepath.Join(t.TempDir(), "out")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing: %v, want fs.ErrNotExist", err)
	}
}

// A layout as docker save writes it since version 25 holds files of its old format too.
func TestDockerSave(t *testing.T) {
	t.Parallel()
	b := build(t)
	image := b.image("a")
	b.list(image, imageName, "docker.io/acme/app:1.2", refName, "1.2")
	b.file("manifest.json", []byte(`[{"RepoTags":["acme/app:1.2"]}]`))
	b.file("repositories", []byte(`{}`))
	l := mustOpen(t, save(t, tarOf(t, members(t, b.dir, "")...)))
	for _, ref := range []string{"", "1.2", "docker.io/acme/app:1.2"} {
		if got, err := l.Manifest(t.Context(), ref); err != nil || got.Digest != image.Digest {
			t.Errorf("Manifest(%q) = %s, %v, want %s", ref, got.Digest, err, image.Digest)
		}
	}
}

// A blob is what its descriptor says, or an error.
func TestBlobFaults(t *testing.T) {
	t.Parallel()
	b := build(t)
	good := b.blob([]byte("good"))
	wrong := v1.Descriptor{Digest: digestOf([]byte("asked for")), Size: 5}
	b.file("blobs/sha256/"+wrong.Digest.Hex, []byte("wrong"))
	void := v1.Descriptor{Digest: digestOf([]byte("void")), Size: 0}
	b.file("blobs/sha256/"+void.Digest.Hex, nil)
	outside := v1.Descriptor{Digest: digestOf([]byte("outside")), Size: 1}
	b.link("/etc/hostname", "blobs/sha256/"+outside.Digest.Hex)
	large := v1.Descriptor{Digest: digestOf([]byte("large")), Size: 4<<20 + 1}
	b.file("blobs/sha256/"+large.Digest.Hex, nil)
	b.truncate("blobs/sha256/"+large.Digest.Hex, large.Size)
	b.list(v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: wrong.Digest, Size: 5}, refName, "wrong")
	for name, test := range map[string]struct {
		desc v1.Descriptor
		want string
	}{
		"good":           {good, ""},
		"larger":         {v1.Descriptor{Digest: good.Digest, Size: 3}, "it has 4 bytes, not 3"},
		"smaller":        {v1.Descriptor{Digest: good.Digest, Size: 5}, "it has 4 bytes, not 5"},
		"another digest": {wrong, "the contents have the digest " + digestOf([]byte("wrong")).String()},
		"nothing":        {void, "the contents have the digest " + digestOf(nil).String()},
		"a link out":     {outside, "path escapes from parent"},
		"a path":         {v1.Descriptor{Digest: v1.Hash{Algorithm: "sha256", Hex: "../../oci-layout"}, Size: 30}, "want sha256: and 64 hex digits"},
		"another kind":   {v1.Descriptor{Digest: v1.Hash{Algorithm: "..", Hex: good.Digest.Hex}, Size: 4}, "want sha256: and 64 hex digits"},
		"too large":      {large, "it has 4194305 bytes, more than the 4194304 that are read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := mustOpen(t, b.dir)
			_, err := l.Blob(t.Context(), test.desc)
			check(t, "Blob", err, test.want)
			if name == "too large" {
				return // for a Blob
			}
			r, err := l.Open(t.Context(), test.desc)
			if err == nil {
				defer r.Close()
				_, err = io.Copy(io.Discard, r)
			}
			check(t, "Open", err, test.want)
		})
	}
	_, err := mustOpen(t, b.dir).Manifest(t.Context(), "wrong")
	check(t, "Manifest", err, "the contents have the digest")
}

func check(t *testing.T, call string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", call, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: %v, want %s", call, err, want)
	}
}

// Who reads as many bytes as there should be, and no further, learns of a wrong digest, and so does who asks again.
func TestOpenLastBytes(t *testing.T) {
	t.Parallel()
	b := build(t)
	desc := v1.Descriptor{Digest: digestOf([]byte("asked for")), Size: 5}
	b.file("blobs/sha256/"+desc.Digest.Hex, []byte("wrong"))
	r, err := mustOpen(t, b.dir).Open(t.Context(), desc)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := make([]byte, 4)
	if n, err := r.Read(p); n != 4 || err != nil {
		t.Fatalf("the first Read = %d, %v, want 4 bytes", n, err)
	}
	n, err := r.Read(p[:1])
	if n != 1 || err == nil || errors.Is(err, io.EOF) {
		t.Fatalf("the last Read = %d, %v, want a byte and an error", n, err)
	}
	if n, again := r.Read(p); n != 0 || again == nil || again.Error() != err.Error() {
		t.Errorf("a further Read = %d, %v, want %v", n, again, err)
	}
}

// A blob that loses its end while it is read is no end of the stream.
func TestOpenTruncated(t *testing.T) {
	t.Parallel()
	b := build(t)
	desc := b.blob(bytes.Repeat([]byte("x"), 1000))
	r, err := mustOpen(t, b.dir).Open(t.Context(), desc)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b.truncate("blobs/sha256/"+desc.Digest.Hex, 10)
	if n, err := io.Copy(io.Discard, r); n != 10 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Copy = %d, %v, want 10 bytes and io.ErrUnexpectedEOF", n, err)
	}
}

// A large layer in a tar is neither unpacked nor held in memory. Not parallel: it measures the process.
func TestMemory(t *testing.T) { //nolint:paralleltest // see above
	const size = 256 << 20
	b := build(t)
	image := b.image("a")
	b.list(image, refName, "a")
	raw := tarOf(t, append(members(t, b.dir, ""), member{name: "blobs/sha256/" + digestOf(nil).Hex})...)
	var header bytes.Buffer
	if err := tar.NewWriter(&header).WriteHeader(&tar.Header{Name: "blobs/sha256/" + digestOf([]byte("x")).Hex, Size: size, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	raw = append(raw[:len(raw)-1024], header.Bytes()...)
	path := save(t, raw)
	if err := os.Truncate(path, int64(len(raw))+size+1024); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := mustOpen(t, path)
	r, err := l.Open(t.Context(), v1.Descriptor{Digest: digestOf([]byte("x")), Size: size})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	if n != size || err == nil || !strings.Contains(err.Error(), "the contents have the digest") {
		t.Errorf("Copy = %d, %v, want %d bytes that have another digest", n, err, size)
	}
	runtime.ReadMemStats(&after)
	if got, want := after.TotalAlloc-before.TotalAlloc, uint64(4<<20); got > want {
		t.Errorf("reading allocated %d bytes, want at most %d", got, want)
	}
}

// What gzip packed is in a file that is gone in the end, or even before.
func TestSpool(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	b := build(t)
	b.list(b.image("a"), refName, "a")
	root, err := os.OpenRoot(filepath.Dir(save(t, gzipped(t, tarOf(t, members(t, b.dir, "")...)))))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	l, err := layout.Open(t.Context(), root, "out.tar")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Manifest(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{
		0: "", 1000: "", 1001: "it has more than 1000 bytes, and more than 100 times what was packed; unpack the file first: gunzip FILE",
	} {
		var out bytes.Buffer
		err := layout.Unpack(t.Context(), &out, strings.NewReader(strings.Repeat("x", size)), 1001)
		check(t, "unpack", err, want)
		if out.Len() != size {
			t.Errorf("unpacked %d bytes, want %d", out.Len(), size)
		}
	}
}
