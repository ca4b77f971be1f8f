// SPDX-License-Identifier: Apache-2.0

package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/index"
	"github.com/polytag/polytag/internal/layout"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/secret"
	"github.com/polytag/polytag/internal/semtag"
	"github.com/polytag/polytag/internal/spec"
)

// settings are the inputs, checked and understood.
type settings struct {
	request release.Request
	// credentials are explicit, fallbacks come after every file.
	credentials, fallbacks []registry.Credential
	secrets                []secret.String
	plainHTTP              []string
	dryRun                 bool
	timeout                time.Duration
	json, summary          string
	dotenv, results        string
	openID                 openID
	page                   page
	// layouts are open until the run is over.
	layouts []io.Closer
	// notices are facts about the inputs that a person should know.
	notices []string
}

// parser turns values into settings. Each method reads what belongs together
// and notes what is wrong.
type parser struct {
	*values
	getenv func(string) string
	ci     ci.Context
	out    settings
	// file is what the input spec says; nil without it.
	file *spec.Spec
	// layouts are those that were opened, by path.
	layouts map[string]*layout.Layout
}

// parse reads all inputs. The error joins an *[InputError] for each that is
// wrong; nothing has been sent then.
func parse(ctx context.Context, v *values, getenv func(string) string) (settings, error) {
	p := &parser{values: v, getenv: getenv, ci: ci.ReadContext(getenv), layouts: map[string]*layout.Layout{}}
	p.network()
	if p.has("spec") {
		p.spec()
	} else {
		p.targets()
		p.tags()
	}
	p.platforms()
	p.sources(ctx)
	p.index()
	p.accounts()
	p.openID()
	p.page()
	p.outputs()
	if err := errors.Join(v.errs...); err != nil {
		p.out.close()
		return p.out, err
	}
	return p.out, nil
}

// close closes what the inputs opened.
func (s settings) close() {
	for _, l := range s.layouts {
		_ = l.Close() // it was only read
	}
}

// network reads what concerns the connection.
func (p *parser) network() {
	p.out.dryRun = p.boolean("dry_run")
	p.out.timeout = p.duration("timeout")
	for _, host := range p.list("plain_http") {
		if _, err := name.NewRegistry(host, name.StrictValidation); err != nil || strings.Contains(host, "/") {
			p.wrong("plain_http", fmt.Errorf("%s: want a host, or host:port", quote(host)))
			continue
		}
		p.out.plainHTTP = append(p.out.plainHTTP, host)
	}
}

// options are how names are parsed: a registry that is spoken to without TLS
// has to be marked in each of its names.
func (p *parser) options(ref string) []name.Option {
	host, _, _ := strings.Cut(ref, "/")
	if slices.Contains(p.out.plainHTTP, host) {
		return []name.Option{name.Insecure}
	}
	return nil
}

// targets reads the repositories to publish to.
func (p *parser) targets() {
	images := p.list("images")
	if len(images) == 0 {
		p.wrong("images", errors.New("required: the repository to publish to, as ghcr.io/acme/app"))
	}
	seen := map[name.Repository]bool{}
	for _, text := range images {
		lower := strings.ToLower(text)
		repo, err := name.NewRepository(lower, p.options(lower)...)
		switch {
		case err != nil || !repositoryGrammar().MatchString(repo.RepositoryStr()):
			p.wrong("images", fmt.Errorf("%s: want a repository without tag or digest, as ghcr.io/acme/app", quote(text)))
			continue
		case seen[repo]:
			p.wrong("images", fmt.Errorf("%s is named twice", quote(text)))
			continue
		case lower != text:
			p.out.notices = append(p.out.notices, fmt.Sprintf("images: %s is written %s, since registries allow lower case alone", text, lower))
		}
		seen[repo] = true
		p.out.request.Targets = append(p.out.request.Targets, repo)
	}
}

// tags reads the git tag and what is published under it.
func (p *parser) tags() {
	req := &p.out.request
	req.Force = p.choice("floating") == "force"
	req.Overwrite = p.boolean("overwrite")
	req.Scheme = p.scheme()
	gitTag := cmp.Or(p.text("git_tag"), p.ci.GitTag)
	// A version that is not needed is still worth knowing: a pre-release never
	// moves latest.
	var err error
	req.Version, err = p.version(gitTag, p.text("version_prefix"))
	if err != nil && (req.Scheme == nil || req.Scheme.NeedsVersion()) {
		p.wrong("git_tag", err)
		return
	}
	if req.Scheme == nil {
		return // tags or suffix is wrong, and said to be
	}
	if req.Scheme.HasFloating() && !req.Force && !req.Scheme.Guardable() {
		p.wrong("tags", errors.New("a floating tag is guarded by the exact tags in the registry: add {version}, or set floating to force"))
		return
	}
	vars := semtag.Vars{GitTag: gitTag, SHA: p.ci.SHA, Getenv: p.getenv}
	if req.Tags, err = req.Scheme.Expand(req.Version, vars); err != nil {
		p.wrong("tags", err)
	}
}

