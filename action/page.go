// SPDX-License-Identifier: Apache-2.0

package action

import (
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/polytag/polytag/internal/describe"
	"github.com/polytag/polytag/internal/readme"
	"github.com/polytag/polytag/internal/secret"
)

// maxReadme bounds the file; a registry shows a fraction of it.
const maxReadme = 1 << 20

// page is what a registry's page is to show.
type page struct {
	markdown []byte
	short    string
	source   readme.Source
	aws      describe.AWS
}

// page reads the README and the short description.
func (p *parser) page() {
	path := p.text("readme")
	out := page{short: p.text("short_description")}
	if path == "" && out.short == "" {
		return
	}
	p.out.request.Page = true
	out.source = readme.Source{
		Repository: p.ci.RepositoryURL,
		Ref:        cmp.Or(p.text("git_tag"), p.ci.GitTag, p.ci.SHA),
		Host:       readme.HostOf(p.ci.RepositoryURL, p.ci.Name),
	}
	out.aws = describe.AWS{
		AccessKeyID:     p.getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: secret.New(p.getenv("AWS_SECRET_ACCESS_KEY")),
		SessionToken:    secret.New(p.getenv("AWS_SESSION_TOKEN")),
	}
	p.hide(out.aws.AccessKeyID, out.aws.SecretAccessKey)
	p.hide(out.aws.AccessKeyID, out.aws.SessionToken)
	if path != "" {
		var err error
		if out.markdown, out.source.Path, err = p.readWorkspace(path); err != nil {
			p.wrong("readme", err)
		}
	}
	p.out.page = out
}

// readWorkspace reads a file of the workspace, which is where the CI put the
// repository, or else the current folder. A link that leads out of it is
// refused: what it points at would be published.
func (p *parser) readWorkspace(path string) (text []byte, place string, err error) {
	workspace := cmp.Or(p.getenv("GITHUB_WORKSPACE"), p.getenv("CI_PROJECT_DIR"), ".")
	if workspace, err = filepath.Abs(workspace); err != nil {
		return nil, "", errors.New("the workspace cannot be found")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(workspace, path)
	}
	place, err = filepath.Rel(workspace, path)
	if err != nil || place == ".." || strings.HasPrefix(place, ".."+string(filepath.Separator)) {
		return nil, "", errors.New("it is outside the workspace")
	}
	root, err := os.OpenRoot(workspace)
	if err != nil {
		return nil, "", errors.New("the workspace cannot be read")
	}
	defer root.Close()
	f, err := root.Open(place)
	if err != nil {
		return nil, "", errors.New("it cannot be read, or is a link out of the workspace")
	}
	defer f.Close()
	text, err = io.ReadAll(io.LimitReader(f, maxReadme+1))
	switch {
	case err != nil:
		return nil, "", errors.New("it is not a file that can be read")
	case len(text) > maxReadme:
		return nil, "", errors.New("it is larger than 1 MiB")
	case strings.TrimSpace(string(text)) == "":
		return nil, "", errors.New("it is empty")
	}
	return text, filepath.ToSlash(place), nil
}
