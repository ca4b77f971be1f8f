// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polytag/polytag/internal/hubtest"
	"github.com/polytag/polytag/internal/registrytest"
)

// hubCommands are what scripts about Docker Hub and GitHub have beside the other commands, which work with their hosts as well: requests,
// fault, hold.
var hubCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	// hub [OPTION…] starts Docker Hub: the registry index.docker.io, where nothing can be deleted, with auth.docker.io, which signs in to it;
	// hub.docker.com, and identity.docker.com; and actions.example, where GitHub gives a job its identity token. Options:
	// account=NAME:SECRET:LEVEL, organization=NAME:SECRET:LEVEL, with a level of read, write, admin, or for an account password, 2fa;
	// connection=ID:ORGANIZATION:REQUEST-TOKEN:ACCESS-TOKEN[:api], ignored-deletes=N, rate-limit=N, no-auth-token=STATUS,
	// no-namespace-routes=STATUS, append-slash, echo=REQUEST (a regular expression of what the hosts that are no registry refuse, with all
	// that authorised it).
	"hub": cmdHub,
	// hub-repo REPO [OPTION…] sets what a repository has beside its tags: short=TEXT, full=FILE, immutable=RULE, private.
	"hub-repo": cmdHubRepo,
	// hub-tags REPO prints the tags as the page lists them, from the top. hub-page REPO prints the page: the short description in the first
	// line, and then the text.
	"hub-tags": cmdHubTags,
	"hub-page": cmdHubPage,
	// packages [OPTION…] starts GHCR: the registry ghcr.io, where nothing can be deleted, and api.github.com. Options: token=SECRET, of a job,
	// token=SECRET:SCOPES, a classic one; user (the package is a user's and not an organization's), refuse=STATUS (of a delete).
	"packages": cmdPackages,
	// versions REPO prints the versions of a package: each digest, shortened, with its tags.
	"versions": cmdVersions,
	// hides FILE… looks in files, stdout and stderr for every secret that these servers know or gave out, as it is and in base64. What GitHub
	// is asked to mask does not count.
	"hides": cmdHides,
}

// services are the hosts with an API beside their registry in one script.
type services struct {
	hub      *hubtest.Hub
	packages *packages
	secrets  []string
}

// servicesKey is where a script keeps them.
type servicesKey struct{}

func (s *services) docker(ts *testscript.TestScript) *hubtest.Hub {
	if s.hub == nil {
		ts.Fatalf("there is no Docker Hub")
	}
	return s.hub
}

func beside(ts *testscript.TestScript) *services { return ts.Value(servicesKey{}).(*services) }

// api is a host that is no registry.
func api(h http.Handler) *host {
	return &host{Registry: &registrytest.Registry{Recorder: registrytest.Record(h)}}
}

func cmdHub(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 0, "hub [OPTION…]")
	var o hubtest.Options
	var echoed *regexp.Regexp
	keys := keyring{}
	for _, option := range args {
		key, value, _ := strings.Cut(option, "=")
		var err error
		switch key {
		case "account", "organization":
			o.Accounts, err = keys.account(o.Accounts, value, key == "organization")
		case "connection":
			o.Connections = append(o.Connections, keys.connection(value))
		case "ignored-deletes":
			o.IgnoredDeletes, err = strconv.Atoi(value)
		case "rate-limit":
			o.RateLimit, err = strconv.Atoi(value)
		case "no-auth-token":
			o.NoAuthToken, err = strconv.Atoi(value)
		case "no-namespace-routes":
			o.NoNamespaceRoutes, err = strconv.Atoi(value)
		case "append-slash":
			o.AppendSlash = true
		case "echo":
			echoed, err = regexp.Compile(value)
		default:
			ts.Fatalf("unknown option %q", option)
		}
		ts.Check(err)
	}
	for _, c := range o.Connections {
		beside(ts).secrets = append(beside(ts).secrets, c.RequestToken)
	}
	beside(ts).know(keys)

	var hub *hubtest.Hub
	registry := &locked{keys: keys, host: "auth.docker.io"}
	registry.open(func(repo, tag string) bool { return hub.Frozen(repo, tag) })
	o.Tags = registry
	hub = hubtest.New(o)
	registry.Recorder = registrytest.Record(hub.Observe(registry))
	beside(ts).hub = hub
	n := internet(ts)
	n.add("index.docker.io", &host{Registry: registry.Registry})
	n.add("auth.docker.io", &host{Registry: registry.Registry})
	n.add("hub.docker.com", api(repeat(echoed, hub)))
	n.add("identity.docker.com", api(repeat(echoed, hub.Identity())))
	n.add("actions.example", api(repeat(echoed, hub.GitHub())))
}

