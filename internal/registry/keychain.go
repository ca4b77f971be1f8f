// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/polytag/polytag/internal/secret"
)

// hubKey is the name under which docker login stores Docker Hub's credentials.
const hubKey = "https://index.docker.io/v1/"

// Credential is a user name and password for a registry, or for a part of one.
type Credential struct {
	// Registry is a host (ghcr.io), or a host and the beginning of a path
	// (ghcr.io/acme) for two accounts on one host.
	Registry string
	Username string
	Password secret.String
	// Origin names where it was given, for messages: an input or a variable.
	Origin string
}

// Login is what was found for one repository.
type Login struct {
	// Username may be empty, where a token stands alone.
	Username string
	// Origin names where it was found: an input, a variable, or a file.
	Origin string
	config authn.AuthConfig
}

func (l Login) isZero() bool { return l.config == authn.AuthConfig{} }

// Secret is the password or token, for APIs that take the registry's own
// credentials. Empty if the login is an identity token.
func (l Login) Secret() secret.String { return secret.New(l.config.Password) }

// IsZero reports whether there are no credentials.
func (l Login) IsZero() bool { return l.isZero() }

// Keychain finds credentials: first the given ones, then those of docker's and
// podman's files, then the fallbacks. Among the given ones the narrowest match
// wins, and of two for the same registry the first.
type Keychain struct {
	// Given are explicit: they win over every file, since hosted runners carry
	// a pull-only login to Docker Hub.
	Given []Credential
	// Files are read in this order; see [LoadFiles].
	Files []File
	// Fallbacks come last: what the CI provides for its own registry.
	Fallbacks []Credential

	mu    sync.Mutex
	cache map[name.Repository]Login
}

// File is a docker config or a containers auth.json.
type File struct {
	// Origin is its path, or the name of the variable that holds it.
	Origin string
	config *configfile.ConfigFile
}

// LoadFiles reads, in this order and as far as they exist: the variable
// DOCKER_AUTH_CONFIG, $DOCKER_CONFIG/config.json, $HOME/.docker/config.json,
// $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json and
// $XDG_CONFIG_HOME/containers/auth.json (default $HOME/.config). A file that
// cannot be read or parsed is an error; the text of a file is never part of it.
func LoadFiles(getenv func(string) string) ([]File, error) {
	var files []File
	if text := getenv("DOCKER_AUTH_CONFIG"); text != "" {
		f, err := parseFile("DOCKER_AUTH_CONFIG", []byte(text))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	home := getenv("HOME")
	config := cmp.Or(getenv("XDG_CONFIG_HOME"), join(home, ".config"))
	for _, path := range []string{
		join(getenv("DOCKER_CONFIG"), "config.json"),
		join(home, ".docker", "config.json"),
		getenv("REGISTRY_AUTH_FILE"),
		join(getenv("XDG_RUNTIME_DIR"), "containers", "auth.json"),
		join(config, "containers", "auth.json"),
	} {
		if path == "" {
			continue
		}
		raw, err := os.ReadFile(path) //nolint:gosec // the paths are docker's own, from the environment
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading credentials: %w", err)
		}
		f, err := parseFile(path, raw)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// join is filepath.Join, but empty if the folder is.
func join(dir string, elem ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, elem...)...)
}

func parseFile(origin string, raw []byte) (File, error) {
	config := configfile.New("")
	if err := config.LoadFromReader(bytes.NewReader(raw)); err != nil {
		// The parser's message may quote what it could not read.
		return File{}, fmt.Errorf("reading credentials: %s is not a docker config: want {\"auths\": {HOST: {\"auth\": BASE64}}}", origin)
	}
	return File{Origin: origin, config: config}, nil
}

// Find returns the credentials for a repository; zero if there are none. An
// error means that a credential helper failed.
func (k *Keychain) Find(_ context.Context, repo name.Repository) (Login, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if login, ok := k.cache[repo]; ok {
		return login, nil
	}
	login, err := k.find(repo)
	if err == nil {
		if k.cache == nil {
			k.cache = map[name.Repository]Login{}
		}
		k.cache[repo] = login
	}
	return login, err
}

