// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/pattern"
)

// Kind is a kind of registry.
type Kind int

// The kinds of registries that differ beside the specification.
const (
	// Generic stands for all others, which keep to the specification as far as
	// is known: distribution, zot.
	Generic Kind = iota
	DockerHub
	GHCR
	GitLab
	Quay
	Google
	ECR
	ECRPublic
	ACR
	Harbor
	// Gitea is Forgejo as well.
	Gitea
)

// String is the name that people use.
func (k Kind) String() string {
	return [...]string{
		"this registry", "Docker Hub", "GHCR", "GitLab", "Quay", "Google's registry", "Amazon ECR", "Amazon ECR Public",
		"Azure Container Registry", "Harbor", "Gitea",
	}[k]
}

// The hosts of Amazon's and Microsoft's registries, of which every customer has
// one of their own.
// https://docs.aws.amazon.com/general/latest/gr/ecr.html
// https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks
var (
	ecrHost = pattern.Lazy(`^[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$`)
	acrHost = pattern.Lazy(`^[a-z0-9-]+\.azurecr\.(io|cn|us)$`)
)

// kindOf tells the kind of a registry that is known by its host.
func kindOf(host string) (kind Kind, known bool) {
	switch host {
	case name.DefaultRegistry, "registry-1.docker.io", "registry.hub.docker.com":
		return DockerHub, true
	case "ghcr.io":
		return GHCR, true
	case "registry.gitlab.com":
		return GitLab, true
	case "quay.io":
		return Quay, true
	case "gcr.io":
		return Google, true
	case "public.ecr.aws", "ecr-public.aws.com":
		return ECRPublic, true
	}
	switch {
	case strings.HasSuffix(host, ".gcr.io"), strings.HasSuffix(host, ".pkg.dev"):
		return Google, true
	case ecrHost().MatchString(host):
		return ECR, true
	case acrHost().MatchString(host):
		return ACR, true
	}
	return Generic, false
}
