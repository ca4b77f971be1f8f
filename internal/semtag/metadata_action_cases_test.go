// SPDX-License-Identifier: Apache-2.0

package semtag_test

import "strings"

const (
	semverConfig = "semver `{{version}}`, `{{major}}.{{minor}}`, `{{major}}`"
	semverOurs   = "{version} {major}.{minor} {major} latest"
	pep440Config = "pep440 `{{version}}`, `{{major}}.{{minor}}`, `{{major}}`"

	whyError  = "no strict semantic version: an error, never an empty success"
	whyPrefix = "an error, unless version_prefix says what stands before the version"
	whyLatest = "a pre-release never moves latest"
	whyPEP440 = "PEP 440 is not supported, by design; "
)

// onGitTags gives a row for each git tag of which metadata-action publishes nothing.
func onGitTags(why string, gitTags ...string) []comparison {
	var rows []comparison
	for _, gitTag := range gitTags {
		rows = append(rows, comparison{config: semverConfig, gitTag: gitTag, templates: semverOurs, why: why})
	}

	return rows
}

func semverComparisons() []comparison {
	const build = "build metadata belongs to the version; theirs overwrites the tag of 1.2.3"
	rows := []comparison{
		{gitTag: "v1.2.3", theirs: "1.2.3 1.2 1 latest", ours: "1.2.3 1.2 1 latest"},
		{gitTag: "1.2.3", theirs: "1.2.3 1.2 1 latest", ours: "1.2.3 1.2 1 latest"},
		{gitTag: "v0.4.1", theirs: "0.4.1 0.4 0 latest", ours: "0.4.1 0.4 0 latest"},
		{gitTag: "v0.0.1", theirs: "0.0.1 0.0 0 latest", ours: "0.0.1 0.0 0 latest"},
		{gitTag: "v1.2.3-rc.1", theirs: "1.2.3-rc.1", ours: "1.2.3-rc.1"},
		{gitTag: "v0.4.1-alpha", theirs: "0.4.1-alpha", ours: "0.4.1-alpha"},
		{gitTag: "v1.2.3-SNAPSHOT", theirs: "1.2.3-SNAPSHOT", ours: "1.2.3-SNAPSHOT"},
		{gitTag: "v1.2.3-0", theirs: "1.2.3-0", ours: "1.2.3-0"},
		{gitTag: "v1.2.3+build.5", theirs: "1.2.3 1.2 1 latest", ours: "1.2.3_build.5 1.2 1 latest", why: build},
		{gitTag: "v1.2.3-rc.1+b5", theirs: "1.2.3-rc.1", ours: "1.2.3-rc.1_b5", why: "build metadata belongs to the version; theirs overwrites the tag of 1.2.3-rc.1"},
		{gitTag: "v2024.1.5", theirs: "2024.1.5 2024.1 2024 latest", ours: "2024.1.5 2024.1 2024 latest"},
		{gitTag: "v10.20.30", theirs: "10.20.30 10.20 10 latest", ours: "10.20.30 10.20 10 latest"},
	}
	for i := range rows {
		rows[i].config, rows[i].templates = semverConfig, semverOurs
	}
	rows = append(rows, onGitTags(whyError, "v1.2", "v1", "1.2.3.4", "V1.2.3", "=v1.2.3", "v01.2.3", "v2024.01.05", "v1.2.3rc1")...)
	rows = append(rows, onGitTags(whyPrefix, "release/v1.2.3", "app-v1.2.3")...)
	rows = append(rows, onGitTags(whyError, "v1.2.3_4", "v1.2.3-a_b", "foo")...)

	return append(rows, onGitTags("a release needs a git tag or a literal: an error, never an empty success", "")...)
}

