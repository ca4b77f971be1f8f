// SPDX-License-Identifier: Apache-2.0

package action_test

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/action"
)

// wrong are values of inputs that have to be refused, and what is said of them, without the input's name and value.
var wrong = []struct{ input, value, want string }{
	{"images", "registry.example/acme/app:1.2.3", `"registry.example/acme/app:1.2.3": want a repository without tag or digest, as ghcr.io/acme/app`},
	{"images", "registry.example/acme/app@sha256:" + hex, `"registry.example/acme/app@sha256:` + hex[:47] + `…": want a repository without tag or digest, as ghcr.io/acme/app`},
	{"images", "https://registry.example/acme/app", `"https://registry.example/acme/app": want a repository without tag or digest, as ghcr.io/acme/app`},
	{"images", "a b", `"a b": want a repository without tag or digest, as ghcr.io/acme/app`},
	{"images", "acme/app,docker.io/acme/app", `"docker.io/acme/app" is named twice`},
	{"images", "acme/app,Acme/App", `"Acme/App" is named twice`},
	{"images", "#", "required: the repository to publish to, as ghcr.io/acme/app"},
	{"git_tag", "v1.2", `parsing git tag "v1.2": parsing version "1.2": it must be MAJOR.MINOR.PATCH, three numbers as in 1.2.3, with a pre-release (-rc.1) or build metadata (+b5) at most; to publish a tag that is no version, name it as a literal in ` + "`tags`"},
	{"git_tag", "v1.2.03", `parsing git tag "v1.2.03": parsing version "1.2.03": a number has a leading zero; to publish a tag that is no version, name it as a literal in ` + "`tags`"},
	{"version_prefix", "app/", ""}, // what is wrong is the git tag
	{"tags", "#", "want at least one tag"},
	{"tags", "{major},latest", "a floating tag is guarded by the exact tags in the registry: add {version}, or set floating to force"},
	{"tags", "{version},{env:NOTHING}", `expanding tag template "{env:NOTHING}": {env:NOTHING} needs the environment variable NOTHING, which is unset or empty`},
	{"tags", "{version},{sha}", `expanding tag template "{sha}": {sha} needs the commit id of this run, not ""`},
	{"tags", "{version},a/b", `parsing tag template "a/b": a tag cannot hold "/", only letters, digits and . _ -`},
	{"suffix", "alpine", `parsing suffix "alpine": it must be a hyphen and then letters, digits or . _ -, as in -alpine`},
	{"floating", "Guard", "want guard or force"},
	{"overwrite", "yes", "want true or false"},
	{"source_tag", "-a", "want a tag: letters, digits, _ . and -, at most 128, and no . or - first"},
	{"source_tag", strings.Repeat("a", 129), "want a tag: letters, digits, _ . and -, at most 128, and no . or - first"},
	{"source_template", "{arch}", `parsing template "{arch}": {source_tag} is missing`},
	{"source_template", "{source_tag}/{arch}", `parsing template "{source_tag}/{arch}": beside placeholders it may have letters, digits, '.', '_' and '-' only`},
	{"sources", "a:b", "source_tag and sources cannot be given together; choose one"},
	{"digests", ".", "source_tag and digests cannot be given together; choose one"},
	{"sources", "oci:nowhere", ""}, // beside source_tag
	{"spec", "nowhere.yml", "the file cannot be read"},
	{"spec", ".", "it is not a file that can be read"},
	{"spec", "inputs_test.go", ""}, // no YAML, which is said with its lines
	{"referrers", "maybe", "want copy or skip"},
	{"platforms", "arm64", `parsing platform "arm64": no operating system is given: write linux/arm64`},
	{"platforms", "linux/armv7", `parsing platform "linux/armv7": unknown architecture "armv7": write linux/arm/v7`},
	{"platforms", "linux/amd64,linux/x86_64", `platforms "linux/amd64" and "linux/x86_64" are the same: name it once`},
	{"attestations", "drop", "want keep or strip"},
	{"format", "OCI", "want auto or oci or docker"},
	{"annotations", "title", `"title": want key=value, one a line`},
	{"annotations", "=x", `"=x": want key=value, one a line`},
	{"annotations", "a b=x", `"a b=x": want key=value, one a line`},
	{"annotations", "manifest:a=x", `"manifest:a=x": only the index can be annotated here`},
	{"annotations", "a=x\nindex:a=y", `"a" is given twice`},
	{"readme", "nowhere.md", "it cannot be read, or is a link out of the workspace"},
	{"readme", "../README.md", "it is outside the workspace"},
	{"readme", "/etc/hostname", "it is outside the workspace"},
	{"readme", ".", "it is not a file that can be read"},
	{"short_description", "one\ntwo", "want one line"},
	{"cleanup", "on", "want true or false"},
	{"dockerhub_oidc_connection_id", "acme", "want the ID of an OpenID connection, a UUID"},
	{"username", "ann", ""}, // what is wrong is that there is no password
	{"password", "s3cret", ""},
	{"registry_auth", "s3cret", "want a YAML list: - {registry: ghcr.io, username: NAME, password: SECRET}"},
	{"registry_auth", "{registry: a, username: b, password: s3cret}", "want a YAML list: - {registry: ghcr.io, username: NAME, password: SECRET}"},
	{"registry_auth", "[{registry: a, username: b}]", "entry 1: username and password are required"},
	{"registry_auth", "[{registry: a, username: b, password: ''}]", "entry 1: username and password are required"},
	{"registry_auth", "[{registry: a, username: b, password:s3cret}]", "entry 1: it has another key than registry, username and password"},
	{"registry_auth", "[{registry: a, username: b, password: [s3cret]}]", "entry 1: password: want a text"},
	{"registry_auth", "[{username: b, password: s3cret}, {registry: docker.io, username: c, password: s3cret}]", "entry 2: its registry is named twice"},
	{"plain_http", "http://a.example", `"http://a.example": want a host, or host:port`},
	{"plain_http", "a.example/acme", `"a.example/acme": want a host, or host:port`},
	{"dry_run", "maybe", "want true or false"},
	{"timeout", "30", "want a unit: 30s or 30m"},
	{"timeout", "0", "want a duration above zero: 90s, 30m, 1h30m"},
	{"json", ".", "is a folder; want a file"},
	{"json", "nowhere/result.json", "its folder does not exist"},
	{"summary", "nowhere/summary.md", "its folder does not exist"},
	{"dotenv", ".", "is a folder; want a file"},
	{"dotenv", "nowhere/result.env", "its folder does not exist"},
	{"results_dir", "nowhere", "is not a folder"},
	{"results_dir", "inputs_test.go", "is not a folder"},
}

const hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// unchecked are inputs of which every value is good by itself.
var unchecked = []string{"github_token"}

// refuse is a network that must not be used.
type refuse struct{ t *testing.T }

func (r refuse) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("%s %s was sent", req.Method, req.URL)
	return nil, errors.New("refused")
}

// TestWrongInputs gives one wrong input at a time, on top of what is enough: the exit status is 2, the message names the input, its
// value unless it is a secret, and what would be right, and nothing is sent. There is a wrong value for every input.
func TestWrongInputs(t *testing.T) {
	t.Parallel()
	left := map[string]bool{}
	for _, in := range action.Inputs() {
		left[in.Name] = !slices.Contains(unchecked, in.Name)
	}
	for _, tt := range wrong {
		left[tt.input] = false
		t.Run(tt.input+" "+tt.value, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			c := action.Command{
				Getenv:    environment(append(enough, "POLYTAG_"+strings.ToUpper(tt.input)+"="+tt.value)...),
				Stdout:    &stdout,
				Stderr:    &stderr,
				Transport: refuse{t},
			}
			if got := c.Main(t.Context()); got != action.ExitUsage {
				t.Errorf("exit status %d, want %d", got, action.ExitUsage)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout: %s", stdout.String())
			}
			var named bool
			for line := range strings.Lines(stderr.String()) {
				named = named || strings.HasPrefix(line, "error: "+tt.input) && strings.HasSuffix(line, ": "+tt.want+"\n")
			}
			if !named && tt.want != "" {
				t.Errorf("stderr:\n%swant a line with %s and\n%s", stderr.String(), tt.input, tt.want)
			}
			if strings.Contains(stderr.String(), "s3cret") {
				t.Errorf("stderr shows a secret: %s", stderr.String())
			}
		})
	}
	for _, input := range slices.Sorted(maps.Keys(left)) {
		if left[input] {
			t.Errorf("no wrong value of %s is tried", input)
		}
	}
}