// Explicit returns the credential that an input gave for a repository; zero if
// there is none.
func (k *Keychain) Explicit(repo name.Repository) Credential {
	if c := narrowest(k.Given, repo); c != nil {
		return *c
	}
	return Credential{}
}

// API returns the credential that was given for an API of its own, as
// hub.docker.com, api.github.com or quay.io/api; zero if there is none. Files
// and fallbacks are not looked at: what is meant for a registry is sent to no
// other host by itself.
func (k *Keychain) API(key string) (Credential, bool) {
	for _, c := range k.Given {
		if normalize(c.Registry) == key {
			return c, true
		}
	}
	return Credential{}, false
}

func (k *Keychain) find(repo name.Repository) (Login, error) {
	if c := narrowest(k.Given, repo); c != nil {
		return c.login(), nil
	}
	for _, f := range k.Files {
		if login, err := f.find(repo); err != nil || !login.isZero() {
			return login, err
		}
	}
	if c := narrowest(k.Fallbacks, repo); c != nil {
		return c.login(), nil
	}
	return Login{}, nil
}

// narrowest returns the credential whose registry is the longest prefix of the
// repository; nil if there is none.
func narrowest(given []Credential, repo name.Repository) *Credential {
	var best *Credential
	for i := range given {
		c := &given[i]
		if covers(c.Registry, repo) && (best == nil || len(normalize(c.Registry)) > len(normalize(best.Registry))) {
			best = c
		}
	}
	return best
}

func (c Credential) login() Login {
	return Login{
		Username: c.Username,
		Origin:   c.Origin,
		config:   authn.AuthConfig{Username: c.Username, Password: c.Password.Reveal()},
	}
}

// covers reports whether a key of a config, a host or a host with the beginning
// of a path, stands for the repository.
func covers(key string, repo name.Repository) bool {
	host := normalize(repo.RegistryStr())
	key, full := normalize(key), host+"/"+repo.RepositoryStr()
	return key == host || key == full || strings.HasPrefix(full, key+"/")
}

// normalize strips what docker's own tools leave in keys, and gives Docker Hub
// its one name.
func normalize(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	key = strings.TrimSuffix(key, "/")
	host, path, _ := strings.Cut(key, "/")
	switch host {
	case "docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		host = name.DefaultRegistry
	}
	if path == "" || path == "v1" || path == "v2" {
		return host
	}
	return host + "/" + path
}

// isDockerHub reports whether a repository is on Docker Hub, under any of its
// names.
func isDockerHub(repo name.Repository) bool {
	return normalize(repo.RegistryStr()) == name.DefaultRegistry
}

// find looks a repository up in one file: its entries, then its helpers, which
// must be on PATH.
func (f File) find(repo name.Repository) (Login, error) {
	var best string
	for _, key := range slices.Sorted(maps.Keys(f.config.AuthConfigs)) {
		if covers(key, repo) && (best == "" || len(normalize(key)) > len(normalize(best))) {
			best = key
		}
	}
	if best != "" {
		if login := f.login(f.config.AuthConfigs[best]); !login.isZero() {
			return login, nil
		}
	}
	key := repo.RegistryStr()
	if isDockerHub(repo) {
		key = hubKey
	}
	helper := cmp.Or(f.config.CredentialHelpers[key], f.config.CredentialsStore)
	if helper == "" {
		return Login{}, nil
	}
	found, err := credentials.NewNativeStore(f.config, helper).Get(key)
	if err != nil {
		return Login{}, fmt.Errorf("asking docker-credential-%s, which %s names: %w", helper, f.Origin, err)
	}
	return f.login(found), nil
}

func (f File) login(c types.AuthConfig) Login {
	return Login{Username: c.Username, Origin: f.Origin, config: authn.AuthConfig{
		Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken,
	}}
}
