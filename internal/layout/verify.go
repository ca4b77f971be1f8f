// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func digestOf(raw []byte) v1.Hash {
	sum := sha256.Sum256(raw)
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum[:])}
}

// verifier reads a blob of a known size. The last bytes come with an error if the digest is another, so that even who reads just
// as many bytes as there should be learns of it.
type verifier struct {
	file *file
	want v1.Hash
	hash hash.Hash
	left int64
	err  error // which every further Read returns
}

func verify(f *file, want v1.Hash) *verifier {
	return &verifier{file: f, want: want, hash: sha256.New(), left: f.Size()}
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	if len(p) == 0 && v.left > 0 {
		return 0, nil
	}
	n, err := v.file.Read(p)
	v.hash.Write(p[:n])
	v.left -= int64(n)
	switch {
	case v.left == 0:
		v.err = v.check()
		if v.err == io.EOF && n > 0 { //nolint:errorlint // it is io.EOF itself
			return n, nil
		}
	case err == io.EOF: //nolint:errorlint // io.Reader's rule
		v.err = fmt.Errorf("reading %s: %d bytes are missing: %w", v.want, v.left, io.ErrUnexpectedEOF)
	case err != nil:
		v.err = fmt.Errorf("reading %s: %w", v.want, err)
	}
	return n, v.err
}

// check is io.EOF if all is well.
func (v *verifier) check() error {
	if got := hex.EncodeToString(v.hash.Sum(nil)); got != v.want.Hex {
		return fmt.Errorf("reading %s: the contents have the digest sha256:%s", v.want, got)
	}
	return io.EOF
}

// all reads what is left.
func (v *verifier) all() ([]byte, error) {
	raw := make([]byte, v.left)
	for n := 0; ; {
		m, err := v.Read(raw[n:])
		n += m
		switch {
		case errors.Is(err, io.EOF):
			return raw, nil
		case err != nil:
			return nil, err
		}
	}
}

// Close implements [io.Closer].
func (v *verifier) Close() error {
	if err := v.file.Close(); err != nil {
		return fmt.Errorf("closing %s: %w", v.want, err)
	}
	return nil
}
