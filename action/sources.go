// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/layout"
	"github.com/polytag/polytag/internal/pattern"
	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
)

var (
	tagGrammar    = pattern.Lazy(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digestGrammar = pattern.Lazy(`^sha256:[0-9a-f]{64}$`)
	bareDigest    = pattern.Lazy(`^[0-9a-f]{64}$`)
	// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
	repositoryGrammar = pattern.Lazy(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
)

// sources reads what the release is made from: exactly one of four inputs.
func (p *parser) sources(ctx context.Context) {
	if p.has("spec") {
		return
	}
	var given []string
	for _, input := range []string{"source_tag", "sources", "digests"} {
		if p.has(input) {
			given = append(given, input)
		}
	}
	switch {
	case len(given) == 0:
		p.wrong("source_tag", errors.New("nothing says what to release: give source_tag, sources, digests or spec"))
		return
	case len(given) > 1:
		p.wrong(given[1], fmt.Errorf("%s cannot be given together; choose one", strings.Join(given, " and ")))
		return
	}
	if p.has("source_template") && given[0] != "source_tag" {
		p.wrong("source_template", errors.New("names the tags of source_tag, which is not given"))
	}
	switch given[0] {
	case "source_tag":
		p.stem()
	case "sources":
		p.explicit(ctx, p.list("sources"))
	case "digests":
		p.folder(ctx, p.text("digests"))
	}
}

// stem reads source_tag, and tries the names that follow from it.
func (p *parser) stem() {
	req := &p.out.request
	req.Sources.Tag = p.text("source_tag")
	if !tagGrammar().MatchString(req.Sources.Tag) {
		p.wrong("source_tag", errors.New("want a tag: letters, digits, _ . and -, at most 128, and no . or - first"))
		return
	}
	template, err := platform.ParseTemplate(p.text("source_template"))
	if err != nil {
		p.wrong("source_template", err)
		return
	}
	req.Sources.Template = template
	if len(req.Targets) == 0 {
		return // images is wrong, and said to be
	}
	if _, err := req.PlatformTags(); err != nil {
		p.wrong("source_template", err)
	}
}

// explicit reads references: tags, digests, bare digests of the primary, each
// perhaps with a platform before it.
func (p *parser) explicit(ctx context.Context, items []string) {
	req := &p.out.request
	if len(items) == 0 {
		p.wrong("sources", errors.New("want at least one reference"))
	}
	seen := map[string]bool{}
	for _, item := range items {
		ref, err := p.reference(ctx, item)
		if err == nil && seen[place(ref)] {
			err = errors.New("is named twice")
		}
		if err != nil {
			p.wrong("sources", fmt.Errorf("%s: %w", quote(item), err))
			continue
		}
		if where := place(ref); where != "" {
			seen[where] = true
			req.Sources.Refs = append(req.Sources.Refs, ref)
		}
	}
}

// place is where a source is; empty if it needs a primary and there is none,
// which has been said already.
func place(ref release.SourceRef) string {
	switch {
	case ref.Layout != nil:
		return fmt.Sprintf("%p:%s", ref.Layout, ref.Within)
	case ref.Ref != nil:
		return ref.Ref.Name()
	}
	return ""
}

// reference reads one item of sources. It has no place if it needs a primary
// and there is none, which has been said already.
func (p *parser) reference(ctx context.Context, item string) (release.SourceRef, error) {
	source := release.SourceRef{Text: item}
	text := item
	if before, after, ok := strings.Cut(item, "="); ok && !strings.HasPrefix(item, "oci:") {
		var err error
		if source.Platform, source.Features, err = override(strings.TrimSpace(before)); err != nil {
			return source, fmt.Errorf("want PLATFORM=REFERENCE: %w", err)
		}
		source.Override, text = true, strings.TrimSpace(after)
	}
	if strings.HasPrefix(text, "oci:") {
		var err error
		source.Layout, source.Within, err = p.layout(ctx, text)
		return source, err
	}
	if digestGrammar().MatchString(text) {
		if len(p.out.request.Targets) > 0 {
			source.Ref = p.out.request.Primary().Digest(text)
		}
		return source, nil
	}
	if strings.HasPrefix(text, "sha256:") { // it would be read as an image of Docker Hub
		return source, errors.New("want sha256: and 64 hex digits behind it")
	}
	if last := text[strings.LastIndex(text, "/")+1:]; !strings.ContainsAny(last, ":@") { // a port is no tag
		return source, errors.New("want a tag or a digest, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository")
	}
	ref, err := name.ParseReference(text, p.options(text)...)
	if err != nil {
		return source, errors.New("want a reference, as ghcr.io/acme/app:1.2.3-arm64, or sha256:… in the primary repository")
	}
	source.Ref = ref
	return source, nil
}

// override reads the platform before a reference, and the os.features behind it.
func override(text string) (platform.Spec, []string, error) {
	parts := strings.Split(text, "+")
	spec, err := platform.Parse(parts[0])
	if err != nil {
		return spec, nil, err
	}
	for _, feature := range parts[1:] {
		if feature == "" || strings.ContainsAny(feature, " \t") {
			return spec, nil, errors.New("an os.feature is empty, or holds a space: write windows/amd64:10.0.17763.6054+win32k")
		}
	}
	if len(parts) == 1 {
		return spec, nil, nil
	}
	return spec, parts[1:], nil
}

// layout opens the OCI layout that a source names; several sources may be in
// one.
func (p *parser) layout(ctx context.Context, text string) (*layout.Layout, string, error) {
	path, within := layout.Split(strings.TrimPrefix(text, "oci:"))
	if path == "" || strings.HasPrefix(path, ":") { // a variable was empty
		return nil, "", errors.New("want oci:PATH or oci:PATH:TAG, a folder or a tar")
	}
	if l, ok := p.layouts[path]; ok {
		return l, within, nil
	}
	place, err := filepath.Abs(path)
	if err != nil {
		return nil, "", errors.New("its folder cannot be found")
	}
	root, err := os.OpenRoot(filepath.Dir(place))
	if err != nil {
		return nil, "", errors.New("its folder cannot be read")
	}
	defer root.Close()
	l, err := layout.Open(ctx, root, filepath.Base(place))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("there is no folder or tar %s", quote(path))
	}
	if err != nil {
		return nil, "", err
	}
	p.layouts[path] = l
	p.out.layouts = append(p.out.layouts, l)
	return l, within, nil
}

// folder reads a folder of digests as docker's recipe for several runners
// leaves it: empty files named by the hex digits. Files that hold a whole
// digest, under any name, are understood too.
// https://docs.docker.com/build/ci/github-actions/multi-platform/
func (p *parser) folder(ctx context.Context, dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		p.wrong("digests", errors.New("the folder cannot be read; in a container action a folder in runner.temp is there only on runners from 2.331 on, so use one in the workspace"))
		return
	}
	if len(entries) == 0 {
		p.wrong("digests", errors.New("the folder is empty"))
		return
	}
	var digests, folders []string
	for _, entry := range entries {
		switch {
		case strings.HasPrefix(entry.Name(), "."):
			continue
		case entry.IsDir():
			folders = append(folders, entry.Name())
			continue
		}
		digest, err := digestFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			p.wrong("digests", fmt.Errorf("file %s: %w", quote(entry.Name()), err))
		}
		digests = append(digests, digest)
	}
	switch {
	case len(digests) > 0:
	case len(folders) > 0:
		p.wrong("digests", fmt.Errorf("the folder holds no file of a digest, only folders, such as %s; "+
			"actions/download-artifact puts all files into one folder with merge-multiple: true", quote(folders[0])))
	default:
		p.wrong("digests", errors.New("the folder holds no file of a digest"))
	}
	for _, digest := range digests {
		if ref, err := p.reference(ctx, digest); err == nil && place(ref) != "" {
			p.out.request.Sources.Refs = append(p.out.request.Sources.Refs, ref)
		}
	}
}

// digestFile reads one file of the folder.
func digestFile(path string) (string, error) {
	base := strings.TrimPrefix(filepath.Base(path), "sha256:")
	if bareDigest().MatchString(base) {
		return "sha256:" + base, nil
	}
	f, err := os.Open(path) //nolint:gosec // the folder is an input
	if err != nil {
		return "", errors.New("it cannot be read")
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", errors.New("it cannot be read")
	}
	text := strings.TrimSpace(string(raw))
	if bareDigest().MatchString(text) {
		text = "sha256:" + text
	}
	if !digestGrammar().MatchString(text) {
		return "", errors.New("want a file named by 64 hex digits, or one that holds sha256:…")
	}
	return text, nil
}
