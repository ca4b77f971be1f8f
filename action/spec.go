// SPDX-License-Identifier: Apache-2.0

package action

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/platform"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/semtag"
	"github.com/polytag/polytag/internal/spec"
)

// besideSpec are the inputs whose part the file of spec takes.
var besideSpec = []string{
	"images", "tags", "git_tag", "version_prefix", "suffix", "source_tag", "source_template", "sources", "digests",
}

// spec reads a file of manifest-tool: the repository, its tags, and the images.
// Its tags are pushed as they stand, latest too: nothing in the file is a
// version.
func (p *parser) spec() {
	for _, input := range besideSpec {
		if p.has(input) {
			p.wrong(input, errors.New("cannot be given together with spec, whose file says what is published"))
		}
	}
	p.choice("floating")
	p.out.request.Overwrite = p.boolean("overwrite")
	file, err := readSpec(p.text("spec"))
	if err != nil {
		p.wrong("spec", err)
		return
	}
	p.file = &file
	for _, warning := range file.Warnings {
		p.out.notices = append(p.out.notices, fmt.Sprintf("spec: %s: %s", p.text("spec"), warning))
	}
	p.specTarget()
	p.specSources()
}

// readSpec reads and parses the file.
func readSpec(path string) (spec.Spec, error) {
	f, err := os.Open(path) //nolint:gosec // the file is an input
	if err != nil {
		return spec.Spec{}, errors.New("the file cannot be read")
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxReadme+1)) // the parser refuses what is larger
	if err != nil {
		return spec.Spec{}, errors.New("it is not a file that can be read")
	}
	return spec.Parse(raw)
}

// specTarget is what the file publishes to, and under which tags.
func (p *parser) specTarget() {
	req := &p.out.request
	ref, err := p.specReference(p.file.Image)
	target, ok := ref.(name.Tag)
	if err != nil || !ok {
		p.wrong("spec", fmt.Errorf("line %d: image %s: want a repository and a tag, as ghcr.io/acme/app:1.2.3", p.file.Line, quote(p.file.Image)))
		return
	}
	req.Targets = []name.Repository{target.Context()}
	if req.Scheme, err = semtag.ParseScheme(nil, ""); err != nil {
		p.wrong("spec", err)
	}
	seen := map[string]bool{}
	for _, tag := range append([]string{target.TagStr()}, p.file.Tags...) {
		if !seen[tag] {
			seen[tag] = true
			req.Tags = append(req.Tags, semtag.Tag{Name: tag, Kind: semtag.Literal})
		}
	}
}

// specReference reads a reference as manifest-tool does: without a tag it means
// latest.
func (p *parser) specReference(text string) (name.Reference, error) {
	return name.ParseReference(text, p.options(text)...) //nolint:wrapcheck // said in our own words
}

// specSources are the images that the file joins.
func (p *parser) specSources() {
	req := &p.out.request
	req.Sources.Join = true
	for _, m := range p.file.Manifests {
		ref, err := p.specReference(m.Image)
		if err != nil {
			p.wrong("spec", fmt.Errorf("line %d: image %s: want a reference, as ghcr.io/acme/app-arm64:1.2.3", m.Line, quote(m.Image)))
			continue
		}
		source := release.SourceRef{Text: m.Image, Ref: ref, Platform: platform.FromOCI(&m.Platform), Features: m.Platform.OSFeatures}
		source.Override = !source.Platform.IsZero()
		req.Sources.Refs = append(req.Sources.Refs, source)
	}
}

// specAnnotations adds those of the file; the input's come first.
func (p *parser) specAnnotations() {
	if p.file == nil || len(p.file.Annotations) == 0 {
		return
	}
	all := maps.Clone(p.file.Annotations)
	maps.Copy(all, p.out.request.Index.Annotations)
	p.out.request.Index.Annotations = all
}
