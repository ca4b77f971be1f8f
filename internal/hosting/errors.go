// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/registry"
)

// Error is an answer that was not a success.
type Error struct {
	Method string
	// URL has neither a query nor credentials.
	URL    string
	Status int
	// Message is what the answer says, on one line and not too long. Empty:
	// nothing that could be read.
	Message string
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// HasStatus reports whether err is an answer of one of the statuses.
func HasStatus(err error, statuses ...int) bool {
	e, ok := errors.AsType[*Error](err)
	for _, status := range statuses {
		if ok && e.Status == status {
			return true
		}
	}
	return false
}

// Says reports whether err is an answer whose message has a word in it: Amazon's
// codes are there, and not in the status.
func Says(err error, word string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && strings.Contains(e.Message, word)
}

// PermissionError means that the credentials are not accepted, or do not
// suffice, or that there are none.
type PermissionError struct {
	// Needs says what would have been accepted.
	Needs string
	// Username and Origin are those of the credential that was used. Both empty:
	// there was none.
	Username, Origin string
	// Err is the answer. Nil: nothing was sent.
	Err error
}

// Forbid makes a [*PermissionError] of an answer that says so: 401 or 403 of any
// of our clients, or one of the statuses that mean the same at this place. Every
// other error is returned as it is.
func Forbid(err error, login registry.Credential, needs string, statuses ...int) error {
	denied := HasStatus(err, append(statuses, http.StatusUnauthorized, http.StatusForbidden)...)
	if e, ok := errors.AsType[*registry.Error](err); ok {
		denied = e.Denied()
	}
	if e, ok := errors.AsType[*dockerhub.Error](err); ok && e.Denied() {
		denied, needs = true, e.Needs
	}
	if !denied {
		return err
	}
	return &PermissionError{Needs: needs, Username: login.Username, Origin: login.Origin, Err: err}
}

func (e *PermissionError) Error() string {
	text := "credentials are missing"
	if e.Err != nil {
		text = e.Err.Error()
	}
	if e.Needs != "" && !strings.Contains(text, e.Needs) { // Docker Hub's client has said it
		text += " (it needs " + e.Needs + ")"
	}
	switch {
	case e.Origin == "":
	case e.Username == "":
		text += "; the token came from " + e.Origin
	default:
		text += fmt.Sprintf("; the login %q came from %s", e.Username, e.Origin)
	}
	return text
}

// Unwrap returns the answer.
func (e *PermissionError) Unwrap() error { return e.Err }

// refusal reads an answer that was not a success.
func refusal(req *http.Request, resp *http.Response, mediaType string) *Error {
	e := &Error{Method: req.Method, URL: req.URL.Scheme + "://" + req.URL.Host + req.URL.EscapedPath(), Status: resp.StatusCode}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // half a message is better than none
	to, err := resp.Location()
	switch {
	case err == nil && resp.StatusCode/100 == 3:
		e.Message = "it redirects to " + to.Scheme + "://" + to.Host + to.EscapedPath() + ", which is not followed"
	case mediaType == "text/html":
		e.Message = "the answer is a page of HTML, as a proxy sends"
	default:
		e.Message = message(raw)
	}
	return e
}

// message finds what the body of an error says, in the fields that the APIs of
// GitHub, Quay, Harbor, Azure and Amazon use. Any of them may be of another type.
func message(raw []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return ""
	}
	var parts []string
	for _, key := range []string{"__type", "message", "Message", "detail", "error_message", "error"} {
		var text string
		if json.Unmarshal(fields[key], &text) == nil {
			parts = append(parts, text)
		}
	}
	var nested []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(fields["errors"], &nested) == nil {
		for _, e := range nested {
			parts = append(parts, e.Code, e.Message)
		}
	}
	return oneLine(strings.Join(parts, " "))
}

// oneLine leaves out what is not to be printed, and cuts.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	const most = 300
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return text
}
