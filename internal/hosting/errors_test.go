// SPDX-License-Identifier: Apache-2.0

package hosting_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/polytag/polytag/internal/dockerhub"
	"github.com/polytag/polytag/internal/hosting"
	"github.com/polytag/polytag/internal/registry"
)

func TestForbid(t *testing.T) {
	t.Parallel()
	answer := func(status int) error {
		return &hosting.Error{Method: "PUT", URL: "https://api.example/x", Status: status}
	}
	bot := credential("", "bot", "hunter2")
	token := credential("", "", "hunter2")
	tests := map[string]struct {
		err      error
		login    registry.Credential
		statuses []int
		want     string
		denied   bool
	}{
		"401":                {answer(401), bot, nil, `PUT https://api.example/x: 401 Unauthorized (it needs admin); the login "bot" came from registry_auth`, true},
		"403, a token alone": {answer(403), token, nil, "PUT https://api.example/x: 403 Forbidden (it needs admin); the token came from registry_auth", true},
		"403, nothing given": {answer(403), registry.Credential{}, nil, "PUT https://api.example/x: 403 Forbidden (it needs admin)", true},
		"404":                {answer(404), bot, nil, "PUT https://api.example/x: 404 Not Found", false},
		"404 that means 403": {answer(404), bot, []int{404}, `PUT https://api.example/x: 404 Not Found (it needs admin); the login "bot" came from registry_auth`, true},
		"500":                {answer(500), bot, []int{404}, "PUT https://api.example/x: 500 Internal Server Error", false},
		"wrapped":            {fmt.Errorf("deleting: %w", answer(403)), registry.Credential{}, nil, "deleting: PUT https://api.example/x: 403 Forbidden (it needs admin)", true},
		"another":            {errors.New("broken"), bot, nil, "broken", false},
		"the registry's":     {&registry.Error{Status: 403, Err: errors.New("DELETE: DENIED")}, registry.Credential{}, nil, "DELETE: DENIED (it needs admin)", true},
		"the registry's 405": {&registry.Error{Status: 405, Err: errors.New("DELETE: UNSUPPORTED")}, registry.Credential{}, nil, "DELETE: UNSUPPORTED", false},
		"Docker Hub's": {
			&dockerhub.Error{Status: 403, Route: "DELETE hub", Needs: "a better token"}, bot, nil,
			`DELETE hub: 403 Forbidden (it needs a better token); the login "bot" came from registry_auth`, true,
		},
		"Docker Hub's 404": {&dockerhub.Error{Status: 404, Route: "GET hub"}, bot, nil, "GET hub: 404 Not Found", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := hosting.Forbid(tt.err, tt.login, "admin", tt.statuses...)
			if err.Error() != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Forbid = %q, want %q", err, tt.want)
			}
			_, denied := errors.AsType[*hosting.PermissionError](err)
			if denied != tt.denied {
				t.Errorf("Forbid = %T, want a *PermissionError: %t", err, tt.denied)
			}
		})
	}
	if err := hosting.Forbid(nil, bot, "admin"); err != nil {
		t.Errorf("Forbid(nil) = %v", err)
	}
	missing := &hosting.PermissionError{Needs: "a token"}
	if got, want := missing.Error(), "credentials are missing (it needs a token)"; got != want || missing.Unwrap() != nil {
		t.Errorf("error = %q, want %q", got, want)
	}
}
