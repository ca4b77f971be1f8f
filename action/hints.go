// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/polytag/polytag/internal/ci"
	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
	"github.com/polytag/polytag/internal/report"
	"github.com/polytag/polytag/internal/transport"
)

// explain prints an error as "error:" lines, one for each thing that is wrong,
// and "hint:" lines that say what to do. It is the only place that does. On
// GitHub an error is an annotation as well.
func (c *Command) explain(host ci.Host, err error) {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	w := host.Escape(c.Stderr)
	for _, e := range few(leaves(err)) {
		text := strings.TrimPrefix(oneLine(report.Plain(e.Error())), errUsage.Error()+": ")
		fmt.Fprintf(w, "error: %s\n", text)
		if ci.ReadContext(c.Getenv).Name == "github" {
			host.Annotate(ci.Error, "polytag", text)
		}
	}
	for _, hint := range hints(err) {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}

// leaves takes joined errors apart, so that each gets a line of its own. The
// text of a *[release.PublishError] stays whole: it says what is where.
func leaves(err error) []error {
	var out []error
	switch e := err.(type) { //nolint:errorlint // only this very level is looked at
	case *release.PublishError:
	case *unfinishedError:
		return leaves(e.err)
	case *unreadError:
		return leaves(e.err)
	case *InputError:
		// Of several parts each names its own piece of the value.
		if parts := leaves(e.Err); len(parts) > 1 {
			for _, part := range parts {
				out = append(out, &InputError{Name: e.Name, Err: part})
			}
		}
	case interface{ Unwrap() []error }:
		if strings.Contains(err.Error(), "\n") {
			for _, part := range e.Unwrap() {
				out = append(out, leaves(part)...)
			}
		}
	}
	if len(out) == 0 {
		return []error{err}
	}
	return out
}

// distinct leaves one of the errors that have the same failure to sign in as
// their cause: every request to the repository ended with it.
func distinct(err error) error {
	if _, ok := errors.AsType[*registry.SignInError](err); !ok {
		return err // whose type tells more than its leaves
	}
	told := map[*registry.SignInError]bool{}
	var out []error
	for _, e := range leaves(err) {
		failure, ok := errors.AsType[*registry.SignInError](e)
		switch {
		case !ok:
			out = append(out, e)
		case !told[failure]:
			told[failure] = true
			out = append(out, failure)
		}
	}
	return errors.Join(out...)
}

// few leaves out errors that nobody would read.
func few(errs []error) []error {
	const most = 50
	if len(errs) <= most {
		return errs
	}
	return append(errs[:most:most], fmt.Errorf("and %d more", len(errs)-most))
}

// oneLine keeps foreign text from breaking out of its line, from driving a
// terminal, and from flooding it.
func oneLine(text string) string {
	const most = 4000
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	text = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}

// hints says what to do about an error. Each hint is given once.
func hints(err error) []string {
	var out []string
	for _, rule := range []func(error) []string{
		inputHints, credentialHints, sourceHints, tagHints, finishHints, networkHints,
	} {
		out = append(out, rule(err)...)
	}
	return slices.Compact(out)
}

func inputHints(err error) []string {
	if _, ok := errors.AsType[*InputError](err); ok {
		return []string{"nothing was sent; polytag -help lists the inputs"}
	}
	return nil
}

func credentialHints(err error) []string {
	if e, ok := errors.AsType[*registry.NoCredentialsError](err); ok {
		out := []string{fmt.Sprintf("give username and password, or registry_auth with an entry for %s", e.Repository.RegistryStr())}
		return append(out, "in a GitHub container action the login of docker/login-action is not visible; on a laptop docker login is enough")
	}
	e, ok := errors.AsType[*registry.Error](err)
	if !ok || !e.Denied() {
		return nil
	}
	if e.Login.IsZero() {
		return []string{"no credentials were used; give username and password, or registry_auth"}
	}
	who := fmt.Sprintf("the login came from %s", e.Login.Origin)
	if e.Login.Username != "" {
		who = fmt.Sprintf("the login %s came from %s", quote(e.Login.Username), e.Login.Origin)
	}
	if e.Status == http.StatusUnauthorized {
		return []string{who + "; the registry does not accept it, or it may not write here"}
	}
	return []string{who + "; it lacks the right to write: a token needs push access to this repository (GitHub: permissions: packages: write)"}
}

func finishHints(err error) []string {
	e, ok := errors.AsType[*release.FinishError](err)
	if !ok {
		return nil
	}
	out := []string{"the release itself is published and verified; run the same release again to finish it"}
	if len(e.Temporary) > 0 {
		out = append(out, "docs/registries.md says which credential each registry wants for removing tags, and which cannot do it")
	}
	if len(e.Pages) > 0 {
		out = append(out, "docs/registries.md says which credential each registry wants for its page; one for an API alone goes into registry_auth, as hub.docker.com")
	}
	return out
}

func sourceHints(err error) []string {
	var out []string
	if e, ok := errors.AsType[*release.MissingSourceError](err); ok {
		out = append(out, missingHints(e)...)
	}
	if e, ok := errors.AsType[*release.MismatchError](err); ok {
		if e.Source.Override {
			out = append(out, "variant, os.version and os.features can be corrected; the operating system and the architecture are what the image says")
		} else {
			out = append(out, "the job that pushed it built another platform than its tag says; build it for that platform, or correct source_tag or platforms")
		}
	}
	if _, ok := errors.AsType[*release.ReferrersError](err); ok && !failing(err) {
		out = append(out, "referrers: skip leaves signatures, SBOMs and other referrers behind")
	}
	if e, ok := errors.AsType[*release.PlatformError](err); ok {
		if e.Problem == release.ProblemTwice {
			out = append(out, "two sources are for one platform: name each platform once, and see which job pushed it under the wrong name")
		} else {
			out = append(out, "platforms is the exact set that is published; correct it, or the build")
		}
	}
	return out
}

func missingHints(e *release.MissingSourceError) []string {
	temporary := slices.ContainsFunc(e.Missing, func(m release.SourceRef) bool { return m.Temporary })
	if !temporary {
		return []string{"push the images before this step, and see whether these are their names"}
	}
	out := []string{"push the images before this step, and see whether source_tag, source_template and platforms give these names"}
	if e.Stem == "" && len(e.Missing) == 1 && e.Missing[0].Platform.IsZero() {
		out = append(out, "to join per-platform tags, name the platforms")
	}
	return out
}

func tagHints(err error) []string {
	var out []string
	if unlisted(err) {
		out = append(out, "without the list of tags nobody can tell whether a floating tag would move backwards; give credentials that may read, or set floating to force")
	}
	if _, ok := errors.AsType[*release.ConflictError](err); ok {
		out = append(out, "a published version does not change: release a new one, or set overwrite to true")
	}
	if _, ok := errors.AsType[*release.FrozenError](err); ok {
		out = append(out, "exclude the floating tags from the repository's immutability rules")
	}
	if e, ok := errors.AsType[*release.PublishError](err); ok {
		if slices.ContainsFunc(e.Targets, func(t release.TargetResult) bool { return t.Released }) {
			out = append(out, "the version itself is published; run the same release again to complete it")
		} else {
			out = append(out, "the version is not published; it is safe to run the same release again")
		}
	}
	return out
}

// unlisted reports whether everything that went wrong is that tags could not be
// listed. If more did, its cause is another one.
func unlisted(err error) bool {
	return !slices.ContainsFunc(leaves(err), func(e error) bool {
		_, ok := errors.AsType[*release.ListError](e)
		return !ok
	})
}

func networkHints(err error) []string {
	var out []string
	if e, ok := errors.AsType[*transport.PlainHTTPError](err); ok {
		out = append(out, fmt.Sprintf("%s answers without TLS; if that is meant, name it in plain_http", e.Host))
	} else if errors.Is(err, http.ErrSchemeMismatch) {
		out = append(out, "the registry answers without TLS; if that is meant, name it in plain_http")
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		out = append(out, "the certificate is signed by an authority that is not known here; put it into the file that SSL_CERT_FILE names")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		out = append(out, "the run took longer than the input timeout allows")
	}
	_, begun := errors.AsType[*release.PublishError](err)
	_, input := errors.AsType[*InputError](err)
	if !begun && !input && !errors.Is(err, errUsage) && failing(err) {
		out = append(out, "the registry, or the network, failed; no tag was moved by this, and it is safe to run it again")
	}
	return out
}

// failing reports whether a registry broke down, rather than said no.
func failing(err error) bool {
	if e, ok := errors.AsType[*registry.Error](err); ok {
		return e.Status >= http.StatusInternalServerError || e.Status == http.StatusTooManyRequests
	}
	_, dropped := errors.AsType[*net.OpError](err)
	return dropped || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