// TestWrongInputsTogether gives a wrong value of every input at once: all of them are named.
func TestWrongInputsTogether(t *testing.T) {
	t.Parallel()
	env := []string{"INPUT_PASSWORD=s3cret"}
	for _, tt := range wrong {
		if tt.want != "" && tt.input != "spec" { // which stands for most others
			env = append(env, "INPUT_"+strings.ToUpper(tt.input)+"="+tt.value)
		}
	}
	_, err := action.Parse(nil, environment(env...))
	if err == nil {
		t.Fatal("no error")
	}
	told := map[string]bool{}
	for _, e := range flat(err) {
		input, ok := errors.AsType[*action.InputError](e)
		if !ok {
			t.Fatalf("%v is a %T, want an *InputError", e, e)
		}
		told[input.Name] = true
	}
	for _, in := range action.Inputs() {
		// What depends on another input that is wrong is not looked at.
		depends := []string{"version_prefix", "source_tag", "source_template", "digests", "spec", "password", "github_token"}
		if told[in.Name] == slices.Contains(depends, in.Name) {
			t.Errorf("%s is told: %v", in.Name, told[in.Name])
		}
	}
}

func flat(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, flat(e)...)
		}
		return out
	}
	return []error{err}
}

// TestSettings reads good values of every input.
func TestSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got, err := action.Parse(map[string]string{
		"images":          "registry.example/acme/app, GHCR.io/Acme/App\n# a comment\nlocal.example:5000/app",
		"git_tag":         "app/v1.2.3+b5",
		"version_prefix":  "app/",
		"tags":            "{major}\nv{version}, edge-{short_sha}, {env:BUILD}",
		"suffix":          "-alpine",
		"floating":        "guard",
		"overwrite":       "true",
		"source_tag":      "12be34",
		"source_template": "{arch}-{source_tag}",
		"platforms":       "linux/amd64,linux/aarch64",
		"attestations":    "strip",
		"format":          "oci",
		"annotations":     "a=b = c, d\n# e=f\nindex:g =h",
		"username":        "ann",
		"password":        " s3cret\n",
		"registry_auth":   "- registry: ghcr.io/acme\n  username: bob\n  password: '0123'\n- {username: eve, password: 42}",
		"github_token":    "ghs",
		"plain_http":      "local.example:5000",
		"dry_run":         "True",
		"timeout":         "90s",
		"json":            filepath.Join(dir, "result.json"),
		"dotenv":          filepath.Join(dir, "result.env"),
		"results_dir":     dir,
	}, environment("GITHUB_SHA=0123456789012345678901234567890123456789", "BUILD=b-7", "GITHUB_ACTOR=octocat"))
	if err != nil {
		t.Fatal(err)
	}
	tags := make([]string, 0, len(got.Request.Tags))
	for _, tag := range got.Request.Tags {
		tags = append(tags, tag.Name+" "+tag.Kind.String())
	}
	logins := make([]string, 0, 4)
	for _, c := range slices.Concat(got.Credentials, got.Fallbacks) {
		logins = append(logins, c.Registry+" "+c.Username+":"+c.Password.Reveal()+" from "+c.Origin)
	}
	sources, err := got.Request.PlatformTags()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"targets":     []string{"registry.example/acme/app", "ghcr.io/acme/app", "local.example:5000/app"},
		"tags":        []string{"1-alpine floating", "v1.2.3_b5-alpine exact", "edge-0123456-alpine literal", "b-7-alpine literal"},
		"sources":     []string{"amd64-12be34", "arm64-12be34"},
		"logins":      []string{"registry.example ann:s3cret from the inputs username and password", "ghcr.io/acme bob:0123 from the input registry_auth", "docker.io eve:42 from the input registry_auth", "ghcr.io octocat:ghs from the input github_token"},
		"annotations": map[string]string{"a": "b = c, d", "g": "h"},
		"notices":     []string{"images: GHCR.io/Acme/App is written ghcr.io/acme/app, since registries allow lower case alone"},
		"more":        []any{true, true, true, "1m30s", "http"},
	}
	targets := make([]string, 0, 3)
	for _, target := range got.Request.Targets {
		targets = append(targets, target.Name())
	}
	texts := make([]string, 0, 2)
	for _, s := range sources {
		texts = append(texts, s.Text)
	}
	if diff := cmp.Diff(want, map[string]any{
		"targets":     targets,
		"tags":        tags,
		"sources":     texts,
		"logins":      logins,
		"annotations": got.Request.Index.Annotations,
		"notices":     got.Notices,
		"more":        []any{got.DryRun, got.Request.Overwrite, got.Request.Index.StripAttestations, got.Timeout.String(), got.Request.Targets[2].Scheme()},
	}); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // to the reference and the platform, or to an error
		"registry.example/acme/app:a":                "registry.example/acme/app:a ",
		"acme/app:a":                                 "index.docker.io/acme/app:a ",
		"registry.example/acme/app@sha256:" + hex:    "registry.example/acme/app@sha256:" + hex + " ",
		"sha256:" + hex:                              "registry.example/acme/app@sha256:" + hex + " ",
		"windows/amd64:10.0.1+win32k=sha256:" + hex:  "registry.example/acme/app@sha256:" + hex + " windows/amd64:10.0.1",
		"linux/arm/v6=registry.example/acme/app:a":   "registry.example/acme/app:a linux/arm/v6",
		" windows/amd64:10.0.1 = sha256:" + hex:      "registry.example/acme/app@sha256:" + hex + " windows/amd64:10.0.1",
		"sha256:" + hex[:63]:                         "want sha256: and 64 hex digits behind it",
		"sha256:" + strings.ToUpper(hex):             "want sha256: and 64 hex digits behind it",
		"acme/app":                                   "want a tag or a digest, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository",
		"registry.example:5000/acme/app":             "want a tag or a digest, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository",
		"https://registry.example/acme/app:a":        "want a reference, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository",
		"registry.example/acme/app:a b":              "want a reference, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository",
		"registry.example/acme/app@sha256:12":        "want a reference, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository",
		"arm=registry.example/acme/app:a":            `want PLATFORM=REFERENCE: parsing platform "arm": no operating system is given: write linux/arm`,
		"windows/amd64+=sha256:" + hex:               `want PLATFORM=REFERENCE: an os.feature is empty, or holds a space: write windows/amd64:10.0.17763.6054+win32k`,
		"windows/amd64++win32k=sha256:" + hex:        `want PLATFORM=REFERENCE: an os.feature is empty, or holds a space: write windows/amd64:10.0.17763.6054+win32k`,
		"windows/amd64+win 32k=sha256:" + hex:        `want PLATFORM=REFERENCE: an os.feature is empty, or holds a space: write windows/amd64:10.0.17763.6054+win32k`,
		"oci:":                                       "want oci:PATH or oci:PATH:TAG, a folder or a tar",
		"oci::1.2.3":                                 "want oci:PATH or oci:PATH:TAG, a folder or a tar",
		"linux/arm64=":                               "want a tag or a digest, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository",
		"oci:nowhere/folder":                         "its folder cannot be read",
		"oci:folder:1.2.3":                           `there is no folder or tar "folder"`,
		"linux/arm64=oci:inputs_test.go":             "opening OCI layout \"inputs_test.go\": it is neither a folder nor a tar",
		"acme/app:a,acme/app:b,docker.io/acme/app:a": "is named twice",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got, err := action.Parse(nil, environment("INPUT_IMAGES=registry.example/acme/app", "INPUT_GIT_TAG=v1.2.3", "INPUT_SOURCES="+text))
			refs := got.Request.Sources.Refs
			switch {
			case err != nil && strings.HasSuffix(err.Error(), `": `+want):
			case err != nil || len(refs) != 1 || refs[0].Ref.Name()+" "+refs[0].Platform.String() != want:
				t.Errorf("sources %q = %v, %v, want %s", text, refs, err, want)
			}
		})
	}
}

