// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"cmp"
	"slices"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// Context is what the CI says about the commit that it runs for. What it does not say is empty.
type Context struct {
	Name          string // github (Gitea and Forgejo too), gitlab, woodpecker, circleci, travis, buildkite, drone, bitbucket, azure
	GitTag        string // without refs/tags/; empty where the run is not for a tag
	RefSource     string // the variable that GitTag was read from
	SHA           string // of the commit, in hex
	RepositoryURL string // of the repository's page, without user info and .git
	DefaultBranch string
}

// provider names the variables of one CI.
type provider struct {
	name   string
	marker string // the variable that tells the CI, with its value if it has a fixed one
	ref    string // a full ref
	tag    string // the name of a tag
	sha    string
	url    []string // joined by slashes
	branch string   // the default one
}

// The order matters where several CIs use one name.
var providers = []provider{
	{
		name: "github", marker: "GITHUB_ACTIONS=true", ref: "GITHUB_REF", sha: "GITHUB_SHA",
		url: []string{"GITHUB_SERVER_URL", "GITHUB_REPOSITORY"},
	},
	{
		name: "gitlab", marker: "GITLAB_CI=true", tag: "CI_COMMIT_TAG", sha: "CI_COMMIT_SHA",
		url: []string{"CI_PROJECT_URL"}, branch: "CI_DEFAULT_BRANCH",
	},
	{
		name: "woodpecker", marker: "CI=woodpecker", tag: "CI_COMMIT_TAG", sha: "CI_COMMIT_SHA",
		url: []string{"CI_REPO_URL"}, branch: "CI_REPO_DEFAULT_BRANCH",
	},
	{
		name: "circleci", marker: "CIRCLECI=true", tag: "CIRCLE_TAG", sha: "CIRCLE_SHA1",
		url: []string{"CIRCLE_REPOSITORY_URL"},
	},
	{name: "travis", marker: "TRAVIS=true", tag: "TRAVIS_TAG", sha: "TRAVIS_COMMIT"},
	{
		name: "buildkite", marker: "BUILDKITE=true", tag: "BUILDKITE_TAG", sha: "BUILDKITE_COMMIT",
		url: []string{"BUILDKITE_REPO"}, branch: "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
	},
	{
		name: "drone", marker: "DRONE=true", tag: "DRONE_TAG", sha: "DRONE_COMMIT_SHA",
		url: []string{"DRONE_REPO_LINK"}, branch: "DRONE_REPO_BRANCH",
	},
	{
		name: "bitbucket", marker: "BITBUCKET_BUILD_NUMBER", tag: "BITBUCKET_TAG", sha: "BITBUCKET_COMMIT",
		url: []string{"BITBUCKET_GIT_HTTP_ORIGIN"},
	},
	{
		name: "azure", marker: "TF_BUILD=True", ref: "BUILD_SOURCEBRANCH", sha: "BUILD_SOURCEVERSION",
		url: []string{"BUILD_REPOSITORY_URI"},
	},
}

// ReadContext reads the variables of every CI that is known, whether or not the one that marks the CI is set: a
// container gets only those that its caller passes on. The first that says something wins. As with [os.Getenv], what is
// not set is empty.
func ReadContext(getenv func(string) string) Context {
	var c Context
	for _, p := range providers {
		said := p.read(getenv)
		if c.GitTag == "" {
			c.GitTag, c.RefSource = said.GitTag, said.RefSource
		}
		c.Name = cmp.Or(c.Name, said.Name)
		c.SHA = cmp.Or(c.SHA, said.SHA)
		c.RepositoryURL = cmp.Or(c.RepositoryURL, said.RepositoryURL)
		c.DefaultBranch = cmp.Or(c.DefaultBranch, said.DefaultBranch)
	}
	return c
}

// read returns what the variables of p say.
func (p provider) read(getenv func(string) string) Context {
	var c Context
	name, value, fixed := strings.Cut(p.marker, "=")
	if got := getenv(name); got != "" && (!fixed || got == value) {
		c.Name = p.name
	}
	if tag := getenv(p.tag); tag != "" {
		c.GitTag, c.RefSource = tag, p.tag
	}
	if tag, ok := strings.CutPrefix(getenv(p.ref), "refs/tags/"); ok && tag != "" {
		c.GitTag, c.RefSource = tag, p.ref
	}
	if sha := getenv(p.sha); shaRE().MatchString(sha) {
		c.SHA = sha
	}
	var parts []string
	for _, name := range p.url {
		parts = append(parts, strings.TrimRight(getenv(name), "/"))
	}
	if !slices.Contains(parts, "") {
		c.RepositoryURL = repositoryURL(strings.Join(parts, "/"))
	}
	c.DefaultBranch = getenv(p.branch)
	return c
}

// shaRE leaves out what is not a commit's hash, such as the HEAD of a Buildkite run that was started by hand.
var shaRE = pattern.Lazy(`^[0-9a-fA-F]{7,64}$`)
