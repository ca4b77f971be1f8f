// SPDX-License-Identifier: Apache-2.0

package action

import "strings"

// Kind says how an input's text is read.
type Kind int

// The kinds of inputs.
const (
	// Text is one value.
	Text Kind = iota
	// List holds values separated by newlines or commas; a line that starts
	// with # is a comment.
	List
	// Lines holds values separated by newlines alone.
	Lines
	// Boolean is true or false, in any of YAML 1.2's spellings.
	Boolean
	// Duration is a Go duration: 90s, 30m.
	Duration
	// Path is a file or a folder.
	Path
	// Block is several lines of YAML.
	Block
)

// String is the word that help and documentation use.
func (k Kind) String() string {
	return [...]string{"text", "list", "lines", "true or false", "duration", "path", "YAML"}[k]
}

// Input is one row of the table that defines every input of polytag: of the
// command line, the action, the component and the documentation.
type Input struct {
	// Name is snake_case. Shells drop environment variables with a hyphen.
	Name string
	Kind Kind
	// Default is what an input that is not given stands for. Empty: nothing.
	Default string
	// Options are the only values allowed. Empty: any.
	Options []string
	// Secret inputs have no flag, since a process list shows flags.
	Secret bool
	// Env is a variable that is read when nothing else gives the input.
	Env string
	// Help is one sentence or two, as -help prints it.
	Help string
}

// Flag is the input's name on the command line, without dashes. Empty for a
// secret.
func (i Input) Flag() string {
	if i.Secret {
		return ""
	}
	return strings.ReplaceAll(i.Name, "_", "-")
}

// variables are the environment variables that may give the input, in order.
func (i Input) variables() []string {
	upper := strings.ToUpper(i.Name)
	out := []string{"INPUT_" + upper, "PLUGIN_" + upper, "POLYTAG_" + upper}
	if i.Env != "" {
		out = append(out, i.Env)
	}
	return out
}

// Inputs returns the table of inputs, in the order in which they are documented.
func Inputs() []Input {
	return []Input{
		{Name: "images", Kind: List, Help: "Repositories to publish to; the first is the primary, in which temporary tags are looked up. Required, except with spec."},
		{Name: "git_tag", Help: "The git tag that is released, v1.2.3. Default: what the CI says."},
		{Name: "version_prefix", Help: "Text before the version in a monorepo's git tag: app/ for app/v1.2.3."},
		{Name: "tags", Kind: List, Default: "{major}\n{major}.{minor}\n{version}\nlatest", Help: "Tags to publish, in push order: templates of {major} {minor} {patch} {version} {git_tag} {sha} {short_sha} {env:NAME}, and literals."},
		{Name: "suffix", Help: "Appended to every tag, latest too: -alpine. The guard looks only at tags with the same suffix."},
		{Name: "floating", Default: "guard", Options: []string{"guard", "force"}, Help: "guard: a floating tag never moves to a lower version. force: it moves, and nothing is settled afterwards."},
		{Name: "overwrite", Kind: Boolean, Default: "false", Help: "Whether an exact tag that exists with another digest may be replaced."},
		{Name: "source_tag", Help: "With platforms: the stem of the per-platform tags. Otherwise, or if none of those exists, the tag of one image or index that is promoted."},
		{Name: "source_template", Default: "{source_tag}-{os}-{arch}{-variant}", Help: "How a per-platform tag is named."},
		{Name: "sources", Kind: List, Help: "Explicit references: tags, digests, sha256:… in the primary repository, or oci:PATH[:TAG] for an OCI layout, a folder or a tar. PLATFORM=REFERENCE overrides variant, os.version and, as windows/amd64:10.0.17763.6054+win32k, os.features. A single index is promoted."},
		{Name: "digests", Kind: Path, Help: "A folder with a file for each digest, named by it or holding it; digests in the primary repository."},
		{Name: "spec", Kind: Path, Help: "A manifest-tool YAML file, which gives the repository, its tags, pushed as they stand, and the images; instead of images, tags and other sources."},
		{Name: "platforms", Kind: List, Help: "The exact set of platforms expected: linux/amd64, linux/arm/v6, windows/amd64:10.0.17763.6054."},
		{Name: "attestations", Default: "keep", Options: []string{"keep", "strip"}, Help: "Whether the attestations that BuildKit made stay in the index."},
		{Name: "referrers", Default: "copy", Options: []string{"copy", "skip"}, Help: "When images are copied to another repository: whether their signatures, SBOMs and other referrers, by the referrers API or cosign's tags, come along."},
		{Name: "format", Default: "auto", Options: []string{"auto", "oci", "docker"}, Help: "auto: a Docker manifest list if all images are Docker's, else an OCI index."},
		{Name: "annotations", Kind: Lines, Help: "key=value on the index, one a line. none: not even those that polytag adds."},
		{Name: "readme", Kind: Path, Help: "Markdown file in the workspace to sync to the registry page of every target that has one; not by a pre-release, nor by a version below the highest."},
		{Name: "short_description", Help: "Short text of the page; at most 100 bytes on Docker Hub."},
		{Name: "cleanup", Kind: Boolean, Default: "false", Help: "Remove the temporary tags after a verified release: the per-platform tags of source_tag, or source_tag itself if it was promoted."},
		{Name: "username", Help: "User name for the primary's registry."},
		{Name: "password", Secret: true, Help: "Password or token for the primary's registry."},
		{Name: "registry_auth", Kind: Block, Secret: true, Help: "YAML list of {registry, username, password}; a registry may be narrower, as ghcr.io/acme."},
		{Name: "dockerhub_oidc_connection_id", Env: "DOCKERHUB_OIDC_CONNECTIONID", Help: "Sign in to Docker Hub with the CI's identity token, without a secret; username is the organization."},
		{Name: "github_token", Secret: true, Env: "GITHUB_TOKEN", Help: "Token for ghcr.io when nothing else is given."},
		{Name: "plain_http", Kind: List, Help: "Registries to talk to without TLS, as host:port. Loopback addresses are tried without being named."},
		{Name: "dry_run", Kind: Boolean, Default: "false", Help: "Print the plan and write nothing."},
		{Name: "timeout", Kind: Duration, Default: "30m", Help: "For the whole run."},
		{Name: "json", Kind: Path, Help: "File to write the result to."},
		{Name: "summary", Kind: Path, Help: "File to write the summary to, as Markdown: what GitHub shows as the job's summary."},
		{Name: "dotenv", Kind: Path, Help: "File to write the outputs to, as GitLab's dotenv report."},
		{Name: "results_dir", Kind: Path, Help: "Folder to write the outputs to, one file each, as Tekton wants them."},
	}
}

// InputError says what is wrong with one input and what would be right.
type InputError struct {
	// Name is the input's name.
	Name string
	// Value is what was given; empty for secrets and for what is missing.
	Value string
	Err   error
}

func (e *InputError) Error() string {
	if e.Value == "" {
		return e.Name + ": " + e.Err.Error()
	}
	return e.Name + " " + quote(e.Value) + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *InputError) Unwrap() error { return e.Err }