func TestDigestFile(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ name, content, want string }{
		"docker's recipe":     {hex, "", "sha256:" + hex},
		"name with algorithm": {"sha256:" + hex, "", "sha256:" + hex},
		"the name counts":     {hex, "sha256:" + strings.Repeat("0", 64), "sha256:" + hex},
		"content":             {"amd64.txt", "sha256:" + hex + "\n", "sha256:" + hex},
		"content of hex":      {"amd64", " " + hex + "\r\n", "sha256:" + hex},
		"empty":               {"amd64", "", ""},
		"another algorithm":   {"amd64", "sha512:" + hex + hex, ""},
		"a reference":         {"amd64", "acme/app@sha256:" + hex, ""},
		"two digests":         {"amd64", "sha256:" + hex + "\nsha256:" + hex, ""},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), tt.name)
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := action.DigestFile(path)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("DigestFile(%s) = %q, %v, want %q", tt.name, got, err, tt.want)
			}
		})
	}
}

// FuzzReference: what is taken for a source is one reference that reads the same again, and never guesses a tag.
func FuzzReference(f *testing.F) {
	for _, text := range []string{"acme/app:a", "sha256:" + hex, "linux/arm/v6=a.example/b@sha256:" + hex, "a=b=c:d", "oci:x", "localhost/a:b", "A/b:c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := action.Parse(nil, environment("INPUT_IMAGES=registry.example/acme/app", "INPUT_GIT_TAG=v1.2.3", "INPUT_SOURCES="+text))
		if err != nil {
			return
		}
		if len(got.Request.Sources.Refs) == 0 {
			t.Fatalf("sources %q: neither a source nor an error", text)
		}
		for _, source := range got.Request.Sources.Refs {
			again, err := name.ParseReference(source.Ref.Name(), name.StrictValidation)
			if err != nil || again.Name() != source.Ref.Name() {
				t.Errorf("sources %q: %s reads as %v, %v", text, source.Ref.Name(), again, err)
			}
			if !strings.Contains(text, source.Ref.Identifier()) {
				t.Errorf("sources %q: %s is not what was asked for", text, source.Ref.Name())
			}
		}
	})
}