// repeat refuses requests with their credentials, as they came and decoded, in every field that an API has for a text. Nil: none.
func repeat(requests *regexp.Regexp, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if requests == nil || !requests.MatchString(req.Method+" "+req.URL.Path) {
			next.ServeHTTP(w, req)
			return
		}
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the client is gone
		}
		decoded, _ := url.QueryUnescape(string(sent)) // not everything is a form
		text := strings.Join([]string{req.Header.Get("Authorization"), string(sent), decoded}, " ")
		w.Header().Set("Location", "https://hub.docker.com/"+url.PathEscape(text))
		body := map[string]string{"message": text, "detail": text, "error": text, "error_description": text}
		github(w, http.StatusForbidden, body)
	})
}

func cmdHubRepo(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "hub-repo REPO [OPTION…]")
	hub := beside(ts).docker(ts)
	r := hub.Repository(args[0])
	for _, option := range args[1:] {
		switch key, value, _ := strings.Cut(option, "="); key {
		case "short":
			r.Short = value
		case "full":
			r.Full = ts.ReadFile(value)
		case "immutable":
			r.Immutable = hubtest.Immutable{Enabled: true, Rules: []string{value}}
		case "private":
			r.Private = true
		default:
			ts.Fatalf("unknown option %q", option)
		}
	}
	hub.Create(args[0], r)
}

func cmdHubTags(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "hub-tags REPO")
	out := ts.Stdout()
	for _, tag := range beside(ts).docker(ts).TagNames(args[0]) {
		fmt.Fprintln(out, tag)
	}
}

func cmdHubPage(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "hub-page REPO")
	r := beside(ts).docker(ts).Repository(args[0])
	fmt.Fprintf(ts.Stdout(), "%s\n%s", r.Short, r.Full)
}

// masked are the lines that GitHub turns into nothing. Those of the Hub's own tokens begin with the header of a JWT, and those of a registry
// with their number.
var (
	masked = regexp.MustCompile(`(?m)^::add-mask::.*$`)
	given  = regexp.MustCompile(`eyJhbGciOiJub25lIn0|\btoken-[0-9]+\b`)
)

func cmdHides(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "hides FILE…")
	for _, file := range args {
		text := masked.ReplaceAllString(ts.ReadFile(file), "")
		if shown := given.FindString(text); shown != "" {
			ts.Fatalf("%s shows a token, %s", file, shown)
		}
		for _, secret := range beside(ts).secrets {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret)} {
				if strings.Contains(text, form) {
					ts.Fatalf("%s shows %q", file, form)
				}
			}
		}
	}
}

// know notes the secrets of accounts, alone and with their users.
func (s *services) know(keys keyring) {
	for secret, key := range keys {
		s.secrets = append(s.secrets, secret, key.user+":"+secret)
	}
}

// keyring are the secrets with which a registry is signed in to.
type keyring map[string]key

// key is whose a secret is, and what it opens.
type key struct {
	user  string
	level hubtest.Level
}

