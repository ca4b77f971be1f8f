// SPDX-License-Identifier: Apache-2.0

// Package describe syncs the pages on which registries show a repository: Docker
// Hub, Quay, Harbor and Amazon ECR Public. Others have none that could be
// written.
package describe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/readme"
	"github.com/polytag/polytag/internal/release"
)

// Options configure a [Describer].
type Options struct {
	// Hosts tell what a registry is, and reach its API. Required.
	Hosts *hosting.Hosts
	// Markdown is the README. Empty: pages stay as they are.
	Markdown []byte
	// Short is the short description. Empty: it stays as it is.
	Short string
	// Source says where the README comes from, for its links.
	Source readme.Source
	// AWS signs in to Amazon ECR Public, and is used for nothing else.
	AWS AWS
	// Notify is told what the reader of a log should know, each thing once: what
	// was cut, links that stay. It may be called by several goroutines, one at a
	// time. Nil: nobody is.
	Notify func(notice string)
}

// Describer writes pages. It implements [release.Pages].
type Describer struct {
	options Options

	mu   sync.Mutex
	told map[string]bool
}

var _ release.Pages = (*Describer)(nil)

// New returns a describer. Nothing is sent.
func New(o Options) *Describer {
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	return &Describer{options: o, told: map[string]bool{}}
}

// Describe implements [release.Pages]. A text that is there already is not sent;
// differences in white space at the ends and in line breaks do not count.
// Errors: [release.ErrUnsupported] with the reason, [*hosting.PermissionError],
// or what a server answered.
func (d *Describer) Describe(ctx context.Context, repo name.Repository) (changed bool, err error) {
	kind := d.options.Hosts.Kind(ctx, repo.Registry)
	write, limits := d.page(kind)
	if write == nil {
		return false, fmt.Errorf("%s: %w", absent(kind), release.ErrUnsupported)
	}
	page, err := readme.Convert(d.options.Markdown, d.options.Short, d.options.Source, limits)
	if err != nil {
		return false, err
	}
	for _, notice := range page.Notices {
		d.notify(kind, notice)
	}
	return write(ctx, repo, page)
}

// writer writes a page and reports whether it had to change.
type writer func(ctx context.Context, repo name.Repository, page readme.Page) (changed bool, err error)

// page returns how the pages of a kind are written, and what they hold.
func (d *Describer) page(kind hosting.Kind) (writer, readme.Limits) {
	switch kind {
	case hosting.DockerHub:
		// https://docs.docker.com/docker-hub/repos/manage/information/
		return d.hub, readme.Limits{Full: 25_000, Short: 100}
	case hosting.Quay:
		return d.quay, readme.Limits{}
	case hosting.Harbor:
		return d.harbor, readme.Limits{}
	case hosting.ECRPublic:
		// https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_RepositoryCatalogDataInput.html
		return d.ecrPublic, readme.Limits{Full: 10_240, Short: 1024}
	default:
		return nil, readme.Limits{}
	}
}

// absent says why there is nothing to write.
func absent(kind hosting.Kind) string {
	switch kind {
	case hosting.GHCR:
		return "GHCR shows the README of the repository that the package is linked to"
	case hosting.Gitea:
		return "Gitea links a package to its repository, and shows no text of its own"
	case hosting.Generic:
		return "no page of this registry is known; the page of a Quay is written with an entry for HOST/api in registry_auth"
	default:
		return kind.String() + " has no page that could be written"
	}
}

func (d *Describer) hub(ctx context.Context, repo name.Repository, page readme.Page) (bool, error) {
	client, login, err := d.options.Hosts.Hub(ctx, repo)
	if err != nil {
		return false, err
	}
	changed, err := client.Describe(ctx, repo, page.Full, page.Short)
	return changed, hosting.Forbid(err, login, "")
}

// notify tells something once.
func (d *Describer) notify(kind hosting.Kind, notice string) {
	notice = kind.String() + ": " + notice
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.told[notice] {
		d.told[notice] = true
		d.options.Notify(notice)
	}
}

// onlyFull says that a short description is not shown, where there is one.
func (d *Describer) onlyFull(kind hosting.Kind) {
	if d.options.Short != "" {
		d.notify(kind, "there is no place for the short description")
	}
}

// same reports whether no reader of a page can tell two texts apart.
func same(a, b string) bool {
	plain := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	return plain(a) == plain(b)
}

var errNotTaken = errors.New("the registry answered without an error, and does not say that it took the text")
