// SPDX-License-Identifier: Apache-2.0

package action

import (
	"context"
	"time"

	"github.com/polytag/polytag/internal/registry"
	"github.com/polytag/polytag/internal/release"
)

// Settings are the inputs as the program understands them.
type Settings struct {
	Request                release.Request
	Credentials, Fallbacks []registry.Credential
	Secrets                []string
	PlainHTTP              []string
	DryRun                 bool
	Timeout                time.Duration
	JSON, Dotenv, Results  string
	Notices                []string
}

// Parse reads all inputs, from flags and an environment.
func Parse(flags map[string]string, getenv func(string) string) (Settings, error) {
	in, err := parse(context.Background(), gather(flags, getenv), getenv)
	out := Settings{
		Request: in.request, Credentials: in.credentials, Fallbacks: in.fallbacks,
		PlainHTTP: in.plainHTTP, DryRun: in.dryRun, Timeout: in.timeout,
		JSON: in.json, Dotenv: in.dotenv, Results: in.results, Notices: in.notices,
	}
	for _, s := range in.secrets {
		out.Secrets = append(out.Secrets, s.Reveal())
	}
	return out, err
}

// Split takes a list apart.
var Split = split

// DigestFile reads one file of the input digests.
var DigestFile = digestFile
