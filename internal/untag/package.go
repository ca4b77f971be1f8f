// SPDX-License-Identifier: Apache-2.0

package untag

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/release"
)

const (
	// polls is how often the list of versions is read until it shows what was
	// just pushed: it is stale for a while.
	polls = 6
	// pollPause is the pause behind the first poll; each further is longer by it.
	pollPause = 2 * time.Second
	// maxVersionPages bounds what one run reads of the list, a hundred versions a page:
	// a job's token is good for a thousand requests an hour.
	// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-github_token-in-github-actions
	maxVersionPages = 500

	// needsGitHub is what GitHub asks for to delete a version.
	// https://docs.github.com/packages/learn-github-packages/deleting-and-restoring-a-package
	needsGitHub = `a job's token with "packages: write" whose repository has the role Admin on the package, ` +
		`or a classic personal access token with "delete:packages"; fine-grained ones do not work`
)

// githubPackage is a package at GitHub's API.
// https://docs.github.com/rest/packages/packages
type githubPackage struct {
	api  hosting.API
	name string // acme/app
	path string
	read atomic.Int64 // pages so far
}

// version is a manifest of the package, with all its tags.
type version struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"` // the digest
	Metadata struct {
		Container struct {
			Tags []string `json:"tags"`
		} `json:"container"`
	} `json:"metadata"`
}

func (v version) tags() []string { return v.Metadata.Container.Tags }

// openPackage finds out whether the package is an organization's or a user's.
func (j job) openPackage(ctx context.Context) (*githubPackage, error) {
	owner, pkg, ok := strings.Cut(j.repo.RepositoryStr(), "/")
	if !ok {
		return nil, fmt.Errorf("%s names no package", j.repo)
	}
	api, err := j.Hosts.GitHub(ctx, j.repo)
	if err != nil {
		return nil, err
	}
	p := &githubPackage{api: api, name: j.repo.RepositoryStr()}
	if api.Login.Password.IsEmpty() {
		return nil, p.deny(nil)
	}
	return p, p.find(ctx, owner, "/packages/container/"+url.PathEscape(pkg))
}

// find finds the path of the package. That of a user shows a package that is not
// public to its owner alone, and there under another path.
func (p *githubPackage) find(ctx context.Context, owner, pkg string) error {
	for _, place := range []string{"/orgs/" + owner, "/users/" + owner, "/user"} {
		if place == "/user" {
			var user struct {
				Login string `json:"login"`
			}
			if _, err := p.api.Call(ctx, http.MethodGet, place, nil, &user); err != nil || !strings.EqualFold(user.Login, owner) {
				break // a job's token belongs to nobody: 403
			}
		}
		header, err := p.api.Call(ctx, http.MethodGet, place+pkg, nil, nil)
		if hosting.HasStatus(err, http.StatusNotFound) {
			continue
		}
		p.path = place + pkg
		return p.judge(header, err)
	}
	return p.deny(fmt.Errorf("GitHub shows no package %s to this token", p.name))
}

// judge tells from the first answer whether the token will do, as far as that
// can be told.
func (p *githubPackage) judge(header http.Header, err error) error {
	if err != nil {
		return p.forbid(err)
	}
	// Only the answers to classic tokens have this header.
	// https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
	if scopes := header.Get("X-Oauth-Scopes"); scopes != "" && !slices.Contains(strings.Split(scopes, ", "), "delete:packages") {
		return p.deny(fmt.Errorf("the token has no scopes but %s", scopes))
	}
	return nil
}

// deny says why the token will not do, before it is tried.
func (p *githubPackage) deny(err error) error {
	return &hosting.PermissionError{Needs: needsGitHub, Username: p.api.Login.Username, Origin: p.api.Login.Origin, Err: err}
}

// forbid names what is missing. GitHub says 404 where a token may not delete.
func (p *githubPackage) forbid(err error) error {
	return hosting.Forbid(err, p.api.Login, needsGitHub, http.StatusNotFound)
}

// destroy deletes the version of a dummy.
func (p *githubPackage) destroy(ctx context.Context, d decoy) error {
	var tags []string
	if d.tag != "" {
		tags = []string{d.tag}
	}
	v, ok, err := p.await(ctx, d.digest(), tags)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("the package has no version %s with the tags %q alone, as far as its list shows", d.digest(), tags)
	}
	return p.delete(ctx, v)
}

// await reads the list until it has the version of a digest with exactly these
// tags. One that bears another tag will not be waited for.
func (p *githubPackage) await(ctx context.Context, digest v1.Hash, tags []string) (version, bool, error) {
	for n := 1; ; n++ {
		v, found, err := p.version(ctx, digest)
		if err != nil {
			return version{}, false, err
		}
		switch {
		case found && includes(tags, v.tags()) && includes(v.tags(), tags):
			return v, true, nil
		case !includes(tags, v.tags()), n == polls:
			return version{}, false, nil
		}
		if err := release.Pause(ctx, time.Duration(n)*pollPause); err != nil {
			return version{}, false, err
		}
	}
}

// includes reports whether all has each of some.
func includes(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// version looks for the version of a digest, page by page.
func (p *githubPackage) version(ctx context.Context, digest v1.Hash) (version, bool, error) {
	for page := 1; ; page++ {
		if p.read.Add(1) > maxVersionPages {
			return version{}, false, fmt.Errorf("reading the versions of the package: there are too many, %d pages were read", maxVersionPages)
		}
		query := url.Values{"state": {"active"}, "per_page": {"100"}, "page": {strconv.Itoa(page)}}
		var versions []version
		header, err := p.api.Call(ctx, http.MethodGet, p.path+"/versions?"+query.Encode(), nil, &versions)
		if err != nil {
			return version{}, false, p.forbid(err)
		}
		for _, v := range versions {
			if v.Name == digest.String() {
				return v, true, nil
			}
		}
		if !strings.Contains(header.Get("Link"), `rel="next"`) {
			return version{}, false, nil
		}
	}
}

// delete deletes a version. Without its ID the path would be that of them all.
func (p *githubPackage) delete(ctx context.Context, v version) error {
	if v.ID <= 0 {
		return errors.New("the package's list gives a version without an ID")
	}
	_, err := p.api.Call(ctx, http.MethodDelete, p.path+"/versions/"+strconv.FormatInt(v.ID, 10), nil, nil)
	return p.forbid(err)
}
