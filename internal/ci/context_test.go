// SPDX-License-Identifier: Apache-2.0

package ci_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polytag/polytag/internal/ci"
)

const sha = "6c3b0c1f2a0de0f0a7a2b8f1c9a7d5e4f3b2a190"

func TestReadContext(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env  env
		want ci.Context
	}{
		"nothing": {env{}, ci.Context{}},
		"GitHub": {
			env{
				"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REF": "refs/tags/app/v1.2.3", "GITHUB_SHA": sha,
				"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/app",
			},
			ci.Context{Name: "github", GitTag: "app/v1.2.3", RefSource: "GITHUB_REF", SHA: sha, RepositoryURL: "https://github.com/acme/app"},
		},
		"GitHub, branch": {
			env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/v1.2.3", "GITHUB_REF_NAME": "v1.2.3", "GITHUB_SHA": sha},
			ci.Context{Name: "github", SHA: sha},
		},
		"GitHub, pull request": {
			env{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/7/merge"},
			ci.Context{Name: "github"},
		},
		"Gitea": {
			env{
				"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true", "GITHUB_REF": "refs/tags/1.2.3",
				"GITHUB_SERVER_URL": "http://gitea:3000/", "GITHUB_REPOSITORY": "acme/app",
			},
			ci.Context{Name: "github", GitTag: "1.2.3", RefSource: "GITHUB_REF", RepositoryURL: "http://gitea:3000/acme/app"},
		},
		"GitLab": {
			env{
				"GITLAB_CI": "true", "CI": "true", "CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_SHA": sha,
				"CI_PROJECT_URL": "https://gitlab.com/acme/group/app", "CI_DEFAULT_BRANCH": "main",
			},
			ci.Context{
				Name: "gitlab", GitTag: "v1.2.3", RefSource: "CI_COMMIT_TAG", SHA: sha,
				RepositoryURL: "https://gitlab.com/acme/group/app", DefaultBranch: "main",
			},
		},
		"Woodpecker": {
			env{
				"CI": "woodpecker", "CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_SHA": sha,
				"CI_REPO_URL": "https://codeberg.org/acme/app", "CI_REPO_DEFAULT_BRANCH": "trunk",
			},
			ci.Context{
				Name: "woodpecker", GitTag: "v1.2.3", RefSource: "CI_COMMIT_TAG", SHA: sha,
				RepositoryURL: "https://codeberg.org/acme/app", DefaultBranch: "trunk",
			},
		},
		"CircleCI": {
			env{"CIRCLECI": "true", "CIRCLE_TAG": "v1", "CIRCLE_SHA1": sha, "CIRCLE_REPOSITORY_URL": "git@github.com:acme/app.git"},
			ci.Context{Name: "circleci", GitTag: "v1", RefSource: "CIRCLE_TAG", SHA: sha, RepositoryURL: "https://github.com/acme/app"},
		},
		"Travis": {
			env{"TRAVIS": "true", "TRAVIS_TAG": "v1", "TRAVIS_COMMIT": sha},
			ci.Context{Name: "travis", GitTag: "v1", RefSource: "TRAVIS_TAG", SHA: sha},
		},
		"Travis, branch": {
			env{"TRAVIS": "true", "TRAVIS_TAG": "", "TRAVIS_COMMIT": sha},
			ci.Context{Name: "travis", SHA: sha},
		},
		"Buildkite, started by hand": {
			env{
				"BUILDKITE": "true", "BUILDKITE_TAG": "v1", "BUILDKITE_COMMIT": "HEAD", "BUILDKITE_REPO": "ssh://git@git.acme.example:2222/acme/app.git",
				"BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
			},
			ci.Context{
				Name: "buildkite", GitTag: "v1", RefSource: "BUILDKITE_TAG",
				RepositoryURL: "https://git.acme.example/acme/app", DefaultBranch: "main",
			},
		},
		"Drone": {
			env{"DRONE": "true", "DRONE_TAG": "v1", "DRONE_COMMIT_SHA": sha, "DRONE_REPO_LINK": "https://github.com/acme/app", "DRONE_REPO_BRANCH": "main"},
			ci.Context{
				Name: "drone", GitTag: "v1", RefSource: "DRONE_TAG", SHA: sha,
				RepositoryURL: "https://github.com/acme/app", DefaultBranch: "main",
			},
		},
		"Bitbucket": {
			env{"BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_TAG": "v1", "BITBUCKET_COMMIT": sha, "BITBUCKET_GIT_HTTP_ORIGIN": "http://bitbucket.org/acme/app"},
			ci.Context{Name: "bitbucket", GitTag: "v1", RefSource: "BITBUCKET_TAG", SHA: sha, RepositoryURL: "https://bitbucket.org/acme/app"},
		},
		"Azure": {
			env{
				"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/v1", "BUILD_SOURCEVERSION": sha,
				"BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/project/_git/app",
			},
			ci.Context{
				Name: "azure", GitTag: "v1", RefSource: "BUILD_SOURCEBRANCH", SHA: sha,
				RepositoryURL: "https://dev.azure.com/acme/project/_git/app",
			},
		},
		"a container that got the tag alone": {
			env{"TRAVIS_TAG": "v1"},
			ci.Context{GitTag: "v1", RefSource: "TRAVIS_TAG"},
		},
		"markers with other values": {
			env{"GITHUB_ACTIONS": "false", "CI": "true", "TF_BUILD": "0"},
			ci.Context{},
		},
		"empty tags": {
			env{"GITHUB_REF": "refs/tags/", "CI_COMMIT_TAG": "", "BUILD_SOURCEBRANCH": "refs/heads/main"},
			ci.Context{},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, ci.ReadContext(tt.env.get)); diff != "" {
				t.Errorf("ReadContext (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRepositoryURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, want string }{
		{"https://github.com/acme/app", "https://github.com/acme/app"},
		{"https://github.com/acme/app.git", "https://github.com/acme/app"},
		{"https://github.com/acme/app/", "https://github.com/acme/app"},
		{"https://x-access-token:ghs_s3cret@github.com/acme/app.git", "https://github.com/acme/app"},
		{"https://s3cret@git.acme.example:8443/app.git?token=s3cret#s3cret", "https://git.acme.example:8443/app"},
		{"http://gitlab.acme.example/app", "https://gitlab.acme.example/app"},
		{"http://user:s3cret@gitlab.acme.example:8080/app", "http://gitlab.acme.example:8080/app"},
		{"git@github.com:acme/app.git", "https://github.com/acme/app"},
		{"github.com:acme/app.git", "https://github.com/acme/app"},
		{"git@git.acme.example:/srv/app.git", "https://git.acme.example/srv/app"},
		{"ssh://git@git.acme.example:2222/acme/app.git", "https://git.acme.example/acme/app"},
		{"git+ssh://git@github.com/acme/app.git", "https://github.com/acme/app"},
		{"git://github.com/acme/app.git", "https://github.com/acme/app"},
		{"ssh://git@[fd00::1]:22/app.git", "https://[fd00::1]/app"},
		{"https://git.acme.example/a%20b", "https://git.acme.example/a%20b"},
		{"https://github.com", ""},
		{"https://github.com/", ""},
		{"https:///acme/app", ""},
		{"file:///srv/git/app.git", ""},
		{"/srv/git/app.git", ""},
		{"../app", ""},
		{"https://git.acme.example:port/s3cret", ""},
		{"ssh://:h:/a", ""},
		{"", ""},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()
			got := ci.ReadContext(env{"CIRCLE_REPOSITORY_URL": tt.url}.get).RepositoryURL
			if got != tt.want {
				t.Errorf("RepositoryURL of %q = %q, want %q", tt.url, got, tt.want)
			}
		})
	}
}

// FuzzRepositoryURL checks that the address is one that a page can link to, and holds nothing secret.
func FuzzRepositoryURL(f *testing.F) {
	for _, s := range []string{
		"https://u:p@github.com/acme/app.git", "git@github.com:acme/app.git", "ssh://git@h:22/a", "http://h:80/a?b#c", "h:@/a", "://", "a:b:c", "https://h//a//",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := ci.ReadContext(env{"CIRCLE_REPOSITORY_URL": s}.get).RepositoryURL
		if got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("RepositoryURL of %q = %q: %v", s, got, err)
		}
		if u.Scheme != "https" && (u.Scheme != "http" || u.Port() == "") || u.Host == "" || u.Path == "" {
			t.Errorf("RepositoryURL of %q = %q, want https, host and path", s, got)
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(got, " \n") {
			t.Errorf("RepositoryURL of %q = %q, want neither user info nor query", s, got)
		}
	})
}