func variationComparisons() []comparison {
	const literal = "literal text of a template is kept for a pre-release too"
	const illegal = "no registry takes such a tag: an error before anything is written"
	long := "1.2.3-" + strings.Repeat("a", 140)

	return []comparison{
		{
			config: "semver `{{major}}`, `{{major}}.{{minor}}`, `{{version}}`", gitTag: "v1.2.3", theirs: "1 1.2 1.2.3 latest",
			templates: "{major} {major}.{minor} {version} latest", ours: "1 1.2 1.2.3 latest",
		},
		{config: semverConfig + ", flavor latest=true", gitTag: "v1.2.3-rc.1", theirs: "1.2.3-rc.1 latest", templates: semverOurs, ours: "1.2.3-rc.1", why: whyLatest},
		{config: semverConfig + ", flavor latest=false", gitTag: "v1.2.3", theirs: "1.2.3 1.2 1", templates: "{version} {major}.{minor} {major}", ours: "1.2.3 1.2 1"},
		{
			config: semverConfig + ", flavor suffix=-alpine", gitTag: "v1.2.3", theirs: "1.2.3-alpine 1.2-alpine 1-alpine latest",
			templates: semverOurs, suffix: "-alpine", ours: "1.2.3-alpine 1.2-alpine 1-alpine latest-alpine",
			why: "the suffix is for latest too; theirs lets the alpine job overwrite the main image's latest",
		},
		{
			config: semverConfig + ", flavor suffix=-alpine,onlatest=true", gitTag: "v1.2.3", theirs: "1.2.3-alpine 1.2-alpine 1-alpine latest-alpine",
			templates: semverOurs, suffix: "-alpine", ours: "1.2.3-alpine 1.2-alpine 1-alpine latest-alpine",
		},
		{
			config: "semver `v{{major}}`", gitTag: "v1.2.3-rc.1", theirs: "1.2.3-rc.1", templates: "v{major}",
			why: "no template names the version itself: an error that asks for {version}",
		},
		{config: "semver `v{{version}}`", gitTag: "v1.2.3-rc.1", theirs: "1.2.3-rc.1", templates: "v{version}", ours: "v1.2.3-rc.1", why: literal},
		{config: "semver `{{raw}}`", gitTag: "v1.2.3", theirs: "v1.2.3 latest", templates: "{git_tag} latest", ours: "v1.2.3 latest"},
		{config: "semver `{{raw}}`", gitTag: "v1.2.3-rc.1", theirs: "v1.2.3-rc.1", templates: "{git_tag} latest", ours: "v1.2.3-rc.1"},
		{
			config: "semver `{{raw}}`", gitTag: "v1.2.3+b5", theirs: "v1.2.3-b5 latest", templates: "{git_tag} latest",
			why: "theirs looks like a pre-release; ours is an error, and v{version} gives v1.2.3_b5",
		},
		{config: "semver `x{{raw}}`", gitTag: "v1.2.3-rc.1", theirs: "1.2.3-rc.1", templates: "x{git_tag}", ours: "xv1.2.3-rc.1", why: literal},
		{config: "semver `{{version}}-{{patch}}`", gitTag: "v1.2.3-rc.1", theirs: "1.2.3-rc.1", templates: "{version}-{patch}", ours: "1.2.3-rc.1-3", why: literal},
		{
			config: semverConfig + " with `enable=${{ !startsWith(github.ref,'refs/tags/v0.') }}`", gitTag: "v0.4.1", theirs: "0.4.1 0.4 latest",
			ours: "0.4 0.4.1 latest", why: "the same tags without an expression; 0.4.1 is pushed after 0.4, so that Docker Hub lists it above",
		},
		{
			config: semverConfig + "; raw `latest`", gitTag: "v1.2.3", theirs: "1.2.3 1.2 1" + strings.Repeat(" latest", 2),
			templates: semverOurs + " latest", ours: "1.2.3 1.2 1 latest", why: "a tag is pushed once",
		},
		{config: "ref event=tag", gitTag: "v1.2.3-rc.1", theirs: "v1.2.3-rc.1 latest", templates: "{git_tag} latest", ours: "v1.2.3-rc.1", why: whyLatest},
		{config: "no tags input", gitTag: "v1.2.3-rc.1", theirs: "v1.2.3-rc.1 latest", ours: "1.2.3-rc.1", why: whyLatest + "; the default names the version, not the git tag"},
		{config: "match `v(.*)`, group=1", gitTag: "v1.2.3-rc.1", theirs: "1.2.3-rc.1 latest", templates: "{version} latest", ours: "1.2.3-rc.1", why: whyLatest},
		{
			config: "ref event=tag, priority=1000; " + semverConfig, gitTag: "v1.2.3-rc.1", theirs: "v1.2.3-rc.1 1.2.3-rc.1 latest",
			templates: "{git_tag} " + semverOurs, ours: "v1.2.3-rc.1 1.2.3-rc.1", why: whyLatest,
		},
		{config: "ref event=branch", branch: ".foo", theirs: ".foo", templates: "{env:BRANCH}", why: illegal},
		{config: "ref event=branch", branch: "-foo/bar@x", theirs: "-foo-bar-x", templates: "{env:BRANCH}", why: illegal},
		{config: semverConfig, gitTag: long, theirs: long, templates: semverOurs, why: illegal},
	}
}

func pep440Comparisons() []comparison {
	rows := []comparison{
		{gitTag: "1.2.3", theirs: "1.2.3 1.2 1 latest", ours: "1.2.3 1.2 1 latest"},
		{gitTag: "v1.2.3", theirs: "1.2.3 1.2 1 latest", ours: "1.2.3 1.2 1 latest"},
		{gitTag: "1.2", theirs: "1.2 1 latest"},
		{gitTag: "1", theirs: "1 1.0 latest"},
		{gitTag: "1.2.3rc2", theirs: "1.2.3rc2"},
		{gitTag: "v1.2.3-rc.1", theirs: "1.2.3rc1", ours: "1.2.3-rc.1", why: whyPEP440 + "a semantic version is published as it is written"},
		{gitTag: "1.2.3beta2", theirs: "1.2.3b2"},
		{gitTag: "1.2.3post1", theirs: "1.2.3.post1"},
		{gitTag: "1.2.3-1", theirs: "1.2.3.post1", ours: "1.2.3-1", why: whyPEP440 + "a pre-release in semver"},
		{gitTag: "1.0dev4", theirs: "1.0.dev4"},
		{gitTag: "1!1.2.3", theirs: "1-1.2.3 1.2 1 latest"},
		{gitTag: "1.2.3+local.1", theirs: "1.2.3-local-1 1.2 1 latest", ours: "1.2.3_local.1 1.2 1 latest", why: whyPEP440 + "theirs looks like a pre-release"},
		{gitTag: "1.2.3.4", theirs: "1.2.3.4 1.2 1 latest"},
		{gitTag: "2024.01.05", theirs: "2024.1.5 2024.1 2024 latest"},
	}
	for i := range rows {
		rows[i].config, rows[i].templates = pep440Config, semverOurs
		if rows[i].ours == "" {
			rows[i].why = whyPEP440 + "no strict semantic version"
		}
	}

	return rows
}
