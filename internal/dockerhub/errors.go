// SPDX-License-Identifier: Apache-2.0

package dockerhub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/polytag/polytag/internal/secret"
)

// maxMessage is how many characters of a server's message are kept.
const maxMessage = 300

// Error is an answer that was not a success. It holds no secret, not even if the server repeated one.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Message is what the server said about it, on one line. Empty: nothing that could be read.
	Message string
	// Route is the request: "DELETE hub.docker.com/v2/namespaces/acme/repositories/app/tags/x".
	Route string
	// Needs says what would have been accepted: a kind of credential, a permission. Empty: nobody knows.
	Needs string

	page bool // a page of HTML, which is not from Docker Hub's API
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %d %s", e.Route, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Needs != "" {
		text += " (it needs " + e.Needs + ")"
	}
	return text
}

// Denied reports whether the credentials were not accepted, or not sufficient.
func (e *Error) Denied() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// NotFound reports whether there is no such thing, or none that the account may see: a private repository does not show.
func (e *Error) NotFound() bool { return e.Status == http.StatusNotFound }

// absent reports whether it is Docker Hub's word that there is no such thing.
func (e *Error) absent() bool { return e.NotFound() && !e.page }

// noRoute reports whether it can be that the route, rather than what it leads to, does not exist.
func (e *Error) noRoute() bool { return e.NotFound() || e.Status == http.StatusMethodNotAllowed }

// parseMessage finds the text in the body of an error, whichever of the shapes it has: the more exact "detail" of the older services, the
// "message" of the newer, or OAuth's. Beside it there may be anything of any type: errinfo is null, an object, or missing. The secrets do not
// show in the text.
func parseMessage(body []byte, secrets ...secret.String) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return ""
	}
	for _, key := range []string{"detail", "message", "error_description", "error"} {
		var text string
		if err := json.Unmarshal(fields[key], &text); err != nil {
			continue
		}
		if text = oneLine(text, secrets); text != "" {
			return text
		}
	}
	return ""
}

// oneLine makes a text that somebody else wrote fit to be shown: without secrets, not even such as show only when the unprintable is gone.
func oneLine(text string, secrets []secret.String) string {
	text = redact(printable(redact(text, secrets)), secrets)
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage-1]) + "…"
	}
	return text
}

func redact(text string, secrets []secret.String) string {
	for _, s := range secrets {
		if !s.IsEmpty() {
			text = strings.ReplaceAll(text, s.Reveal(), s.String())
		}
	}
	return text
}

// printable makes a single space of all white space, and leaves out what cannot be printed.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.Join(strings.Fields(text), " ")
}
