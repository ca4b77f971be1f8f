// SPDX-License-Identifier: Apache-2.0

package layout_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/layout"
)

// The files that are found by their places are those that a reader from front to end finds by their names. A patch is put into a
// good tar, and the checksums of its headers are made right again: random bytes would hardly get past them.
func FuzzScan(f *testing.F) {
	good := tarSeed(
		f,
		member{name: "oci-layout", raw: []byte("{}")},
		member{name: "./index.json", raw: []byte("[]"), pax: map[string]string{"ABC.key": "value"}},
		member{name: strings.Repeat("long/", 60) + "x"},
		member{name: "blobs/sha256/" + hex64, raw: bytes.Repeat([]byte("x"), 513)},
		member{name: "manifest.json"},
	)
	f.Add(uint16(0), []byte{}, uint16(0))
	f.Add(uint16(0), []byte("index.json\x00"), uint16(0))
	f.Add(uint16(124), []byte("77777777777"), uint16(0)) // a size
	f.Add(uint16(124), []byte{0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint16(0))
	f.Add(uint16(156), []byte("S"), uint16(600)) // a type
	f.Add(uint16(1536), []byte("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"), uint16(1024))
	f.Fuzz(func(t *testing.T, at uint16, patch []byte, cut uint16) {
		raw := bytes.Clone(good)
		copy(raw[int(at)%len(raw):], patch)
		raw = raw[:len(raw)-int(cut)%len(raw)]
		seal(raw)
		got, err := layout.Scan(t.Context(), raw)
		if errors.Is(err, layout.ErrOutside) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		reader, found := tar.NewReader(bytes.NewReader(raw)), 0
		for {
			header, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("Scan takes what a reader refuses: %v", err)
			}
			contents, ok := got[path.Clean(header.Name)]
			if !ok {
				continue
			}
			found++
			if want, err := io.ReadAll(reader); err != nil || !bytes.Equal(contents, want) {
				t.Errorf("%s is %q, %v to a reader, %q to Scan", header.Name, want, err, contents)
			}
		}
		if found != len(got) {
			t.Errorf("Scan found %d files, a reader %d", len(got), found)
		}
	})
}

// seal writes the checksum of each block that looks like a header:
// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06
func seal(raw []byte) {
	for block := range slices.Chunk(raw, 512) {
		if len(block) < 512 || !bytes.HasPrefix(block[257:], []byte("ustar")) {
			continue
		}
		copy(block[148:156], "        ")
		sum := 0
		for _, c := range block {
			sum += int(c)
		}
		copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
	}
}

func tarSeed(f *testing.F, files ...member) []byte {
	f.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range files {
		header := &tar.Header{Name: file.name, Size: int64(len(file.raw)), Typeflag: file.kind, Linkname: file.link, PAXRecords: file.pax}
		if header.Typeflag == 0 {
			header.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(header); err != nil {
			f.Fatal(err)
		}
		if _, err := w.Write(file.raw); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}

// Whatever index.json and a manifest say, what is read has the digest that it is said to have.
func FuzzManifest(f *testing.F) {
	const document = `{"schemaVersion":2,"config":{},"layers":[]}`
	for _, fixture := range []string{"multi", "windows"} {
		raw, err := os.ReadFile(filepath.Join(fixtures, fixture, "index.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, []byte(document), "")
	}
	entry := `{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":43,"digest":"` + digestOf([]byte(document)).String() + `","annotations":{"` + refName + `":"a"}}`
	f.Add([]byte(`{"schemaVersion":2,"manifests":[`+entry+`]}`), []byte(document), "a")
	f.Add([]byte(`{"schemaVersion":2,"manifests":[`+entry+`,`+entry+`]}`), []byte(document), "")
	f.Add([]byte(`{"schemaVersion":2,"manifests":[]}`), []byte(`{"manifests":[],"subject":{}}`), digestOf([]byte(document)).String())
	f.Fuzz(func(t *testing.T, index, document []byte, ref string) {
		l, err := layout.OpenMemory(layout.Memory{
			"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": index,
			"blobs/sha256/" + digestOf(document).Hex: document,
		})
		if err != nil {
			return
		}
		for _, ref := range append(l.Names(), "", ref, digestOf(document).String()) {
			m, err := l.Manifest(t.Context(), ref)
			if err == nil && (m.Digest != digestOf(m.Raw) || m.MediaType == "") {
				t.Errorf("Manifest(%q) = %q as %s, %s", ref, m.Raw, m.Digest, m.MediaType)
			}
			if err == nil {
				_, _ = l.Referrers(t.Context(), m.Digest, nil)
			}
		}
	})
}