// FuzzDigestFile: whatever is in a file, and however it is called, what comes of it is a digest or an error.
func FuzzDigestFile(f *testing.F) {
	f.Add("a", "sha256:"+hex)
	f.Add(hex, "")
	f.Add("sha256:"+hex, "\x00")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, base, content string) {
		path := filepath.Join(dir, filepath.Base("x"+base))
		if os.WriteFile(path, []byte(content), 0o600) != nil {
			return // no name of a file
		}
		defer os.Remove(path)
		got, err := action.DigestFile(path)
		if _, bad := name.NewDigest("a.example/b@"+got, name.StrictValidation); (err == nil) != (bad == nil) {
			t.Errorf("DigestFile(%q with %q) = %q, %v", base, content, got, err)
		}
		if err == nil && !strings.Contains(base+content, strings.TrimPrefix(got, "sha256:")) {
			t.Errorf("DigestFile(%q with %q) made %q up", base, content, got)
		}
	})
}

// FuzzRegistryAuth: no text that is not understood shows in an error, wherever the secret in it stands; and what is understood is
// complete.
func FuzzRegistryAuth(f *testing.F) {
	const secret = "s3cret-of-ann"
	for _, text := range []string{
		"[{registry: a, username: b, password: %}]", "- registry: a\n  username: b\n  password: |\n    %\n", "%", "- %", "{%: a}",
		"[{registry: a, username: b, password:%}]", "- {registry: %, username: %, password: %}\n- {registry: %, username: %, password: %}",
		"&a [*a, %]", "- !!binary %", "\t%", "- {<<: {password: %}}", "[{registry: a, username: b, password: '%}]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := action.Parse(nil, environment(append(enough, "INPUT_REGISTRY_AUTH="+strings.ReplaceAll(text, "%", secret))...))
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("registry_auth %q: the error shows the secret: %v", text, err)
		}
		for _, c := range got.Credentials {
			if c.Registry == "" || c.Username == "" || c.Password.IsEmpty() {
				t.Errorf("registry_auth %q: %q, %q lacks something", text, c.Registry, c.Username)
			}
			if !slices.Contains(got.Secrets, c.Password.Reveal()) {
				t.Errorf("registry_auth %q: the password for %q is not masked", text, c.Registry)
			}
		}
	})
}

// FuzzAnnotations: what is taken has a key without blanks and a value of one line, both from the text.
func FuzzAnnotations(f *testing.F) {
	for _, text := range []string{"a=b", "a=b\nindex:c = d = e ", "none", "none\na=b", "# a=b", "a=\n=b", "a=\u2028b", "index:index:a=b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := action.Parse(nil, environment(append(enough, "INPUT_ANNOTATIONS="+text)...))
		if err != nil {
			return
		}
		for key, value := range got.Request.Index.Annotations {
			if key == "" || strings.ContainsAny(key, " \t\n:=") || strings.Contains(value, "\n") {
				t.Errorf("annotations %q: %q=%q", text, key, value)
			}
			if !strings.Contains(text, key) || !strings.Contains(text, value) {
				t.Errorf("annotations %q: %q=%q is made up", text, key, value)
			}
		}
		if got.Request.NoAnnotations && len(got.Request.Index.Annotations) > 0 {
			t.Errorf("annotations %q: none, and some", text)
		}
	})
}
