// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/polytag/polytag/internal/secret"
)

// AWS are credentials of Amazon's, as its own tools take them from the
// environment.
type AWS struct {
	AccessKeyID     string        // AWS_ACCESS_KEY_ID
	SecretAccessKey secret.String // AWS_SECRET_ACCESS_KEY
	SessionToken    secret.String // AWS_SESSION_TOKEN; empty for a key that lasts
}

func (a AWS) isZero() bool { return a.AccessKeyID == "" || a.SecretAccessKey.IsEmpty() }

// signer signs the requests to Amazon ECR Public.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
type signer struct {
	base        http.RoundTripper
	credentials AWS
}

// RoundTrip implements [http.RoundTripper].
func (s signer) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := req.GetBody()
	if err != nil {
		return nil, fmt.Errorf("signing a request: %w", err)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, body); err != nil {
		return nil, fmt.Errorf("signing a request: %w", err)
	}
	ctx := req.Context()
	req = req.Clone(ctx)
	credentials := aws.Credentials{
		AccessKeyID:     s.credentials.AccessKeyID,
		SecretAccessKey: s.credentials.SecretAccessKey.Reveal(),
		SessionToken:    s.credentials.SessionToken.Reveal(),
	}
	err = v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(hash.Sum(nil)), "ecr-public", "us-east-1", time.Now())
	if err != nil {
		return nil, fmt.Errorf("signing a request: %w", err)
	}
	return s.base.RoundTrip(req) //nolint:wrapcheck // a round tripper hands on what the one below it says
}
