// SPDX-License-Identifier: Apache-2.0

//go:build linux

package action_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/polytag/polytag/internal/registrytest"
)

// hostileSignIns are sources that ask to be signed in to, and mean harm by that.
func hostileSignIns() []hostility {
	const (
		auth  = "auth.example"
		token = "^GET /token$"
	)
	// realm is a source whose tokens are to be had elsewhere.
	realm := func(url string) func(*registrytest.Registry) http.Handler {
		return func(honest *registrytest.Registry) http.Handler { return elsewhere(honest, `realm="`+url+`"`) }
	}
	service := func(h func(*registrytest.Registry) http.Handler) map[string]func(*registrytest.Registry) http.Handler {
		return map[string]func(*registrytest.Registry) http.Handler{auth: h}
	}
	answer := func(status int, body string, headers ...string) map[string]func(*registrytest.Registry) http.Handler {
		return service(func(*registrytest.Registry) http.Handler { return reply(status, body, headers...) })
	}
	there := realm("https://" + auth + "/token")
	challenge := `Www-Authenticate: Bearer realm="https://` + sourceHost + `/token",service="registry"`
	all := []hostility{
		{name: "realm on another host", published: true, source: there, trusted: []string{auth}, others: service(func(honest *registrytest.Registry) http.Handler { return honest })},
		{name: "realm without TLS", want: "https", source: realm("http://" + auth + "/token"), others: strangers(auth)},
		{name: "realm on this machine", want: "refusing to be sent from source.example to localhost", source: realm("https://localhost/token")},
		{name: "realm in the cloud's metadata", want: "private", source: realm("https://169.254.169.254/token")},
		{name: "realm of another scheme", want: "scheme", source: realm("file:///etc/passwd")},
		{name: "realm without one", want: "realm", source: instead("^GET /v2/$", reply(http.StatusUnauthorized, "", "Www-Authenticate: Bearer service=x"))},
		{name: "challenge of another kind", want: "UNAUTHORIZED", source: instead("^GET /v2/$", reply(http.StatusUnauthorized, "", `Www-Authenticate: Negotiate`))},
		{name: "token service sends on", want: "401", source: there, trusted: []string{auth}, others: map[string]func(*registrytest.Registry) http.Handler{
			auth: func(*registrytest.Registry) http.Handler {
				return http.RedirectHandler("https://other.example/token", http.StatusTemporaryRedirect)
			},
			"other.example": func(*registrytest.Registry) http.Handler { return reply(http.StatusUnauthorized, "") },
		}},
		{name: "token service sends on without TLS", want: "not allowed", source: instead(token, http.RedirectHandler("http://"+auth+"/token", http.StatusFound).ServeHTTP), others: strangers(auth)},
		{name: "token service sends around in circles", want: "10 redirects", source: instead(token, http.RedirectHandler("/token", http.StatusFound).ServeHTTP)},
		{name: "ping sends on without TLS", want: "refusing", source: instead("^GET /v2/$", http.RedirectHandler("http://localhost/v2/", http.StatusFound).ServeHTTP)},
		{name: "ping sends around in circles", want: "10 redirects", source: instead("^GET /v2/$", http.RedirectHandler("/v2/", http.StatusFound).ServeHTTP)},
		{name: "token service never answers", want: "timeout", hint: "timeout", args: short, source: instead(token, never)},
		{name: "token service at a byte a second", want: "timeout", args: short, source: instead(token, drip("application/json", `{"token":"`))},
		{name: "401 for ever", want: "401", source: instead("^GET /v2/"+repo, reply(http.StatusUnauthorized, "", challenge))},
		{name: "more and more scopes", want: "401", source: func() func(*registrytest.Registry) http.Handler {
			n := 0
			return instead("^GET /v2/"+repo, func(w http.ResponseWriter, req *http.Request) {
				n++
				reply(http.StatusUnauthorized, "", fmt.Sprintf("%s,scope=%q", challenge, strings.Repeat("x", 100_000)+strconv.Itoa(n)))(w, req)
			})
		}()},
		{name: "token with a newline", want: "invalid header field value", source: instead(token, reply(http.StatusOK, `{"token":"a\r\nX-Injected: yes"}`))},
		{name: "token of 1 MiB", want: "signing in to source.example", source: instead(token, reply(http.StatusOK, `{"token":"`+strings.Repeat("a", 1<<20)+`"}`))},
		{name: "token without end", want: "signing in to source.example", source: instead(token, endless("application/json", `{"token":"`, "a"))},
		{name: "token in a gzip bomb", want: "signing in to source.example", source: instead(token, zipped(endless("application/json", `{"token":"`, "a")))},
		{name: "token in HTML", want: "page of HTML", source: instead(token, reply(http.StatusOK, "<html>", "Content-Type: text/html"))},
		{name: "no token", want: "without a token", source: instead(token, reply(http.StatusOK, `{"refresh_token":"s0urce-pw"}`))},
		{name: "no JSON", want: "signing in to source.example", source: instead(token, reply(http.StatusOK, "\x1b[2J"))},
		{name: "password in the answer", want: "UNAUTHORIZED", source: instead(token, reply(http.StatusUnauthorized, `{"errors":[{"code":"UNAUTHORIZED","message":"s0urce-pw of reader:s0urce-pw"}]}`))},
		{name: "another host's token in HTML", want: "page of HTML", source: there, trusted: []string{auth}, others: answer(http.StatusOK, "<html>", "Content-Type: text/html")},
	}
	return all
}
