// SPDX-License-Identifier: Apache-2.0

package semtag_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/polytag/polytag/internal/semtag"
)

// scheme parses templates, separated by blanks.
func scheme(tb testing.TB, templates, suffix string) *semtag.Scheme {
	tb.Helper()
	s, err := semtag.ParseScheme(strings.Fields(templates), suffix)
	if err != nil {
		tb.Fatal(err)
	}

	return s
}

func TestSchemeProperties(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		templates                         string
		needsVersion, floating, guardable bool
	}{
		{"", true, true, true},
		{"latest", false, true, false},
		{"nightly", false, false, false},
		{"{git_tag}", false, false, false},
		{"{sha} {short_sha} BUILD-{env:CIRCLE_BUILD_NUM}", false, false, false},
		{"latest-{sha}", false, false, false},
		{"{version}", true, false, true},
		{"v{version} latest", true, true, true},
		{"{major}", true, true, false},
		{"{patch}", true, true, false},
		{"v{major}.{minor}", true, true, false},
		{"{major}.{minor}-{env:BASE}", true, true, false},
		{"{major}.{minor}.{patch}", true, false, true},
		{"{patch}-{minor}-{major}", true, false, true},
		{"{major}.{minor}.{patch}-{major}", true, false, true},
		{"{version}-{patch}", true, false, true},
		{"{major}_{version}", true, false, true},
		{"{version}-{sha}", true, false, false},
		{"{version}-{short_sha}", true, false, false},
		{"{version}-{git_tag}", true, false, false},
		{"{version}-{env:BASE}", true, false, false},
		{"{major}.{minor}.{patch}-{env:BASE}", true, false, false},
		{"{version}-{sha} {version}", true, false, true},
		// What cannot be read back is no evidence.
		{"{major}{minor}.{patch}", true, false, false},
		{"{major}.{minor}1{patch}", true, false, false},
		{"{version}{patch}", true, false, false},
		{"{version}-{version}", true, false, false},
	} {
		s := scheme(t, test.templates, "")
		if got := s.NeedsVersion(); got != test.needsVersion {
			t.Errorf("%q: NeedsVersion() = %v, want %v", test.templates, got, test.needsVersion)
		}
		if got := s.HasFloating(); got != test.floating {
			t.Errorf("%q: HasFloating() = %v, want %v", test.templates, got, test.floating)
		}
		if got := s.Guardable(); got != test.guardable {
			t.Errorf("%q: Guardable() = %v, want %v", test.templates, got, test.guardable)
		}
	}
}

func TestParseSchemeFaults(t *testing.T) {
	t.Parallel()

	for _, test := range []struct{ template, want string }{
		{"", "it is empty"},
		{"{major", "a brace has no partner"},
		{"major}", "a brace has no partner"},
		{"{{version}}", "a placeholder is written {version}"},
		{"{ma{jor}", "a brace has no partner"},
		{"{}", "{} is unknown"},
		{"{Version}", "{Version} is unknown; there are {major}, {minor}"},
		{"{ version }", "{ version } is unknown"},
		{"{raw}", "{raw} is unknown"},
		{"{env}", "{env} is unknown"},
		{"{env:}", "{env:} names no environment variable"},
		{"{env:A-B}", "{env:A-B} names no environment variable"},
		{"{env:1A}", "{env:1A} names no environment variable"},
		{"{env:NPM_TOKEN}", "{env:NPM_TOKEN} looks like a secret"},
		{"acme/app", `a tag cannot hold "/"`},
		{"{version}+x", `a tag cannot hold "+"`},
		{"night ly", `a tag cannot hold " "`},
		{"nächtlich", `a tag cannot hold "ä"`},
		{"-{version}", `a tag cannot start with "-"`},
		{".{version}", `a tag cannot start with "."`},
		{strings.Repeat("a", 129), "at most 128 characters, not 129"},
		{strings.Repeat("a", 128) + "{patch}", "at most 128 characters, not 129"},
	} {
		_, err := semtag.ParseScheme([]string{"latest", test.template}, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ParseScheme(%q) = %v, want %q", test.template, err, test.want)

			continue
		}
		if !strings.HasPrefix(err.Error(), "parsing tag template") || !strings.Contains(err.Error(), test.template) {
			t.Errorf("ParseScheme(%q) = %v, which does not name the template", test.template, err)
		}
	}
}

