// SPDX-License-Identifier: Apache-2.0

package semtag

import (
	"errors"
	"fmt"
	"strings"

	"github.com/polytag/polytag/internal/pattern"
)

// Vars are the values of a run that templates may hold besides the version. A template that needs one which is empty is an error.
type Vars struct {
	GitTag string                   // as git has it: "v1.2.3"
	SHA    string                   // the full commit id
	Getenv func(name string) string // for {env:NAME}; nil is an empty environment
}

// shortSHA is how much of the commit id {short_sha} is: what git shows of it by default in a small repository.
const shortSHA = 7

// get returns the value of a placeholder that is not of the version. It is not empty.
func (vars Vars) get(placeholder string) (string, error) {
	switch placeholder {
	case "git_tag":
		if vars.GitTag == "" {
			return "", errors.New("{git_tag} needs a git tag: give git_tag, or run on a tag")
		}

		return vars.GitTag, nil
	case "sha", "short_sha":
		if len(vars.SHA) < shortSHA {
			return "", fmt.Errorf("{%s} needs the commit id of this run, not %q", placeholder, vars.SHA)
		}
		if placeholder == "short_sha" {
			return vars.SHA[:shortSHA], nil
		}

		return vars.SHA, nil
	}

	name := strings.TrimPrefix(placeholder, "env:")
	if vars.Getenv != nil {
		if value := vars.Getenv(name); value != "" {
			return value, nil
		}
	}

	return "", fmt.Errorf("{%s} needs the environment variable %s, which is unset or empty", placeholder, name)
}

var (
	envName = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_]*$`)

	// secretName matches names of environment variables that CI systems and people give to secrets. It covers this program's
	// own inputs too, under each of their prefixes: INPUT_PASSWORD, PLUGIN_REGISTRY_AUTH, POLYTAG_GITHUB_TOKEN.
	secretName = pattern.Lazy(`(?i)TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|AUTH|JWT|` +
		`(API|ACCESS|SIGNING)_?KEY|(^|_)(KEY|PAT|PASS|PWD)$`)
)

// checkPlaceholder says what is wrong with the text between two braces.
func checkPlaceholder(placeholder string) error {
	switch placeholder {
	case "major", "minor", "patch", "version", "git_tag", "sha", "short_sha":
		return nil
	}

	name, ok := strings.CutPrefix(placeholder, "env:")
	switch {
	case !ok:
		return fmt.Errorf("{%s} is unknown; there are {major}, {minor}, {patch}, {version}, {git_tag}, {sha}, {short_sha} and {env:NAME}", placeholder)
	case !envName().MatchString(name):
		return fmt.Errorf("{%s} names no environment variable; write it as {env:BUILD_NUMBER}", placeholder)
	case secretName().MatchString(name):
		return fmt.Errorf("{%s} looks like a secret, and everybody can read a tag; give the variable another name if it is not", placeholder)
	default:
		return nil
	}
}
