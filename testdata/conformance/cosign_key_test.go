// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// publicKey is the key that the signatures of the fixtures are verified with.
func publicKey(t *testing.T) *ecdsa.PublicKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "fixtures", "cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ecdsa.PublicKey)
}

// wantSignature verifies what cosign sign writes: a layer that names the image, and its signature as an annotation.
// https://github.com/sigstore/cosign/blob/v2.6.1/specs/SIGNATURE_SPEC.md
func (at place) wantSignature(key *ecdsa.PublicKey, digest, image string) {
	at.Helper()
	payload, layer := at.layer(digest)
	at.wantVerified(key, payload, layer.Annotations["dev.cosignproject.cosign/signature"])
	var claim struct {
		Critical struct {
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(payload, &claim); err != nil || claim.Critical.Image.Digest != image {
		at.Errorf("%s signs %s, %v, want %s", digest, payload, err, image)
	}
}

// envelope is a DSSE envelope. https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md
type envelope struct {
	PayloadType string `json:"payloadType"`
	Payload     []byte `json:"payload"`
	Signatures  []struct {
		Sig string `json:"sig"`
	} `json:"signatures"`
}

// wantEnvelope verifies what cosign attest writes.
func (at place) wantEnvelope(key *ecdsa.PublicKey, digest, image string) {
	at.Helper()
	raw, _ := at.layer(digest)
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		at.Fatal(err)
	}
	at.wantStatement(key, e, image)
}

// wantBundle verifies what cosign writes with --new-bundle-format.
func (at place) wantBundle(key *ecdsa.PublicKey, digest, image string) {
	at.Helper()
	raw, _ := at.layer(digest)
	var bundle struct {
		Envelope envelope `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(raw, &bundle); err != nil {
		at.Fatal(err)
	}
	at.wantStatement(key, bundle.Envelope, image)
}

// wantStatement verifies an envelope, and that what it holds is said of an image.
func (at place) wantStatement(key *ecdsa.PublicKey, e envelope, image string) {
	at.Helper()
	if len(e.Signatures) != 1 {
		at.Fatalf("%d signatures, want one", len(e.Signatures))
	}
	signed := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(e.PayloadType), e.PayloadType, len(e.Payload), e.Payload)
	at.wantVerified(key, signed, e.Signatures[0].Sig)
	if hex := strings.TrimPrefix(image, "sha256:"); !strings.Contains(string(e.Payload), hex) {
		at.Errorf("the statement is %s, want it about %s", e.Payload, image)
	}
}

func (at place) wantVerified(key *ecdsa.PublicKey, signed []byte, signature string) {
	at.Helper()
	raw, err := base64.StdEncoding.DecodeString(signature)
	if hash := sha256.Sum256(signed); err != nil || !ecdsa.VerifyASN1(key, hash[:], raw) {
		at.Errorf("the signature %q of %s is not good: %v", signature, signed, err)
	}
}

// layer reads the one layer of an image.
func (at place) layer(digest string) ([]byte, v1.Descriptor) {
	at.Helper()
	image, err := remote.Image(at.repo.Digest(digest), at.options()...)
	if err != nil {
		at.Fatal(err)
	}
	manifest, err := image.Manifest()
	if err != nil || len(manifest.Layers) != 1 {
		at.Fatalf("%s has %+v, %v, want one layer", digest, manifest, err)
	}
	layer, err := remote.Layer(at.repo.Digest(manifest.Layers[0].Digest.String()), at.options()...)
	if err != nil {
		at.Fatal(err)
	}
	content, err := layer.Compressed()
	if err != nil {
		at.Fatal(err)
	}
	defer content.Close()
	raw, err := io.ReadAll(content)
	if err != nil {
		at.Fatal(err)
	}
	return raw, manifest.Layers[0]
}