func TestParseSchemeJoinsFaults(t *testing.T) {
	t.Parallel()

	_, err := semtag.ParseScheme([]string{"{major}", "{raw}-{sha1}", "", "a/b"}, "alpine")
	if err == nil {
		t.Fatal("ParseScheme: want an error")
	}
	for _, want := range []string{`suffix "alpine"`, "{raw} is unknown", "{sha1} is unknown", "it is empty", `"a/b"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("ParseScheme: no %q in\n%v", want, err)
		}
	}
}

func TestParseSchemeSuffix(t *testing.T) {
	t.Parallel()

	for _, suffix := range []string{"", "-alpine", "-3.20", "-a_b", "--", "-" + strings.Repeat("a", 126)} {
		if _, err := semtag.ParseScheme(nil, suffix); err != nil {
			t.Errorf("ParseScheme(nil, %q) = %v", suffix, err)
		}
	}
	for _, suffix := range []string{"alpine", "-", ".alpine", "_alpine", "-a/b", "-{major}", "-a b", "-a\n", "-" + strings.Repeat("a", 127)} {
		if _, err := semtag.ParseScheme(nil, suffix); err == nil || !strings.Contains(err.Error(), "parsing suffix") {
			t.Errorf("ParseScheme(nil, %q) = %v, want an error", suffix, err)
		}
	}
}

func TestEnvRefusesSecrets(t *testing.T) {
	t.Parallel()

	for _, name := range []string{
		"NPM_TOKEN", "github_token", "TokenX", "MY_SECRET", "DB_PASSWORD", "MYSQL_PASSWD", "GPG_PASSPHRASE", "AZURE_CREDENTIALS",
		"SSH_PRIVATE", "API_KEY", "APIKEY2", "AWS_ACCESS_KEY_ID", "ACCESSKEY", "SIGNING_KEY_FILE", "DOCKER_AUTH_CONFIG", "CI_JOB_JWT_V2",
		"DEPLOY_KEY", "Deploy_Key", "GH_PAT", "PAT", "KEY", "DOCKER_PASS", "MYSQL_PWD",
		"INPUT_PASSWORD", "INPUT_REGISTRY_AUTH", "INPUT_GITHUB_TOKEN", "PLUGIN_PASSWORD", "PLUGIN_REGISTRY_AUTH", "PLUGIN_GITHUB_TOKEN",
		"POLYTAG_PASSWORD", "POLYTAG_REGISTRY_AUTH", "POLYTAG_GITHUB_TOKEN",
	} {
		if _, err := semtag.ParseScheme([]string{"a{env:" + name + "}"}, ""); err == nil {
			t.Errorf("{env:%s} is taken, want an error", name)
		}
	}
	for _, name := range []string{
		"CIRCLE_BUILD_NUM", "GITHUB_RUN_ID", "CI_COMMIT_REF_SLUG", "BUILD_NUMBER", "KEYCLOAK_VERSION", "PATCHLEVEL", "PATH_NAME", "BASE", "_",
		"COMPASS", "INPUT_FLAVOR",
	} {
		if _, err := semtag.ParseScheme([]string{"a{env:" + name + "}"}, ""); err != nil {
			t.Errorf("{env:%s}: %v", name, err)
		}
	}
}

// Every fault of every template is reported, and no template is refused for the sake of another.
func FuzzParseScheme(f *testing.F) {
	f.Add("{major}", "{major}.{minor}-{env:BUILD}", "-alpine")
	f.Add("", "{{version}}", "alpine")
	f.Add("a}b{c", "{env:NPM_TOKEN}", "-")
	f.Fuzz(func(t *testing.T, first, second, suffix string) {
		_, err := semtag.ParseScheme([]string{first, second}, suffix)
		for _, template := range []string{first, second} {
			_, own := semtag.ParseScheme([]string{template}, "")
			if own != nil && (err == nil || !strings.Contains(err.Error(), own.Error())) {
				t.Errorf("ParseScheme(%q, %q) = %v, want %v in it", first, second, err, own)
			}
			if own == nil && err != nil && strings.Contains(err.Error(), "template "+strconv.Quote(template)) {
				t.Errorf("ParseScheme(%q, %q) = %v, but %q alone is taken", first, second, err, template)
			}
		}
	})
}