// account reads NAME:SECRET:LEVEL. Several of one name are one account.
func (k keyring) account(all []hubtest.Account, text string, organization bool) ([]hubtest.Account, error) {
	part := strings.Split(text, ":")
	if len(part) != 3 {
		return nil, fmt.Errorf("account %q: want NAME:SECRET:LEVEL", text)
	}
	i := slices.IndexFunc(all, func(a hubtest.Account) bool { return a.Name == part[0] })
	if i < 0 {
		i = len(all)
		all = append(all, hubtest.Account{Name: part[0], Tokens: map[string]hubtest.Level{}, Organization: organization})
	}
	level := map[string]hubtest.Level{"read": hubtest.Read, "write": hubtest.Write, "admin": hubtest.Admin}[part[2]]
	switch {
	case level != 0:
		all[i].Tokens[part[1]] = level
	case part[2] == "password":
		all[i].Password, level = part[1], hubtest.Admin
	case part[2] == "2fa": // the registry takes no such password at all
		all[i].Password, all[i].TwoFactor = part[1], true
	default:
		return nil, fmt.Errorf("account %q: unknown level", text)
	}
	k[part[1]] = key{part[0], level}
	return all, nil
}

// connection reads ID:ORGANIZATION:REQUEST-TOKEN:ACCESS-TOKEN[:api].
func (k keyring) connection(text string) hubtest.Connection {
	part := append(strings.Split(text, ":"), "", "", "", "")
	k[part[3]] = key{part[1], hubtest.Write}
	return hubtest.Connection{ID: part[0], Organization: part[1], RequestToken: part[2], AccessToken: part[3], OpensAPI: part[4] == "api"}
}

// locked is a registry at which each of several secrets of an account signs in, and where nothing can be deleted but by the API beside it. Who
// has no account may pull.
type locked struct {
	*registrytest.Registry

	keys  keyring
	host  string                 // which gives the tokens
	store *registrytest.Recorder // what is behind the lock
}

// keeper is the account of the API beside the registry.
const keeper = "keeper"

// open starts the registry.
func (l *locked) open(immutable func(repo, tag string) bool) {
	users := map[string]string{guest: "", keeper: ""}
	for secret := range l.keys {
		users[secret] = ""
	}
	l.Registry = registrytest.New(registrytest.Options{
		Users: users, Bearer: true, ImmutableTags: immutable,
		Allow: func(user, _, action string) bool {
			level := l.keys[user].level
			return user == keeper || action == "pull" && (user == guest || level >= hubtest.Read) || action == "push" && level >= hubtest.Write
		},
	})
	l.store = l.Recorder
	l.Recorder = registrytest.Record(l)
}

// ServeHTTP implements [http.Handler]: a registry knows an account by its secret.
func (l *locked) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodDelete {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusMethodNotAllowed)
		fmt.Fprint(w, `{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}`)
		return
	}
	if req.URL.Path == "/token" {
		name, secret, signsIn := req.BasicAuth()
		switch k := l.keys[secret]; {
		case !signsIn:
			req.SetBasicAuth(guest, "")
		case k.user == name && k.level != 0:
			req.SetBasicAuth(secret, "")
		}
	}
	req.Host = l.host
	l.store.ServeHTTP(w, req)
}

// DeleteTag implements [hubtest.Tags].
func (l *locked) DeleteTag(repo, tag string) { l.remove(repo, tag) }

// remove deletes a tag, or a manifest with all its tags.
func (l *locked) remove(repo, ref string) {
	signIn := httptest.NewRequest(http.MethodGet, "/token?scope=repository:"+repo+":delete", http.NoBody)
	signIn.SetBasicAuth(keeper, "")
	answer := httptest.NewRecorder()
	l.store.ServeHTTP(answer, signIn)
	var token struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &token); err != nil {
		panic(err) // it signs in to itself
	}
	req := httptest.NewRequest(http.MethodDelete, "/v2/"+repo+"/manifests/"+ref, http.NoBody)
	req.Header.Set("Authorization", "Bearer "+token.Token)
	l.store.ServeHTTP(httptest.NewRecorder(), req)
}
