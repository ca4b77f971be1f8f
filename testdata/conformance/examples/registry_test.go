// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/polytag/polytag/testdata/conformance/local"
)

// login is what every request to the registry needs. Its password is one that a shell must not take apart.
var login = authn.Basic{Username: "releaser", Password: `s3 cr"et$HOME'%s\n`}

// newRegistry runs a registry until the end of the test and returns its repository acme/app.
func newRegistry(t *testing.T) name.Repository {
	t.Helper()
	host := local.Serve(t, local.WithPassword(login, local.Olareg(t)))
	repository, err := name.NewRepository(host + "/acme/app")
	if err != nil {
		t.Fatal(err)
	}
	return repository
}

// published is what a repository holds.
type published struct {
	tags      []string // sorted
	digest    string   // of latest
	platforms []string // of latest, in its order
}

func read(t *testing.T, repository name.Repository) published {
	t.Helper()
	tags, err := remote.List(repository, remote.WithAuth(&login), remote.WithContext(t.Context()))
	if err != nil {
		t.Fatalf("listing tags: %v", err)
	}
	slices.Sort(tags)
	p := published{tags: tags}
	for _, tag := range tags {
		index, err := remote.Index(repository.Tag(tag), remote.WithAuth(&login), remote.WithContext(t.Context()))
		if err != nil {
			t.Fatalf("reading tag %s: %v", tag, err)
		}
		digest, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if p.digest != "" && p.digest != digest.String() {
			t.Errorf("tag %s = %s, want %s as the tags before it", tag, digest, p.digest)
		}
		p.digest, p.platforms = digest.String(), platforms(t, index)
	}
	return p
}

func platforms(t *testing.T, index v1.ImageIndex) []string {
	t.Helper()
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list.Manifests {
		out = append(out, d.Platform.String())
	}
	return out
}
