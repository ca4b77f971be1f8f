// SPDX-License-Identifier: Apache-2.0

package hubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// route is a path of the API, taken apart.
type route struct {
	kind   kind
	repo   string // acme/app
	tag    string
	legacy bool // below /v2/repositories
	slash  bool // at its end
}

type kind int

const (
	kindNone kind = iota
	kindSignIn
	kindOldSignIn
	kindRepository
	kindTags
	kindTag
)

func parsePath(path string) route {
	trimmed, slash := strings.CutSuffix(path, "/")
	switch trimmed {
	case "/v2/auth/token":
		return route{kind: kindSignIn}
	case "/v2/users/login":
		return route{kind: kindOldSignIn}
	}
	rt := route{slash: slash}
	part := strings.Split(trimmed, "/")
	switch {
	case len(part) >= 6 && strings.HasPrefix(path, "/v2/namespaces/") && part[4] == "repositories":
		rt.repo, part = part[3]+"/"+part[5], part[6:]
	case len(part) >= 5 && strings.HasPrefix(path, "/v2/repositories/"):
		rt.repo, part, rt.legacy = part[3]+"/"+part[4], part[5:], true
	default:
		return route{}
	}
	switch {
	case len(part) == 0:
		rt.kind = kindRepository
	case part[0] != "tags" || len(part) > 2:
		return route{}
	case len(part) == 1:
		rt.kind = kindTags
	default:
		rt.kind, rt.tag = kindTag, part[1]
	}
	return rt
}

// send answers with a body of JSON.
func send(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // a client that is gone needs no answer
}

// sendValue answers with a value as JSON.
func sendValue(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Errorf("hubtest: %w", err)) // there is nothing in our types that could fail
	}
	send(w, status, string(body))
}

// refuse answers with an error in the most frequent shape.
func refuse(w http.ResponseWriter, status int, message string) {
	sendValue(w, status, map[string]any{"message": message, "errinfo": struct{}{}})
}

// timestamp is a time as the API has it: with as many digits behind the second as it needs.
type timestamp time.Time

func (t timestamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.999999Z")), nil
}
