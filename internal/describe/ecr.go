// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/readme"
	"github.com/polytag/polytag/internal/registry"
)

const needsECR = `AWS credentials of the registry's account with the permissions "ecr-public:GetRepositoryCatalogData" ` +
	`and "ecr-public:PutRepositoryCatalogData"`

// catalogData is the page of a repository at Amazon ECR Public. It is set as a
// whole, so that what we do not mean to change goes along.
// https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogData.html
type catalogData struct {
	Description      string   `json:"description,omitempty"`
	AboutText        string   `json:"aboutText,omitempty"`
	UsageText        string   `json:"usageText,omitempty"`
	Architectures    []string `json:"architectures,omitempty"`
	OperatingSystems []string `json:"operatingSystems,omitempty"`
	// LogoURL is in answers alone.
	LogoURL string `json:"logoUrl,omitempty"`
}

// catalogRequest asks for a page, or sets it.
type catalogRequest struct {
	// RepositoryName is without the registry's alias: it is the registry of the
	// account that signs.
	RepositoryName string       `json:"repositoryName"`
	CatalogData    *catalogData `json:"catalogData,omitempty"`
}

// ecrPublic sets the page of a repository at Amazon ECR Public.
func (d *Describer) ecrPublic(ctx context.Context, repo name.Repository, page readme.Page) (bool, error) {
	_, rest, ok := strings.Cut(repo.RepositoryStr(), "/")
	if !ok {
		return false, fmt.Errorf("%s has no alias of a registry", repo)
	}
	if d.options.AWS.isZero() {
		return false, &hosting.PermissionError{Needs: needsECR + ", in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
	}
	api := d.options.Hosts.ECRPublic()
	api.Transport = signer{base: api.Transport, credentials: d.options.AWS}

	before, err := d.catalog(ctx, api, "GetRepositoryCatalogData", catalogRequest{RepositoryName: rest})
	if hosting.Says(err, "RepositoryCatalogDataNotFoundException") {
		before, err = catalogData{}, nil
	}
	if err != nil {
		return false, err
	}
	after := before
	after.LogoURL = ""
	after.AboutText = cmp.Or(page.Full, before.AboutText)
	after.Description = cmp.Or(page.Short, before.Description)
	if same(before.AboutText, after.AboutText) && same(before.Description, after.Description) {
		return false, nil
	}
	if before.LogoURL != "" {
		d.notify(hosting.ECRPublic, "look whether the page still has its logo, which cannot be read and so not be sent along")
	}
	_, err = d.catalog(ctx, api, "PutRepositoryCatalogData", catalogRequest{RepositoryName: rest, CatalogData: &after})
	return err == nil, err
}

// catalog calls an operation on catalog data.
func (d *Describer) catalog(ctx context.Context, api hosting.API, operation string, in catalogRequest) (catalogData, error) {
	api.Header = http.Header{
		"Content-Type": {"application/x-amz-json-1.1"},
		"X-Amz-Target": {"SpencerFrontendService." + operation},
	}
	var out struct {
		CatalogData catalogData `json:"catalogData"`
	}
	_, err := api.Call(ctx, http.MethodPost, "/", in, &out)
	if err == nil {
		return out.CatalogData, nil
	}
	err = fmt.Errorf("%s: %w", operation, err)
	// Amazon says all of these with 400.
	// https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/CommonErrors.html
	denied := slices.ContainsFunc([]string{
		"AccessDenied", "ExpiredToken", "InvalidClientTokenId", "InvalidSignature", "NotAuthorized", "OptInRequired", "UnrecognizedClient",
	}, func(code string) bool { return hosting.Says(err, code) })
	if denied {
		return out.CatalogData, hosting.Forbid(err, registry.Credential{Username: d.options.AWS.AccessKeyID, Origin: "AWS_ACCESS_KEY_ID"}, needsECR, http.StatusBadRequest)
	}
	return out.CatalogData, err
}
