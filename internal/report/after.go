// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"fmt"
	"io"

	"github.com/polytag/polytag/internal/release"
)

// Page is what will become, or became, of the page that a registry shows of a repository.
type Page struct {
	Repository string `json:"repository"`
	// Action is what a release would do: sync or keep. Only in a dry run.
	Action string `json:"action,omitempty"`
	// Status is synced, unchanged (the page had this text already), kept (a pre-release or an older version leaves it alone),
	// not supported (the registry has no page that could be written), or failed. Never in a dry run.
	Status release.Status `json:"status,omitempty"`
	// Reason says why, for all but synced and unchanged.
	Reason string `json:"reason,omitempty"`
}

// Temporary is what will become, or became, of a temporary tag in the first target.
type Temporary struct {
	Tag string `json:"tag"`
	// Digest is what it pointed at when it was read. Left out if it was absent then.
	Digest string `json:"digest,omitempty"`
	// Action is what a release would do: remove, keep, or none for a tag that is absent. Only in a dry run.
	Action string `json:"action,omitempty"`
	// Status is removed, absent (it was gone already), kept, or failed. Never in a dry run.
	Status release.Status `json:"status,omitempty"`
	// Reason says why, for kept and failed tags.
	Reason string `json:"reason,omitempty"`
}

// plannedAfter says what comes after a verified release.
func plannedAfter(p release.Plan) (pages []Page, temporary []Temporary) {
	pages, temporary = []Page{}, []Temporary{}
	for _, t := range p.Targets {
		if t.Page == nil {
			continue
		}
		page := Page{Repository: repository(t.Repo), Action: "sync", Reason: t.Page.Kept}
		if t.Page.Kept != "" {
			page.Action = "keep"
		}
		pages = append(pages, page)
	}
	for _, t := range p.Temporary {
		row := Temporary{Tag: t.Name, Digest: digest(t.Digest), Action: "remove", Reason: t.Keep}
		switch {
		case t.Absent():
			row.Action = "none"
		case t.Keep != "":
			row.Action = "keep"
		}
		temporary = append(temporary, row)
	}
	return pages, temporary
}

// doneAfter says what was done after a verified release.
func doneAfter(r release.Result) (pages []Page, temporary []Temporary) {
	pages, temporary = []Page{}, []Temporary{}
	for _, p := range r.Pages {
		pages = append(pages, Page{Repository: repository(p.Repo), Status: p.Status, Reason: Plain(p.Reason)})
	}
	for _, t := range r.Temporary {
		temporary = append(temporary, Temporary{Tag: t.Tag.TagStr(), Digest: digest(t.Digest), Status: t.Status, Reason: Plain(t.Reason)})
	}
	return pages, temporary
}

// writeAfter writes what comes, or came, after the tags.
func (d Document) writeAfter(w io.Writer, header string, color bool) {
	if len(d.Pages)+len(d.Temporary) == 0 {
		return
	}
	t := table{status: header}
	t.add("AFTERWARDS", header, "WHY")
	for _, p := range d.Pages {
		t.add("page of "+p.Repository, cmp.Or(p.Action, string(p.Status)), p.Reason)
	}
	for _, row := range d.Temporary {
		t.add(row.Tag, cmp.Or(row.Action, string(row.Status)), row.Reason)
	}
	fmt.Fprintln(w)
	t.write(w, color)
}

// after says what comes, or came, after the tags.
func (m *markdown) after(d Document) {
	var rows [][]string
	add := func(what, word, reason string) {
		if word == string(release.Failed) {
			word = "**failed**"
		}
		rows = append(rows, []string{what, word, code(reason)})
	}
	for _, p := range d.Pages {
		add("page of "+code(p.Repository), cmp.Or(p.Action, string(p.Status)), p.Reason)
	}
	for _, t := range d.Temporary {
		add(code(t.Tag), cmp.Or(t.Action, string(t.Status)), t.Reason)
	}
	if len(rows) == 0 {
		return
	}
	m.paragraph("### Page and temporary tags")
	m.table([]string{"What", "Status", "Why"}, rows)
}