// scheme reads tags and suffix; nil if one of them is wrong.
func (p *parser) scheme() *semtag.Scheme {
	var templates []string
	if p.has("tags") {
		if templates = p.list("tags"); len(templates) == 0 {
			p.wrong("tags", errors.New("want at least one tag"))
			return nil
		}
	}
	suffix := p.text("suffix")
	_, tagsErr := semtag.ParseScheme(templates, "")
	if tagsErr != nil {
		p.wrong("tags", tagsErr)
	}
	_, suffixErr := semtag.ParseScheme(nil, suffix)
	if suffixErr != nil {
		p.wrong("suffix", suffixErr)
	}
	if tagsErr != nil || suffixErr != nil {
		return nil
	}
	scheme, err := semtag.ParseScheme(templates, suffix)
	if err != nil {
		p.wrong("tags", err)
		return nil
	}
	return scheme
}

// version reads the git tag, and says where it was looked for if there is none.
func (p *parser) version(gitTag, prefix string) (semtag.Version, error) {
	if gitTag == "" {
		return semtag.Version{}, errors.New("there is none, neither given nor from the CI; give one, as v1.2.3, or publish literal tags with the input tags")
	}
	version, err := semtag.ParseGitTag(gitTag, prefix)
	if err != nil && !p.has("git_tag") {
		return version, fmt.Errorf("%w (from %s)", err, p.ci.RefSource)
	}
	return version, err
}

// platforms reads the expected set.
func (p *parser) platforms() {
	var err error
	if p.out.request.Platforms, err = platform.ParseList(p.list("platforms")); err != nil {
		p.wrong("platforms", err)
	}
}

// index reads how the index is written.
func (p *parser) index() {
	req := &p.out.request
	var err error
	if req.Index.Format, err = index.ParseFormat(p.choice("format")); err != nil {
		p.wrong("format", err)
	}
	req.Index.StripAttestations = p.choice("attestations") == "strip"
	req.SkipReferrers = p.choice("referrers") == "skip"
	req.SourceURL = p.ci.RepositoryURL
	req.Cleanup = p.boolean("cleanup")
	defer p.specAnnotations()
	lines := p.list("annotations")
	if len(lines) == 1 && lines[0] == "none" {
		req.NoAnnotations = true
		return
	}
	for _, line := range lines {
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(strings.TrimPrefix(key, "index:"))
		switch {
		case !ok || key == "" || strings.ContainsAny(key, " \t"):
			p.wrong("annotations", fmt.Errorf("%s: want key=value, one a line", quote(line)))
			continue
		case strings.Contains(key, ":"):
			p.wrong("annotations", fmt.Errorf("%s: only the index can be annotated here", quote(line)))
			continue
		case req.Index.Annotations[key] != "":
			p.wrong("annotations", fmt.Errorf("%s is given twice", quote(key)))
			continue
		}
		if req.Index.Annotations == nil {
			req.Index.Annotations = map[string]string{}
		}
		req.Index.Annotations[key] = strings.TrimSpace(value)
	}
	if req.Index.Format == index.Docker && len(req.Index.Annotations) > 0 {
		p.wrong("annotations", errors.New("a Docker manifest list has no annotations; set format to oci or auto"))
	}
}

// outputs reads where results are written to, and looks now whether that can
// be, since a release cannot be undone for want of a folder.
func (p *parser) outputs() {
	p.out.json, p.out.dotenv, p.out.results = p.text("json"), p.text("dotenv"), p.text("results_dir")
	p.out.summary = p.text("summary")
	p.writable("json", p.out.json)
	p.writable("summary", p.out.summary)
	p.writable("dotenv", p.out.dotenv)
	if p.out.results != "" && !isFolder(p.out.results) {
		p.wrong("results_dir", errors.New("is not a folder"))
	}
}

// writable notes if there can be no file of that path.
func (p *parser) writable(input, path string) {
	switch {
	case path == "":
	case isFolder(path):
		p.wrong(input, errors.New("is a folder; want a file"))
	case !isFolder(filepath.Dir(path)):
		p.wrong(input, errors.New("its folder does not exist"))
	}
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
