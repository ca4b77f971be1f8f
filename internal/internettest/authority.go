// SPDX-License-Identifier: Apache-2.0

package internettest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs certificates. The hosts that have them share its key.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string // the certificate in PEM
}

func newAuthority(tb testing.TB) *authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	a := &authority{key: key, file: filepath.Join(tb.TempDir(), "ca.pem"), certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.sign(tb, a.certificate)})
	if err := os.WriteFile(a.file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return a
}

// certify makes a certificate for a host, which may have a port, and for loopback.
func (a *authority) certify(tb testing.TB, host string) tls.Certificate {
	tb.Helper()
	der := a.sign(tb, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{bare(host)}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

func (a *authority) sign(tb testing.TB, template *x509.Certificate) []byte {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, a.key.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}
